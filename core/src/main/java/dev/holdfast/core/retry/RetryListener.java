// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.policy.Failure;

/**
 * Hears how calls go, on the thread that makes them. What it throws is logged and goes no further; an {@link Error}
 * ends the call.
 */
public interface RetryListener {

    /**
     * An attempt failed and there is another.
     *
     * @param attempt which one failed, from 1
     * @param next how long until the next one begins, and what is left after it
     */
    default void retries(Failure failure, int attempt, RetryState.Again next) {}

    /**
     * An attempt failed and there is no other. Not called for a call that was called off: interrupted or cancelled.
     *
     * @param attempts how many there were
     */
    default void gaveUp(Failure failure, int attempts, RetryState.Reason reason) {}

    /**
     * An attempt went well.
     *
     * @param attempts how many there were, this one included
     */
    default void succeeded(int attempts) {}
}
