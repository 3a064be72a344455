// SPDX-License-Identifier: Apache-2.0
/**
 * The agent's outbox: what it keeps for the server, and how that gets there over the link.
 *
 * <ul>
 *   <li>Whoever hands a record over is told once it is on the disk; the link has no part in that.
 *   <li>A thread of its own empties it, so that neither the link nor the agent's other work waits for the disk.
 *   <li>An outbox that cannot be opened is told and tried again; the link lives on without it.
 * </ul>
 */
@NullMarked
package dev.holdfast.agent.outbox;

import org.jspecify.annotations.NullMarked;
