// SPDX-License-Identifier: Apache-2.0
/**
 * The {@code holdfast} command.
 *
 * <ul>
 *   <li>It parses and prints; what it starts lives in the agent and the server.
 *   <li>It alone reads flags and the environment.
 *   <li>It alone ends the process, with an exit code that is documented.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli;

import org.jspecify.annotations.NullMarked;
