// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Keeps a log readable while something fails over and over: a burst of lines, then one every so often, each saying how
 * many were left out before it.
 *
 * <p>In any period the lines admitted are at most {@code burst + period / interval}. Not safe for use by several
 * threads.
 */
public final class LineLimit {

    private final int burst;
    private final long intervalNanos;
    private int spare;
    private long refilledAt;
    private long leftOut;

    /**
     * A limit with its whole burst to spare.
     *
     * @param burst how many lines may follow each other at once; at least 1
     * @param interval how long until one more is allowed; more than zero
     * @param now the monotonic time, in nanoseconds
     * @throws IllegalArgumentException if a parameter is out of its range
     */
    public LineLimit(int burst, Duration interval, long now) {
        if (burst < 1) {
            throw new IllegalArgumentException("burst: " + burst + " (expected: >= 1)");
        }
        Durations.requirePositive("interval", interval);
        this.burst = burst;
        this.intervalNanos = interval.toNanos();
        this.spare = burst;
        this.refilledAt = now;
    }

    /**
     * Asks for one line.
     *
     * @param now the monotonic time, in nanoseconds
     * @return how many lines were left out since the last one, if this one may be written; nothing if it may not
     */
    public OptionalLong admit(long now) {
        refill(now);
        if (spare == 0) {
            leftOut++;
            return OptionalLong.empty();
        }
        spare--;
        long before = leftOut;
        leftOut = 0;
        return OptionalLong.of(before);
    }

    /**
     * Asks for a line that says only how many were left out, so that none is left untold where no more come. It counts
     * as no line that is left out itself.
     *
     * @param now the monotonic time, in nanoseconds
     * @return how many lines were left out since the last one; nothing if none was, or if it is too early to say so
     */
    public OptionalLong admitSummary(long now) {
        refill(now);
        return leftOut > 0 && spare > 0 ? admit(now) : OptionalLong.empty();
    }

    /** How many lines were left out since the last one that was admitted. */
    public long leftOut() {
        return leftOut;
    }

    private void refill(long now) {
        long intervals = (now - refilledAt) / intervalNanos;
        if (intervals <= 0) {
            return;
        }
        spare = (int) Math.min(burst, spare + intervals);
        // A full burst does not save up time towards the next line.
        refilledAt = spare == burst ? now : refilledAt + intervals * intervalNanos;
    }
}
