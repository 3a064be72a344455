// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.policy.Failure;
import java.time.Duration;

/** Hears how calls go, on the thread that makes them; what it throws comes out of the call. */
public interface RetryListener {

    /**
     * An attempt failed and there is another.
     *
     * @param attempt which one failed, from 1
     * @param delay how long until the next one begins
     */
    default void retries(Failure failure, int attempt, Duration delay) {}

    /**
     * An attempt failed and there is no other.
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
