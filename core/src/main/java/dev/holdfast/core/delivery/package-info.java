// SPDX-License-Identifier: Apache-2.0
/**
 * How an outbox is emptied over a link: what is sent next, when, and what an answer means.
 *
 * <ul>
 *   <li>Logic alone: it is told what happened and what time it is, and returns what to do. It holds no payload, no
 *       socket and no file.
 *   <li>A record is acknowledged only up to where the server proved, by its chain hash, that it holds it. Disks that
 *       were restored or copied, on either side, are found before anything is sent, and told.
 *   <li>Only what the server answered counts as an attempt; being away from the server costs a record nothing.
 *   <li>A record that the server will not take is found by splitting, stands alone, and is given up on alone; its lane
 *       goes on, in order.
 *   <li>Nothing is sent before its backoff is over or against a server's floor, not after a restart and not after the
 *       clock was set; lanes take turns, and what is in flight is bounded.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.delivery;

import org.jspecify.annotations.NullMarked;
