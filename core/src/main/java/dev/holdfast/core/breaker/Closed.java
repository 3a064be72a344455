// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.breaker.CircuitBreaker.State;
import dev.holdfast.core.policy.Failure;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Calls go through. Also the permit of every call that is made meanwhile. Safe for use by any thread. */
final class Closed implements Phase, Permit {

    private final CircuitBreaker breaker;
    private final BreakerPolicy policy;
    private final LongSupplier clock;
    private final Tally tally;
    private final long slowNanos;
    private final long begun;

    /** How long after it began the other side asked to be left alone, at the most, in the failures counted. */
    private final AtomicLong asked = new AtomicLong();

    private volatile @Nullable Ramp ramp;

    Closed(CircuitBreaker breaker, BreakerPolicy policy, LongSupplier clock, @Nullable Ramp ramp) {
        this.breaker = breaker;
        this.policy = policy;
        this.clock = clock;
        this.tally = Tally.of(policy.trip(), clock);
        this.slowNanos = policy.slowCall().toNanos();
        this.begun = clock.getAsLong();
        this.ramp = ramp;
    }

    @Override
    public State state() {
        return State.CLOSED;
    }

    Tally.Figures figures() {
        return tally.figures(clock);
    }

    /** Up to when the other side asked to be left alone. */
    long notBefore() {
        return begun + asked.get();
    }

    /** Null if this call is one of those that are held back. */
    @Nullable
    Permit permit() {
        Ramp held = ramp;
        if (held != null) {
            long now = clock.getAsLong();
            if (held.isOver(now)) {
                ramp = null;
            } else if (!held.letsThrough(now)) {
                return null;
            }
        }
        return slowNanos == 0 ? this : new OwnPermit(clock);
    }

    @Override
    public void success() {
        if (tally.success(clock)) {
            breaker.trip(this);
        }
    }

    @Override
    public void failure() {
        if (tally.failure(clock)) {
            breaker.trip(this);
        }
    }

    @Override
    public void failure(Failure failure) {
        if (policy.ignored().contains(failure.cause())) {
            return;
        }
        if (failure.floor().isPositive()) {
            // Before it is counted: whoever finds the breaker tripped has to know of it.
            asked.accumulateAndGet(TimedPermit.notBefore(failure, clock.getAsLong()) - begun, Math::max);
        }
        failure();
    }

    @Override
    public void ignore() {}

    /** The permit of one call, where the policy calls some slow. */
    private final class OwnPermit extends TimedPermit {

        OwnPermit(LongSupplier clock) {
            super(clock, slowNanos, clock.getAsLong());
        }

        @Override
        void succeeded() {
            Closed.this.success();
        }

        @Override
        public void failure() {
            Closed.this.failure();
        }

        @Override
        public void failure(Failure failure) {
            Closed.this.failure(failure);
        }

        @Override
        public void ignore() {}
    }
}
