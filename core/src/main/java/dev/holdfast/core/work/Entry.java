// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.work.Terms.Priority;
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

    /** Where in its heap it is; only while it waits. */
    int heapIndex;

    /** Its neighbours in its line; only while it is ready. */
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
        return detail == null || detail.history == null ? 0 : detail.history.failures();
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
        History history;
    }
}
