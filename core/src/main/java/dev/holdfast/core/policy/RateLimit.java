// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

/**
 * Spaces events out: each reserves the next free place, so that those who come later wait longer. A token bucket in its
 * virtual scheduling form (the generic cell rate algorithm of ITU-T I.371). Not safe for use by several threads.
 */
public final class RateLimit {

    /** A slower one could not be told from none at all. */
    private static final double SLOWEST = 1e-9;

    private final long begun;
    private final double nanosEach;
    private final double nanosSaved;

    /** When the next place is free, in nanoseconds since it began. */
    private double nextFree;

    /**
     * A limit with its whole burst to spare.
     *
     * @param perSecond at least 10<sup>−9</sup>, which is one in 31 years; infinite for no limit
     * @param burst how many may come at once after a pause; at least 1
     * @param now the monotonic time, in nanoseconds
     * @throws IllegalArgumentException if a parameter is out of its range
     */
    public RateLimit(double perSecond, int burst, long now) {
        if (!(perSecond >= SLOWEST)) {
            throw new IllegalArgumentException(
                    "perSecond: " + perSecond + " (expected: >= " + SLOWEST + ", or infinity for no limit)");
        }
        if (burst < 1) {
            throw new IllegalArgumentException("burst: " + burst + " (expected: >= 1)");
        }
        this.begun = now;
        this.nanosEach = 1e9 / perSecond;
        this.nanosSaved = nanosEach * (burst - 1.0);
        this.nextFree = -nanosSaved;
    }

    /**
     * Takes the next free place.
     *
     * @param now the monotonic time, in nanoseconds
     * @return how many nanoseconds from now that place is; at least 0
     */
    public long reserve(long now) {
        if (nanosEach == 0) {
            return 0;
        }
        double elapsed = now - begun;
        nextFree = Math.max(nextFree, elapsed - nanosSaved);
        long wait = (long) Math.max(0, nextFree - elapsed);
        nextFree += nanosEach;
        return wait;
    }
}
