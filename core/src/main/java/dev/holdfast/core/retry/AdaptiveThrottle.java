// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.policy.SlidingCounts;
import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Holds back calls at the caller while the other side refuses many, so that refusing them does not use up what it has.
 * A call is held back with the probability
 *
 * <pre>{@code max(0, (calls − ratio × accepted) / (calls + 1))}</pre>
 *
 * <p>where {@code calls} counts those that were held back too, both over a sliding period ("Site Reliability
 * Engineering", Google 2016, chapter 21, "Client-Side Throttling"). With a ratio of 2 the other side sees at most about
 * twice the calls that it accepts. Safe for use by any thread, without locks but around chance.
 */
public final class AdaptiveThrottle {

    private final double ratio;
    private final LongSupplier clock;
    private final RandomGenerator chance;
    private final SlidingCounts counts;

    /**
     * A throttle that holds back nothing yet.
     *
     * @param ratio how many calls are let through for one that is accepted; finite, at least 1
     * @param period over which it counts
     * @param clock monotonic nanoseconds, such as {@code time::nanoTime}
     * @param chance used by one thread at a time
     * @throws IllegalArgumentException if a parameter is out of its range
     */
    public AdaptiveThrottle(double ratio, Duration period, LongSupplier clock, RandomGenerator chance) {
        if (!(ratio >= 1) || Double.isInfinite(ratio)) {
            throw new IllegalArgumentException("ratio: " + ratio + " (expected: a finite number >= 1, such as 2)");
        }
        this.ratio = ratio;
        this.clock = clock;
        this.chance = chance;
        this.counts = new SlidingCounts(period, clock.getAsLong());
    }

    /** The book's: a ratio of 2 over 2 min. */
    public static AdaptiveThrottle standard(LongSupplier clock, RandomGenerator chance) {
        return new AdaptiveThrottle(2, Duration.ofMinutes(2), clock, chance);
    }

    /** Whether a call may be made; it is counted either way. */
    public boolean tryAcquire() {
        long now = clock.getAsLong();
        double held = heldBack(counts.at(now));
        counts.call(now);
        return held <= 0 || draw() >= held;
    }

    /** Notes that the other side took a call, whatever came of it. */
    public void accepted() {
        counts.mark(clock.getAsLong());
    }

    /** The probability with which the next call is held back. */
    public double heldBack() {
        return Math.max(0, heldBack(counts.at(clock.getAsLong())));
    }

    private double heldBack(SlidingCounts.Counts within) {
        return (within.calls() - ratio * within.marked()) / (within.calls() + 1.0);
    }

    private double draw() {
        synchronized (chance) {
            return chance.nextDouble();
        }
    }
}
