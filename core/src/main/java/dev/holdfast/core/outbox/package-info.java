// SPDX-License-Identifier: Apache-2.0
/**
 * Records on their way to another system, kept on disk until it has them.
 *
 * <ul>
 *   <li>What was appended is there after a kill or a power loss, once, and in the order of its lane.
 *   <li>A record leaves when it is acknowledged or becomes a dead letter; nothing else makes it go in silence.
 *   <li>What is damaged is named by its sequence and counted, and never handed on as good.
 *   <li>A full disk or a failing one refuses what is new, with the reason, and keeps what is there.
 *   <li>Memory is for segments and lanes, not for records.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.outbox;

import org.jspecify.annotations.NullMarked;
