// SPDX-License-Identifier: Apache-2.0
/**
 * OpAMP, as bytes and as a conversation.
 *
 * <ul>
 *   <li>{@link dev.holdfast.opamp.Wire} turns messages into bytes and back for both transports, and lets no peer make
 *       it hold more than the limit it was given, compressed or not.
 *   <li>{@link dev.holdfast.opamp.AgentSession} and {@link dev.holdfast.opamp.ServerSession} are the two ends of one
 *       conversation: they take what arrived and what time it is, and say what to send. They know no socket and no
 *       thread.
 *   <li>The types generated from the {@code .proto} stay in here. Everyone else sees the records of this package.
 *   <li>What a peer sends that is unknown is skipped; what it sends that is wrong is an error that names the field.
 * </ul>
 */
@NullMarked
package dev.holdfast.opamp;

import org.jspecify.annotations.NullMarked;
