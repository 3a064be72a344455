// SPDX-License-Identifier: Apache-2.0
/**
 * Who exists, how they are, and who is attached.
 *
 * <ul>
 *   <li>An agent whose registration was answered is still known after the server was killed at any later instant,
 *       unless the store was failing at the time, which is logged and counted.
 *   <li>A heartbeat writes nothing. What changes is written in batches, and a registration waits for the next one only.
 *   <li>A store that fails costs no agent its answer and loses no change: all of it is written once the store is back.
 *   <li>The newest link of a uid wins; the other is told, and what it does later changes nothing. Only where two
 *       processes keep displacing each other is the one that comes to have another uid.
 *   <li>An agent's record is one immutable value that is replaced whole; any thread may read it.
 * </ul>
 */
@NullMarked
package dev.holdfast.server.fleet;

import org.jspecify.annotations.NullMarked;
