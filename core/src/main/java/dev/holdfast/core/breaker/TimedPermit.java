// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Failure;
import java.time.Duration;
import java.util.function.LongSupplier;

/** A permit that knows when it was given, so that a call which took too long counts as failed. */
abstract class TimedPermit implements Permit {

    private final LongSupplier clock;
    private final long slowNanos;
    private final long since;

    /** @param slowNanos from when on a call is slow; zero: none is */
    TimedPermit(LongSupplier clock, long slowNanos, long since) {
        this.clock = clock;
        this.slowNanos = slowNanos;
        this.since = since;
    }

    /** The call went well, and was not slow. */
    abstract void succeeded();

    @Override
    public final void success() {
        if (slowNanos > 0 && clock.getAsLong() - since >= slowNanos) {
            failure();
        } else {
            succeeded();
        }
    }

    /** The instant up to which the other side asked to be left alone. */
    static long notBefore(Failure failure, long now) {
        Duration floor = failure.floor().compareTo(Backoff.LONGEST) > 0 ? Backoff.LONGEST : failure.floor();
        return now + (floor.isNegative() ? 0 : floor.toNanos());
    }
}
