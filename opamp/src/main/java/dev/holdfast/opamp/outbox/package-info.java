// SPDX-License-Identifier: Apache-2.0
/**
 * What agent and server say to each other about an outbox, as messages of the custom capability
 * {@code dev.holdfast.outbox}.
 *
 * <ul>
 *   <li>Every message is an immutable record that holds what it says: lengths, counts and ranges are checked before
 *       it exists.
 *   <li>A peer's message costs memory in proportion to its bytes, which are at most {@link
 *       dev.holdfast.opamp.outbox.OutboxWire#LIMIT}.
 *   <li>What a newer peer says that is unknown is passed over; what is wrong is an error that names the field.
 *   <li>The types generated from the {@code .proto} stay in here.
 * </ul>
 */
@NullMarked
package dev.holdfast.opamp.outbox;

import org.jspecify.annotations.NullMarked;
