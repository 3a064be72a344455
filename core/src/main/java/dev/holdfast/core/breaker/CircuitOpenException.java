// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.breaker.CircuitBreaker.State;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.FailedException;
import dev.holdfast.core.policy.Failure;
import java.time.Duration;

/**
 * A call was not made because the circuit breaker in front of it lets none through. To a retry this is
 * {@link Cause#OVERLOAD}, not to be tried again before the open time is over.
 */
public final class CircuitOpenException extends FailedException {

    private static final long serialVersionUID = 1;

    private final State state;

    /** @param untilTrial in how long the breaker is worth asking again; zero if that cannot be said */
    CircuitOpenException(State state, Duration untilTrial) {
        super(new Failure(Cause.OVERLOAD, untilTrial, "not called: " + why(state, untilTrial)));
        this.state = state;
    }

    /** What the breaker was doing; {@link State#CLOSED} if it has just closed and holds back a part of the calls. */
    public State state() {
        return state;
    }

    private static String why(State state, Duration untilTrial) {
        return switch (state) {
            case OPEN -> "the circuit breaker is open for another " + untilTrial;
            case HALF_OPEN -> "the circuit breaker is half-open, and its trials are under way";
            case FORCED_OPEN -> "the circuit breaker was forced open";
            case CLOSED, DISABLED -> "the circuit breaker has just closed, and lets calls through by and by";
        };
    }
}
