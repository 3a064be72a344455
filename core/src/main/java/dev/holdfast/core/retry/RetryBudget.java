// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.policy.SlidingCounts;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Keeps the retries of many callers from becoming the load that keeps the other side down: they are at most a share of
 * the calls that went well, and a floor a second, counted over a period that slides on by a tenth of itself at a time.
 * What the floor allows in a period may be used up at once.
 *
 * <p>The idea and the defaults are those of Finagle's {@code RetryBudget}. Safe for use by any thread; noting a success
 * takes no lock.
 */
public final class RetryBudget {

    private static final double ROUNDING = 1e-6;

    private final double share;
    private final double floor;
    private final LongSupplier clock;
    private final SlidingCounts successes;
    private final SlidingCounts retries;

    /**
     * A budget.
     *
     * @param share how many retries a call that went well allows; at least 0, 0.2 is one in five
     * @param floorPerSecond how many retries a second are allowed besides; at least 0
     * @param period how long a success, and a retry, counts; at least 1 ms, 1 s to 60 s is useful
     * @param clock monotonic nanoseconds, such as {@code time::nanoTime}
     * @throws IllegalArgumentException if a parameter is out of its range
     */
    public RetryBudget(double share, double floorPerSecond, Duration period, LongSupplier clock) {
        requireFinite("share", share);
        requireFinite("floorPerSecond", floorPerSecond);
        this.share = share;
        this.clock = clock;
        this.successes = new SlidingCounts(period, clock.getAsLong());
        this.retries = new SlidingCounts(period, clock.getAsLong());
        this.floor = floorPerSecond * period.toNanos() / 1e9;
    }

    /** One retry for five successes and ten a second, within 10 s. */
    public static RetryBudget standard(LongSupplier clock) {
        return new RetryBudget(0.2, 10, Duration.ofSeconds(10), clock);
    }

    /** Notes a call that went well. */
    public void success() {
        successes.call(clock.getAsLong());
    }

    /** Whether one more retry may be made; if so, it is counted. */
    public synchronized boolean tryRetry() {
        long now = clock.getAsLong();
        double allowed = share * successes.at(now).calls() + floor;
        // A product of decimals may fall short of a whole by a rounding.
        if (retries.at(now).calls() + 1 > allowed + ROUNDING) {
            return false;
        }
        retries.call(now);
        return true;
    }

    private static void requireFinite(String name, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: a finite number >= 0)");
        }
    }
}
