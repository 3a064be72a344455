// SPDX-License-Identifier: Apache-2.0
/**
 * The outbox beside what else keeps records, in the same run.
 *
 * <ul>
 *   <li>Who appends waits until the record is on the disk, whatever keeps it.
 *   <li>Each peer is used as those use it who want that: by all threads at once where it shares a write among them,
 *       else by one at a time.
 *   <li>Where appends are measured, subjects take turns, and the median counts: what else the machine does meets all.
 *   <li>What is read or drained is looked at: a figure of records that are not there is an error.
 * </ul>
 */
@NullMarked
package dev.holdfast.lab.bench.outbox;

import org.jspecify.annotations.NullMarked;
