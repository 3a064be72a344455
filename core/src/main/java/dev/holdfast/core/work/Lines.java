// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.work.Terms.Priority;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The keys that are due, one line for each priority, first come, first served within a line. The entries themselves are
 * the links, so that one leaves from anywhere in its line at once and nothing of it stays behind.
 */
final class Lines<K> {

    /** How many turns in a row may pass a line over in which somebody stands; the turn after those is its own. */
    static final int PASSES = 7;

    private final Line<K> high = new Line<>();
    private final Line<K> normal = new Line<>();
    private final Line<K> low = new Line<>();
    private final List<Line<K>> all = List.of(high, normal, low);

    private int size;

    private static final class Line<K> {
        /** Ahead of it is the last one: a second field for that would cost a memory barrier a key under G1. */
        @Nullable
        Entry<K> first;

        /** Turns in a row that were another line's while somebody stood here. */
        int passedOver;
    }

    int size() {
        return size;
    }

    void add(Entry<K> entry) {
        size++;
        Line<K> line = line(entry.priority);
        Entry<K> first = line.first;
        if (first == null) {
            entry.ahead = entry;
            line.first = entry;
            return;
        }
        Entry<K> last = Objects.requireNonNull(first.ahead);
        entry.ahead = last;
        last.behind = entry;
        first.ahead = entry;
    }

    /** Takes out an entry that stands in the line of its priority. */
    void remove(Entry<K> entry) {
        remove(entry, line(entry.priority));
    }

    private void remove(Entry<K> entry, Line<K> line) {
        size--;
        Entry<K> ahead = Objects.requireNonNull(entry.ahead);
        Entry<K> behind = entry.behind;
        if (line.first == entry) {
            line.first = behind;
        } else {
            ahead.behind = behind;
        }
        Entry<K> knowsIt = behind == null ? line.first : behind;
        if (knowsIt != null) {
            knowsIt.ahead = ahead;
        }
        entry.ahead = null;
        entry.behind = null;
        if (line.first == null) {
            line.passedOver = 0;
        }
    }

    /** Takes out whose turn it is. */
    @Nullable
    Entry<K> next() {
        if (high.first == null && low.first == null) {
            Entry<K> only = normal.first;
            if (only != null) {
                normal.passedOver = 0;
                remove(only, normal);
            }
            return only;
        }
        Line<K> turn = turn();
        Entry<K> entry = turn.first;
        if (entry == null) {
            return null;
        }
        for (Line<K> other : all) {
            if (other.first != null) {
                other.passedOver++;
            }
        }
        turn.passedOver = 0;
        remove(entry, turn);
        return entry;
    }

    private Line<K> turn() {
        if (low.passedOver >= PASSES) {
            return low;
        }
        // A turn early, since the next one may have to be low's.
        if (normal.passedOver >= PASSES - 1) {
            return normal;
        }
        if (high.first != null) {
            return high;
        }
        return normal.first != null ? normal : low;
    }

    private Line<K> line(Priority priority) {
        return switch (priority) {
            case HIGH -> high;
            case NORMAL -> normal;
            case LOW -> low;
        };
    }
}
