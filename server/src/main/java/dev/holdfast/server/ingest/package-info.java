// SPDX-License-Identifier: Apache-2.0
/**
 * What agents' outboxes bring, taken once and kept.
 *
 * <ul>
 *   <li>A record is stored once per stream and sequence, in the same transaction that moves the stream's mark.
 *   <li>A mark is told only once it is durable: what it covers survives any crash of the server, and a loss of power.
 *   <li>What cannot be taken now is refused with a delay, and stays with the agent; nothing is ever dropped here.
 *   <li>What waits to be stored is bounded, for all links together and for each.
 *   <li>Events go by age and by size; marks, and what proves the past of a stream, stay.
 * </ul>
 */
@NullMarked
package dev.holdfast.server.ingest;

import org.jspecify.annotations.NullMarked;
