// SPDX-License-Identifier: Apache-2.0
/**
 * An agent's outbox for other programs of its owner: in its directory while the agent is stopped, through the agent
 * while it runs.
 *
 * <ul>
 *   <li>Whoever asks need not know which of the two it is.
 *   <li>What an append returned is on the disk. What was refused was not kept, nothing of it.
 *   <li>Nobody but the owner of the data directory can connect.
 *   <li>Whatever a client sends, or leaves unsent or unread, costs the agent one of a bounded number of connections
 *       and a bounded amount of memory.
 * </ul>
 */
@NullMarked
package dev.holdfast.agent.access;

import org.jspecify.annotations.NullMarked;
