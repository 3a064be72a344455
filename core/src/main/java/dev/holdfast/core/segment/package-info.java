// SPDX-License-Identifier: Apache-2.0
/**
 * A log of frames in segment files, which says what is on the disk and never takes a wrong byte for a good one.
 *
 * <ul>
 *   <li>What was forced is there after a power loss, in order.
 *   <li>A frame whose header or payload does not verify is never handed on; what follows it is still found.
 *   <li>What is damaged is counted, byte by byte; nothing is overwritten or cut off to get rid of it.
 *   <li>A segment that could not be forced is not written to again.
 *   <li>What a frame means is its owner's business: this room knows bytes, numbers and checksums.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.segment;

import org.jspecify.annotations.NullMarked;
