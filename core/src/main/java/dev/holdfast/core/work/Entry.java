// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.work.Terms.Priority;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A key that a queue holds. Small, since there may be a million: 56 bytes with compressed references.
 *
 * <p>What only few keys have is in {@link Detail}.
 */
final class Entry<K> {

    /** Where the key is. */
    enum Place {
        /** Due: in the line of its priority. */
        READY,
        /** Waits until it is due: among the waiting. */
        WAITING,
        /** The same, after a failure: nobody lets it past but by asking for just that. */
        BACKING_OFF,
        /** Its backoff is over; it waits for its place among the retries of all keys. Otherwise the same. */
        IN_TURN,
        /** Being worked on. */
        RUNNING,
        /** Nowhere any more. */
        GONE
    }

    /** What a running key holds in {@link #due} if it was not added meanwhile. */
    static final long NOT_ADDED = Long.MAX_VALUE;

    final K key;
    final int hash;

    /** The next entry of its bucket. */
    @Nullable
    Entry<K> next;

    Place place = Place.READY;
    Priority priority;

    /** When it is due; while it runs, when it is due once more. Nanoseconds since the machine began. */
    long due;

    /** Where in its heap it is, or -1 minus its slot in a wheel; only while it waits. */
    int heapIndex;

    /** Its neighbours in its line while it is ready, and in its slot of a wheel while it waits there. */
    @Nullable
    Entry<K> ahead;

    @Nullable
    Entry<K> behind;

    @Nullable
    Detail detail;

    Entry(K key, Priority priority) {
        this.key = key;
        this.hash = Entries.hash(key);
        this.priority = priority;
    }

    /** How many times it failed in a row. */
    int failures() {
        return detail == null ? 0 : detail.failures();
    }

    /** To be called before {@link #due} is set. */
    void addedWhileItRuns(Priority added) {
        Priority asked = added.orHigher(addedPriority());
        if (asked != priority) {
            detail().nextPriority = asked;
        } else if (detail != null) {
            detail.nextPriority = null;
        }
    }

    /** What it was added with while it runs, or null if it was not. */
    @Nullable
    Priority addedPriority() {
        if (due == NOT_ADDED) {
            return null;
        }
        return detail == null || detail.nextPriority == null ? priority : detail.nextPriority;
    }

    Detail detail() {
        Detail known = detail;
        if (known == null) {
            known = new Detail();
            detail = known;
        }
        return known;
    }

    /** What a key that failed, or that has a deadline, needs beside the rest. */
    static final class Detail {

        static final long NO_DEADLINE = Long.MAX_VALUE;

        /** Nanoseconds since the machine began. */
        long deadline = NO_DEADLINE;

        /** What it was added with while it ran. */
        long nextDeadline = NO_DEADLINE;

        /** What it was added with while it ran, if that is not what it has; null if it was not added, too. */
        @Nullable
        Priority nextPriority;

        /** Before when the other side does not want it; the deadline notwithstanding. */
        long floor;

        long lastDelayNanos;

        /** How late it may be found to be due, while it backs off. */
        Waiting.Patience patience = Waiting.Patience.NONE;

        @Nullable
        private Failures failures;

        /** How many in a row. */
        int failures() {
            return failures == null ? 0 : failures.count;
        }

        void failed(Failure failure, Instant at) {
            Failures known = failures;
            if (known == null) {
                known = new Failures(at);
                failures = known;
            }
            known.add(failure, at);
        }

        @Nullable
        History history() {
            return failures == null ? null : failures.history();
        }
    }

    /** What a {@link History} is put together from when somebody asks: a failure must not cost a list. */
    private static final class Failures {

        private final Instant first;
        private int count;

        /** The newest ones, or the only one: attempt n in place n - 1 modulo their length. */
        private @Nullable Failure[] why = new Failure[1];

        private @Nullable Instant[] when = new Instant[1];

        Failures(Instant first) {
            this.first = first;
        }

        void add(Failure failure, Instant at) {
            if (count == why.length && count < History.KEPT) {
                why = Arrays.copyOf(why, History.KEPT);
                when = Arrays.copyOf(when, History.KEPT);
            }
            count = count == Integer.MAX_VALUE ? count : count + 1;
            int place = place(count);
            why[place] = failure;
            when[place] = at;
        }

        private int place(int attempt) {
            return (attempt - 1) % why.length;
        }

        History history() {
            List<History.Failed> last = new ArrayList<>(History.KEPT);
            for (int attempt = Math.max(1, count - History.KEPT + 1); attempt <= count; attempt++) {
                int place = place(attempt);
                last.add(new History.Failed(
                        attempt, Objects.requireNonNull(when[place]), Objects.requireNonNull(why[place])));
            }
            return new History(count, first, last);
        }
    }
}
