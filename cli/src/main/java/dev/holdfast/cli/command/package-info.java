// SPDX-License-Identifier: Apache-2.0
/**
 * What all commands have in common: how they end, how they are called, and how they find a server.
 *
 * <ul>
 *   <li>Every failure that is expected has an exit code and one message, which says what to do about it.
 *   <li>A command that is printed to be tried can be pasted into a shell as it is.
 *   <li>A server is found by its data directory alone, and nothing but what it wrote there is believed.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli.command;

import org.jspecify.annotations.NullMarked;
