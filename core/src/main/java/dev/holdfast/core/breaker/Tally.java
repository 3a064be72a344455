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

    /**
     * Counts a success.
     *
     * @return whether the breaker has tripped, and whoever made it has not carried that out yet
     */
    abstract boolean success(LongSupplier clock);

    /** Counts a failure, and tells whether the breaker has tripped with it or before it. */
    abstract boolean failure(LongSupplier clock);

    abstract Figures figures(LongSupplier clock);

    /**
     * The quotient is the double nearest to what it stands for, and so is a share that was written down; a product may
     * not be.
     */
    private static boolean isReached(double share, long failures, long calls) {
        return (double) failures / calls >= share;
    }

    private static final class Consecutive extends Tally {

        private final int limit;
        private final AtomicInteger failures = new AtomicInteger();

        Consecutive(int limit) {
            this.limit = limit;
        }

        @Override
        boolean success(LongSupplier clock) {
            // A healthy side is called by many threads: they share a cache line only as long as none writes to it.
            int counted = failures.get();
            while (counted != 0 && counted < limit) {
                if (failures.compareAndSet(counted, 0)) {
                    return false;
                }
                counted = failures.get();
            }
            return counted != 0;
        }

        @Override
        boolean failure(LongSupplier clock) {
            return failures.getAndUpdate(counted -> Math.min(limit, counted + 1)) >= limit - 1;
        }

        @Override
        Figures figures(LongSupplier clock) {
            return new Figures(failures.get(), failures.get());
        }
    }

    /**
     * The newest failures as a list that is cut off behind the last one that can still matter. Each is judged before
     * it is put on, so that the list never changes under a judgement that counts: if another failure came in between,
     * it is judged anew.
     */
    private static final class Within extends Tally {

        private static final class Failed {
            final long at;
            final int depth;
            volatile @Nullable Failed before;

            /** Whether this one, or one before it, trips the breaker. */
            boolean trips;

            Failed(long at, @Nullable Failed before, int limit) {
                this.at = at;
                this.before = before;
                this.depth = before == null ? 1 : Math.min(limit, before.depth + 1);
                this.trips = before != null && before.trips;
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
        boolean success(LongSupplier clock) {
            return false;
        }

        @Override
        boolean failure(LongSupplier clock) {
            while (true) {
                Failed last = newest.get();
                Failed added = new Failed(clock.getAsLong(), last, limit);
                Failed oldest = added.depth == limit ? oldestOf(added) : null;
                added.trips |= oldest != null && added.at - oldest.at <= periodNanos;
                if (newest.compareAndSet(last, added)) {
                    if (oldest != null) {
                        oldest.before = null;
                    }
                    return added.trips;
                }
            }
        }

        /** The one that is {@code limit} back, itself counted; null if a newer failure has cut the list before it. */
        private @Nullable Failed oldestOf(Failed from) {
            Failed oldest = from;
            for (int n = 1; n < limit && oldest != null; n++) {
                oldest = oldest.before;
            }
            return oldest;
        }

        @Override
        Figures figures(LongSupplier clock) {
            long now = clock.getAsLong();
            long count = 0;
            for (Failed f = newest.get(); count < limit && f != null && now - f.at <= periodNanos; f = f.before) {
                count++;
            }
            return new Figures(count, count);
        }
    }

    /**
     * A ring of outcomes, and a word that holds how many calls there were (upper 40 bits), whether the breaker has
     * tripped, and how many failures the ring holds (lower 23), so that all are read at one instant. With several
     * threads, a call that is counted while the ring goes once around is counted for its place, not for its age.
     */
    private static final class ShareOfCalls extends Tally {

        private static final int FAILURE_BITS = 24;
        private static final long CALL = 1L << FAILURE_BITS;
        private static final long TRIPPED = CALL >> 1;
        private static final long FAILURES = TRIPPED - 1;

        /** Where failures are counted from: one may be taken off the ring an instant before it is counted on. */
        private static final long NONE = TRIPPED >> 1;

        private final Trip.ShareOfCalls trip;
        private final AtomicIntegerArray failed;
        private final AtomicLong counts = new AtomicLong(NONE);

        /** Whether there were as many calls as the ring has places; the 40 bits start over some day. */
        private volatile boolean full;

        ShareOfCalls(Trip.ShareOfCalls trip) {
            this.trip = trip;
            this.failed = new AtomicIntegerArray(trip.calls());
        }

        @Override
        boolean success(LongSupplier clock) {
            long before = counts.getAndAdd(CALL);
            int slot = slot(before);
            noteIfFull(slot);
            if (failed.get(slot) != 0 && failed.getAndSet(slot, 0) != 0) {
                counts.getAndDecrement();
            }
            return (before & TRIPPED) != 0;
        }

        /** The call, its failure and what follows from it are counted in one step, so that nobody sees one alone. */
        @Override
        boolean failure(LongSupplier clock) {
            long before;
            long after;
            int slot;
            int replaced;
            do {
                before = counts.get();
                slot = slot(before);
                replaced = failed.get(slot);
                after = before + CALL + 1 - replaced;
                Figures figures = figures(after);
                if (figures.calls >= trip.minimum() && isReached(trip.share(), figures.failures, figures.calls)) {
                    after |= TRIPPED;
                }
            } while (!counts.compareAndSet(before, after));
            noteIfFull(slot);
            int there = failed.getAndSet(slot, 1);
            if (there != replaced) {
                // Of a call that was counted a whole ring ago and came to its place only now.
                counts.getAndAdd((long) replaced - there);
            }
            return (after & TRIPPED) != 0;
        }

        private int slot(long before) {
            return (int) ((before >>> FAILURE_BITS) % trip.calls());
        }

        private void noteIfFull(int slot) {
            if (slot == trip.calls() - 1 && !full) {
                full = true;
            }
        }

        private Figures figures(long word) {
            long calls = full ? trip.calls() : Math.min(trip.calls(), word >>> FAILURE_BITS);
            return new Figures(Math.max(0, (word & FAILURES) - NONE), calls);
        }

        @Override
        Figures figures(LongSupplier clock) {
            return figures(counts.get());
        }
    }

    /**
     * Summed over several counts, which are not read at one instant: a failure is judged with all that was counted
     * before it, and perhaps with some of what was counted meanwhile. So a success that comes while a failure trips the
     * breaker may be left out, and whoever counted it may find the breaker closed for an instant longer.
     */
    private static final class ShareWithin extends Tally {

        private final Trip.ShareWithin trip;
        private final SlidingCounts counts;

        ShareWithin(Trip.ShareWithin trip, long begun) {
            this.trip = trip;
            this.counts = new SlidingCounts(trip.period(), begun);
        }

        @Override
        boolean success(LongSupplier clock) {
            counts.call(clock.getAsLong());
            return false;
        }

        @Override
        boolean failure(LongSupplier clock) {
            long now = clock.getAsLong();
            counts.markedCall(now);
            SlidingCounts.Counts within = counts.at(now);
            return within.calls() >= trip.minimum() && isReached(trip.share(), within.marked(), within.calls());
        }

        @Override
        Figures figures(LongSupplier clock) {
            SlidingCounts.Counts within = counts.at(clock.getAsLong());
            return new Figures(within.marked(), within.calls());
        }
    }
}
