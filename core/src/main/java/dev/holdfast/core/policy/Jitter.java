// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

/**
 * How delays are spread around an envelope {@code e}. Values only: {@link Backoff} draws from them.
 *
 * <p>The names full, equal and decorrelated are those of Marc Brooker, "Exponential Backoff And Jitter" (AWS
 * Architecture Blog, 2015).
 */
public sealed interface Jitter {

    /** No spread: {@code e}. */
    static Jitter none() {
        return new None();
    }

    /** Anywhere in {@code [0, e)}. The widest spread, and a delay may be next to nothing. */
    static Jitter full() {
        return new Full();
    }

    /** Anywhere in {@code [e/2, e)}. */
    static Jitter equal() {
        return new Equal();
    }

    /**
     * Anywhere in {@code [initial, min(cap, previous × multiplier))}, with {@code initial} for {@code previous} before
     * the first. The cap bounds the range before the draw and not the result after it, so delays stay spread at the
     * cap. Brooker's multiplier is 3.
     */
    static Jitter decorrelated() {
        return new Decorrelated();
    }

    /**
     * Anywhere in {@code [e × (1 − share), e × (1 + share))}.
     *
     * @param share in {@code (0, 1]}; 0.25 is ± 25 %
     * @throws IllegalArgumentException if {@code share} is out of its range
     */
    static Jitter proportional(double share) {
        return new Proportional(share);
    }

    /** See {@link #none()}. */
    record None() implements Jitter {}

    /** See {@link #full()}. */
    record Full() implements Jitter {}

    /** See {@link #equal()}. */
    record Equal() implements Jitter {}

    /** See {@link #decorrelated()}. */
    record Decorrelated() implements Jitter {}

    /**
     * See {@link #proportional(double)}.
     *
     * @param share in {@code (0, 1]}
     */
    record Proportional(double share) implements Jitter {

        /** @throws IllegalArgumentException if {@code share} is out of its range */
        public Proportional {
            if (!(share > 0 && share <= 1)) {
                throw new IllegalArgumentException("share: " + share + " (expected: > 0 and <= 1, such as 0.25)");
            }
        }
    }
}
