// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Lets a growing share of calls through, evenly spread and without chance: each call saves up the share of its instant,
 * and the one with which a whole is saved up passes. Safe for use by any thread.
 */
final class Ramp {

    /** What it lets through at its beginning. */
    private static final double LEAST_SHARE = 0.1;

    private static final int FRACTION_BITS = 32;
    private static final long WHOLE = 1L << FRACTION_BITS;

    private final long begun;
    private final long lengthNanos;

    /** Just short of a whole, so that the very first call passes. */
    private final AtomicLong saved = new AtomicLong(WHOLE - 1);

    Ramp(long begun, long lengthNanos) {
        this.begun = begun;
        this.lengthNanos = lengthNanos;
    }

    boolean isOver(long now) {
        return now - begun >= lengthNanos;
    }

    boolean letsThrough(long now) {
        double gone = Math.clamp((double) (now - begun) / lengthNanos, 0, 1);
        long share = (long) ((LEAST_SHARE + (1 - LEAST_SHARE) * gone) * WHOLE);
        long before = saved.getAndAdd(share);
        return (before + share) >>> FRACTION_BITS != before >>> FRACTION_BITS;
    }
}
