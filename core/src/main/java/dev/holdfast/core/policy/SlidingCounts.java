// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Counts calls, and which of them are marked, within a period that slides on by a tenth of itself at a time: what is
 * counted was within the period, and nothing is missing of its last nine tenths. The period is cut to a multiple of
 * 10 ns; within a tenth of it up to 4,294,967,295 calls can be told.
 *
 * <p>Safe for use by any thread, without locks. Counting allocates one bucket every tenth of the period.
 */
public final class SlidingCounts {

    /** The shortest period. */
    public static final Duration SHORTEST = Duration.ofMillis(1);

    private static final int BUCKETS = 10;

    private final long begun;
    private final long bucketNanos;
    private final AtomicReferenceArray<@Nullable Bucket> ring = new AtomicReferenceArray<>(BUCKETS);

    /**
     * What was counted.
     *
     * @param calls how many calls there were
     * @param marked how many of them were marked
     */
    public record Counts(long calls, long marked) {}

    /** One tenth of the period. Calls are counted in the upper half of the word, marked ones in the lower. */
    private static final class Bucket extends AtomicLong {

        static final long CALL = 1L << 32;
        static final long MARKED = CALL - 1;

        private static final long serialVersionUID = 1;

        final long number;

        Bucket(long number) {
            this.number = number;
        }
    }

    /**
     * Nothing counted yet.
     *
     * @param period at least {@link #SHORTEST}
     * @param now the monotonic time, in nanoseconds
     * @throws IllegalArgumentException if {@code period} is out of its range
     */
    public SlidingCounts(Duration period, long now) {
        if (period.compareTo(SHORTEST) < 0 || period.compareTo(Backoff.LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "period: " + period + " (expected: " + SHORTEST + " to " + Backoff.LONGEST + ")");
        }
        this.begun = now;
        this.bucketNanos = period.toNanos() / BUCKETS;
    }

    /** Counts a call that is not marked. */
    public void call(long now) {
        bucket(number(now)).getAndAdd(Bucket.CALL);
    }

    /** Counts a call that is marked. */
    public void markedCall(long now) {
        bucket(number(now)).getAndAdd(Bucket.CALL + 1);
    }

    /** Marks a call that was counted before. */
    public void mark(long now) {
        bucket(number(now)).getAndIncrement();
    }

    /** What was counted within the period that ends now. */
    public Counts at(long now) {
        long number = number(now);
        long calls = 0;
        long marked = 0;
        for (int i = 0; i < BUCKETS; i++) {
            Bucket bucket = ring.get(i);
            if (bucket != null && bucket.number > number - BUCKETS) {
                long word = bucket.get();
                calls += word >>> 32;
                marked += word & Bucket.MARKED;
            }
        }
        return new Counts(calls, marked);
    }

    private long number(long now) {
        // A caller may have read the clock before this began.
        return Math.max(0, now - begun) / bucketNanos;
    }

    private Bucket bucket(long number) {
        int index = (int) (number % BUCKETS);
        while (true) {
            Bucket there = ring.get(index);
            if (there != null && there.number >= number) {
                return there;
            }
            Bucket fresh = new Bucket(number);
            if (ring.compareAndSet(index, there, fresh)) {
                return fresh;
            }
        }
    }
}
