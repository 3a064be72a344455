// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.policy.Failure;
import java.util.function.LongSupplier;

/** The permit of one trial. Told apart by identity; what it is told after the first time is without effect. */
final class TrialPermit extends TimedPermit {

    private final CircuitBreaker breaker;
    private final BreakerPolicy policy;
    private final LongSupplier clock;

    TrialPermit(CircuitBreaker breaker, BreakerPolicy policy, LongSupplier clock, long since) {
        super(clock, policy.slowCall().toNanos(), since);
        this.breaker = breaker;
        this.policy = policy;
        this.clock = clock;
    }

    @Override
    void succeeded() {
        breaker.settle(this, trials -> trials.withSuccess(this));
    }

    @Override
    public void failure() {
        breaker.settle(this, trials -> trials.withFailure(this, trials.notBefore()));
    }

    @Override
    public void failure(Failure failure) {
        if (policy.ignored().contains(failure.cause())) {
            ignore();
        } else {
            long notBefore = notBefore(failure, clock.getAsLong());
            breaker.settle(this, trials -> trials.withFailure(this, notBefore));
        }
    }

    @Override
    public void ignore() {
        breaker.settle(this, trials -> trials.withNothing(this));
    }
}
