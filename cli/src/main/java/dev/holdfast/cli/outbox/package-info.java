// SPDX-License-Identifier: Apache-2.0
/**
 * An agent's outbox from the command line, whether the agent runs or not.
 *
 * <ul>
 *   <li>What was printed as appended is on the disk; after a failure it is said which lines of the input are.
 *   <li>However long the input and however full the outbox, only a part of it is in memory.
 *   <li>What is deleted for good is asked about first.
 *   <li>What an agent or a server wrote cannot steer the terminal.
 * </ul>
 */
@NullMarked
package dev.holdfast.cli.outbox;

import org.jspecify.annotations.NullMarked;
