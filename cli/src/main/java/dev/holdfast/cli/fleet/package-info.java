// SPDX-License-Identifier: Apache-2.0
/**
 * Asking a server for its fleet and showing what it answers.
 *
 * <ul>
 *   <li>JSON is what the server answered, verbatim; text is for people and may change.
 *   <li>Nothing that an agent says of itself can steer the terminal that shows it.
 *   <li>The token leaves this process only towards the address beside which it was found, never through a proxy.
 *   <li>Nothing is changed: a command here reads, and ends, unless it is told to follow what comes.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli.fleet;

import org.jspecify.annotations.NullMarked;
