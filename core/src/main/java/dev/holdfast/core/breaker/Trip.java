// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.SlidingCounts;
import java.time.Duration;

/** What makes a {@link CircuitBreaker} trip. Values only; a breaker judges when a call fails. */
public sealed interface Trip {

    /**
     * So many failures without a success between them.
     *
     * @param failures at least 1
     * @throws IllegalArgumentException if {@code failures} is out of its range
     */
    static Trip consecutive(int failures) {
        return new Consecutive(failures);
    }

    /**
     * So many failures within a period, whatever succeeds between them.
     *
     * @param failures from 1 to 10,000
     * @param period more than zero
     * @throws IllegalArgumentException if a parameter is out of its range
     */
    static Trip within(int failures, Duration period) {
        return new Within(failures, period);
    }

    /**
     * A share of the last calls.
     *
     * @param share of failures, in {@code (0, 1]}
     * @param calls how many calls back it looks; from 1 to 1,000,000
     * @param minimum how many calls there must have been before it judges; from 1 to {@code calls}
     * @throws IllegalArgumentException if a parameter is out of its range
     */
    static Trip shareOfCalls(double share, int calls, int minimum) {
        return new ShareOfCalls(share, calls, minimum);
    }

    /**
     * A share of the calls within a sliding period, which moves on by a tenth of itself at a time.
     *
     * @param share of failures, in {@code (0, 1]}
     * @param period at least 1 ms
     * @param minimum how many calls there must have been within it before it judges; at least 1
     * @throws IllegalArgumentException if a parameter is out of its range
     */
    static Trip shareWithin(double share, Duration period, int minimum) {
        return new ShareWithin(share, period, minimum);
    }

    /** See {@link #consecutive}. */
    record Consecutive(int failures) implements Trip {
        /** @throws IllegalArgumentException if a component is out of its range */
        public Consecutive {
            requireBetween("failures", failures, 1, Integer.MAX_VALUE);
        }
    }

    /** See {@link #within}. */
    record Within(int failures, Duration period) implements Trip {

        private static final int MOST = 10_000;

        /** @throws IllegalArgumentException if a component is out of its range */
        public Within {
            requireBetween("failures", failures, 1, MOST);
            requirePeriod(period, Duration.ofNanos(1));
        }
    }

    /** See {@link #shareOfCalls}. */
    record ShareOfCalls(double share, int calls, int minimum) implements Trip {

        private static final int MOST = 1_000_000;

        /** @throws IllegalArgumentException if a component is out of its range */
        public ShareOfCalls {
            requireShare(share);
            requireBetween("calls", calls, 1, MOST);
            requireBetween("minimum", minimum, 1, calls);
        }
    }

    /** See {@link #shareWithin}. */
    record ShareWithin(double share, Duration period, int minimum) implements Trip {
        /** @throws IllegalArgumentException if a component is out of its range */
        public ShareWithin {
            requireShare(share);
            requirePeriod(period, SlidingCounts.SHORTEST);
            requireBetween("minimum", minimum, 1, Integer.MAX_VALUE);
        }
    }

    private static void requireShare(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share: " + share + " (expected: > 0 and <= 1, such as 0.5)");
        }
    }

    private static void requireBetween(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + least + " to " + most + ")");
        }
    }

    private static void requirePeriod(Duration period, Duration least) {
        if (period.compareTo(least) < 0 || period.compareTo(Backoff.LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "period: " + period + " (expected: " + least + " to " + Backoff.LONGEST + ")");
        }
    }
}
