// SPDX-License-Identifier: Apache-2.0
/**
 * Making a call that may fail, again.
 *
 * <ul>
 *   <li>One law for three ways to wait: {@link dev.holdfast.core.retry.RetryState} says what follows a failure,
 *       {@link dev.holdfast.core.retry.Retry} carries it out for a caller who waits or for one who does not.
 *   <li>Each cause has its ladder; a cause that has none is not tried again.
 *   <li>What the other side asked for is never undercut.
 *   <li>Every wait can be interrupted or called off, and nothing is tried after that.
 *   <li>The failure that comes out is the last one, and carries those before it.
 * </ul>
 */
@NullMarked
package dev.holdfast.core.retry;

import org.jspecify.annotations.NullMarked;
