// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.work.Terms.Priority;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The keys that are due, one line for each priority, first come, first served within a line.
 *
 * <p>An entry whose priority was raised stands in two lines, and one that left still stands in its own: what comes up
 * and is not ready, or is ready elsewhere, is passed over. Once such are in the majority they are swept out.
 */
final class Lines<K> {

    /** How many turns in a row may pass a line over in which somebody stands; the turn after those is its own. */
    static final int PASSES = 7;

    private static final int LEAST_SWEPT = 64;

    private final Line<K> high = new Line<>(Priority.HIGH);
    private final Line<K> normal = new Line<>(Priority.NORMAL);
    private final Line<K> low = new Line<>(Priority.LOW);
    private final List<Line<K>> all = List.of(high, normal, low);

    /** How many who stand in a line are not to be served there. */
    private int stale;

    private static final class Line<K> {
        final Priority priority;
        final Queue<Entry<K>> queue = new ArrayDeque<>();
        int passedOver;

        Line(Priority priority) {
            this.priority = priority;
        }

        boolean serves(Entry<K> entry) {
            return entry.place == Entry.Place.READY && entry.priority == priority;
        }
    }

    void add(Entry<K> entry) {
        line(entry.priority).queue.add(entry);
    }

    /** To be called when an entry that stands in a line is not to be served there any more. */
    void left() {
        stale++;
        if (stale > LEAST_SWEPT && stale > (high.queue.size() + normal.queue.size() + low.queue.size()) / 2) {
            for (Line<K> line : all) {
                line.queue.removeIf(entry -> !line.serves(entry));
            }
            stale = 0;
        }
    }

    @Nullable
    Entry<K> next() {
        if (high.queue.isEmpty() && low.queue.isEmpty()) {
            return first(normal);
        }
        for (Line<K> starved : all) {
            if (starved.passedOver >= PASSES) {
                starved.passedOver = 0;
                Entry<K> entry = first(starved);
                if (entry != null) {
                    return entry;
                }
            }
        }
        for (Line<K> line : all) {
            Entry<K> entry = first(line);
            if (entry != null) {
                passOverThoseBelow(line);
                return entry;
            }
        }
        return null;
    }

    private void passOverThoseBelow(Line<K> served) {
        served.passedOver = 0;
        for (Line<K> line : all) {
            if (line.priority.compareTo(served.priority) > 0 && !line.queue.isEmpty()) {
                line.passedOver++;
            }
        }
    }

    private @Nullable Entry<K> first(Line<K> line) {
        Entry<K> entry = line.queue.poll();
        while (entry != null && !line.serves(entry)) {
            stale--;
            entry = line.queue.poll();
        }
        return entry;
    }

    private Line<K> line(Priority priority) {
        return switch (priority) {
            case HIGH -> high;
            case NORMAL -> normal;
            case LOW -> low;
        };
    }
}
