// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.policy.Failure;

/**
 * Leave to make one call, given by a {@link CircuitBreaker}, which is to be told once how the call went.
 *
 * <p>One that is never settled does no lasting harm: a closed breaker does not notice, and a trial lapses after
 * {@link BreakerPolicy#trialTimeout}. What is told late, of a state that has passed, is not counted. Safe for use by
 * any thread.
 */
public interface Permit {

    /** The call went well. */
    void success();

    /** The call failed. */
    void failure();

    /**
     * The call failed, for a known reason: with one of the causes that are {@link BreakerPolicy#ignored} this is
     * {@link #ignore}. Should it open the breaker, that stays open for at least as long as the other side asked for.
     */
    void failure(Failure failure);

    /** The call says nothing about the other side: it was called off, or the fault was the caller's. */
    void ignore();
}
