// SPDX-License-Identifier: Apache-2.0
/**
 * A circuit breaker.
 *
 * <ul>
 *   <li>While all is well it costs next to nothing: one shared permit, no lock, no allocation.
 *   <li>Nobody has to settle what they took: an abandoned trial heals.
 *   <li>A good probe ends the open time at once, so that a long one never delays recovery.
 *   <li>A result counts for the state that its call was made in, and for no later one.
 *   <li>Time and chance are passed in; there is no thread.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.breaker;

import org.jspecify.annotations.NullMarked;
