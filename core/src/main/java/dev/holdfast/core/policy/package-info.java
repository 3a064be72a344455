// SPDX-License-Identifier: Apache-2.0
/**
 * When to try again, and why something failed.
 *
 * <ul>
 *   <li>A policy is a value: it may be shared by any number of threads and callers, and holds no position. The position
 *       (which attempt, which previous delay) belongs to the caller.
 *   <li>Chance is passed in, so that a run can be repeated from its seed.
 *   <li>Jitter is drawn after the cap and keeps its full width at the cap, so that a fleet that has waited long does
 *       not march in step.
 *   <li>A delay that a server asked for is never undercut.
 *   <li>What was thrown is told apart by cause, and never by the text of its message where it has a type; it is
 *       told in one short line.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.policy;

import org.jspecify.annotations.NullMarked;
