// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.policy.SlidingCounts;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a closed breaker has counted. Safe for use by any thread, without locks; counting a success allocates nothing,
 * or what {@link SlidingCounts} does.
 */
abstract sealed class Tally {

    /** How many failures, and of how many calls: what the next judgement goes by. */
    record Figures(long failures, long calls) {}

    static Tally of(Trip trip, LongSupplier clock) {
        return switch (trip) {
            case Trip.Consecutive consecutive -> new Consecutive(consecutive.failures());
            case Trip.Within within ->
                new Within(within.failures(), within.period().toNanos());
            case Trip.ShareOfCalls share -> new ShareOfCalls(share);
            case Trip.ShareWithin share -> new ShareWithin(share, clock.getAsLong());
        };
    }

    abstract void success(LongSupplier clock);

    /** Whether this failure trips the breaker. */
    abstract boolean failure(LongSupplier clock);

    abstract Figures figures(LongSupplier clock);

    private static final class Consecutive extends Tally {

        private final int limit;
        private final AtomicInteger failures = new AtomicInteger();

        Consecutive(int limit) {
            this.limit = limit;
        }

        @Override
        void success(LongSupplier clock) {
            // A healthy side is called by many threads: they share a cache line only as long as none writes to it.
            if (failures.get() != 0) {
                failures.set(0);
            }
        }

        @Override
        boolean failure(LongSupplier clock) {
            return failures.incrementAndGet() >= limit;
        }

        @Override
        Figures figures(LongSupplier clock) {
            return new Figures(failures.get(), failures.get());
        }
    }

    /** The newest failures as a list that is cut off behind the last one that can still matter. */
    private static final class Within extends Tally {

        private static final class Failed {
            final long at;
            final int depth;

            @Nullable
            Failed before;

            Failed(long at, @Nullable Failed before, int limit) {
                this.at = at;
                this.before = before;
                this.depth = before == null ? 1 : Math.min(limit, before.depth + 1);
            }
        }

        private final int limit;
        private final long periodNanos;
        private final AtomicReference<@Nullable Failed> newest = new AtomicReference<>();

        Within(int limit, long periodNanos) {
            this.limit = limit;
            this.periodNanos = periodNanos;
        }

        @Override
        void success(LongSupplier clock) {}

        @Override
        boolean failure(LongSupplier clock) {
            Failed last;
            Failed added;
            do {
                last = newest.get();
                added = new Failed(clock.getAsLong(), last, limit);
            } while (!newest.compareAndSet(last, added));
            return added.depth == limit && added.at - oldestOf(added).at <= periodNanos;
        }

        private Failed oldestOf(Failed from) {
            Failed oldest = from;
            for (int n = 1; n < limit; n++) {
                Failed before = oldest.before;
                if (before == null) {
                    // A failure newer than this one has cut the list: that one judges.
                    break;
                }
                oldest = before;
            }
            oldest.before = null;
            return oldest;
        }

        @Override
        Figures figures(LongSupplier clock) {
            long now = clock.getAsLong();
            long count = 0;
            for (Failed f = newest.get(); f != null && now - f.at <= periodNanos; f = f.before) {
                count++;
            }
            return new Figures(count, count);
        }
    }

    /**
     * A ring of outcomes, and a word that holds how many calls there were (upper 40 bits) and how many failures the
     * ring holds (lower 24), so that both are read at one instant.
     */
    private static final class ShareOfCalls extends Tally {

        private static final int FAILURE_BITS = 24;
        private static final long CALL = 1L << FAILURE_BITS;
        private static final long FAILURES = CALL - 1;

        /** Where failures are counted from: one may be taken off the ring an instant before it is counted on. */
        private static final long NONE = 1L << (FAILURE_BITS - 1);

        private final Trip.ShareOfCalls trip;
        private final AtomicIntegerArray failed;
        private final AtomicLong counts = new AtomicLong(NONE);

        ShareOfCalls(Trip.ShareOfCalls trip) {
            this.trip = trip;
            this.failed = new AtomicIntegerArray(trip.calls());
        }

        @Override
        void success(LongSupplier clock) {
            int slot = slot(counts.getAndAdd(CALL));
            if (failed.get(slot) != 0 && failed.getAndSet(slot, 0) != 0) {
                counts.getAndDecrement();
            }
        }

        @Override
        boolean failure(LongSupplier clock) {
            int slot = slot(counts.getAndAdd(CALL));
            long after = failed.getAndSet(slot, 1) == 0 ? counts.incrementAndGet() : counts.get();
            Figures figures = figures(after);
            return figures.calls >= trip.minimum() && figures.failures >= trip.share() * figures.calls;
        }

        private int slot(long before) {
            return (int) ((before >>> FAILURE_BITS) % trip.calls());
        }

        private Figures figures(long word) {
            return new Figures(Math.max(0, (word & FAILURES) - NONE), Math.min(trip.calls(), word >>> FAILURE_BITS));
        }

        @Override
        Figures figures(LongSupplier clock) {
            return figures(counts.get());
        }
    }

    private static final class ShareWithin extends Tally {

        private final Trip.ShareWithin trip;
        private final SlidingCounts counts;

        ShareWithin(Trip.ShareWithin trip, long begun) {
            this.trip = trip;
            this.counts = new SlidingCounts(trip.period(), begun);
        }

        @Override
        void success(LongSupplier clock) {
            counts.call(clock.getAsLong());
        }

        @Override
        boolean failure(LongSupplier clock) {
            long now = clock.getAsLong();
            counts.markedCall(now);
            SlidingCounts.Counts within = counts.at(now);
            return within.calls() >= trip.minimum() && within.marked() >= trip.share() * within.calls();
        }

        @Override
        Figures figures(LongSupplier clock) {
            SlidingCounts.Counts within = counts.at(clock.getAsLong());
            return new Figures(within.marked(), within.calls());
        }
    }
}
