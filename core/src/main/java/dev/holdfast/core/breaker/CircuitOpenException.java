// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

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

    /** @param untilTrial in how long the breaker is worth asking again; zero if that cannot be said */
    CircuitOpenException(Duration untilTrial) {
        super(new Failure(
                Cause.OVERLOAD,
                untilTrial,
                "not called: the circuit breaker is open" + (untilTrial.isZero() ? "" : " for another " + untilTrial)));
    }
}
