// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.work.Terms.Priority;
import org.jspecify.annotations.Nullable;

/**
 * A key that a queue holds. Small, since there may be a million: 40 bytes with compressed references.
 *
 * <p>What only few keys have is in {@link Detail}.
 */
final class Entry<K> {

    /** Where the key is. */
    enum Place {
        /** Due: in the line of its priority. */
        READY,
        /** Waits until it is due: in the heap. */
        WAITING,
        /** The same, after a failure: nobody lets it past but by asking for just that. */
        BACKING_OFF,
        /** Being worked on. */
        RUNNING,
        /** Nowhere any more. */
        GONE
    }

    /** What a running key holds in {@link #due} if it was not added meanwhile. */
    static final long NOT_ADDED = Long.MAX_VALUE;

    final K key;
    Place place = Place.READY;
    Priority priority;

    /** When it is due; while it runs, when it is due once more. Nanoseconds since the queue began. */
    long due;

    /** Where in the heap it is; only while it waits. */
    int heapIndex;

    @Nullable
    Detail detail;

    Entry(K key, Priority priority) {
        this.key = key;
        this.priority = priority;
    }

    /** How many times it failed in a row. */
    int failures() {
        return detail == null || detail.history == null ? 0 : detail.history.failures();
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

        /** Nanoseconds since the queue began. */
        long deadline = NO_DEADLINE;

        /** What it was added with while it ran. */
        long nextDeadline = NO_DEADLINE;

        /** Before when the other side does not want it; the deadline notwithstanding. */
        long floor;

        long lastDelayNanos;

        @Nullable
        History history;
    }
}
