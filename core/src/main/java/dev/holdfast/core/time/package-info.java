// SPDX-License-Identifier: Apache-2.0
/**
 * Time as something passed in, never looked up.
 *
 * <ul>
 *   <li>{@link dev.holdfast.core.time.Time} is a clock and a loop in one: it measures, it dates, and it runs tasks one
 *       at a time in the order in which they fall due.
 *   <li>{@link dev.holdfast.core.time.SystemTime} is the only class of Holdfast that reads a clock or waits.
 *   <li>{@link dev.holdfast.core.time.VirtualTime} keeps the same promises without a thread and without waiting:
 *       whoever holds it steps it, and the same steps give the same run every time.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.time;

import org.jspecify.annotations.NullMarked;
