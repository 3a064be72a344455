// SPDX-License-Identifier: Apache-2.0
/**
 * Records that must reach the server, and how each proves what came before it.
 *
 * <ul>
 *   <li>Every record of a lane carries a hash that runs through all records before it.
 *   <li>Equal hashes at one sequence mean equal histories up to there, whatever became of the disks in between.
 *   <li>The hash is of what the user gave: compression and transport leave it as it is.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.outbox;

import org.jspecify.annotations.NullMarked;
