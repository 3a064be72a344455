// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import java.util.concurrent.atomic.AtomicLong;

/** Lets a growing share of calls through, evenly spread and without chance. Safe for use by any thread. */
final class Ramp {

    /** What it lets through at its beginning. */
    private static final double LEAST_SHARE = 0.1;

    private final long begun;
    private final long lengthNanos;
    private final AtomicLong asked = new AtomicLong();

    Ramp(long begun, long lengthNanos) {
        this.begun = begun;
        this.lengthNanos = lengthNanos;
    }

    boolean isOver(long now) {
        return now - begun >= lengthNanos;
    }

    /** The n-th call passes where n × share reaches the next whole number. */
    boolean letsThrough(long now) {
        double gone = Math.min(1, (double) (now - begun) / lengthNanos);
        double share = LEAST_SHARE + (1 - LEAST_SHARE) * gone;
        long n = asked.getAndIncrement();
        return Math.floor((n + 1) * share) > Math.floor(n * share);
    }
}
