// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.Point;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One lane of an outbox as it is on disk, said as plainly as can be. Its chain hash is a stand-in. */
final class ModelLane {

    /** A record; the identifier stands for its content. */
    record Entry(long id, long hash, int bytes) {}

    /** A record or gap as it is sent; the identifier is 0 for a gap. */
    record Item(long first, long last, long hash, long id, int bytes) {}

    /** How much of what is acknowledged is still in the log. */
    private static final int KEPT = 10;

    final String name;
    final List<Entry> entries = new ArrayList<>();
    final Set<Long> dead = new HashSet<>();
    final Map<Long, Attempts> deadLetters = new LinkedHashMap<>();
    long droppedUpTo;
    long epoch;
    long epochAfter;
    Point acknowledged = Point.START;

    @Nullable
    Attempts attempts;

    ModelLane(String name, long epoch) {
        this.name = name;
        this.epoch = epoch;
    }

    ModelLane copy() {
        ModelLane copy = new ModelLane(name, epoch);
        copy.entries.addAll(entries);
        copy.dead.addAll(dead);
        copy.deadLetters.putAll(deadLetters);
        copy.droppedUpTo = droppedUpTo;
        copy.epochAfter = epochAfter;
        copy.acknowledged = acknowledged;
        copy.attempts = attempts;
        return copy;
    }

    LaneState state() {
        return new LaneState(name, epoch, epochAfter, acknowledged, last(), attempts);
    }

    long last() {
        return entries.size();
    }

    void append(long id, int bytes) {
        long before = entries.isEmpty() ? 0 : entries.getLast().hash();
        long mixed = (before * 31 + id) * 0x9E3779B97F4A7C15L;
        entries.add(new Entry(id, (mixed ^ (mixed >>> 29)) | 1, bytes));
    }

    /** Gives up all that waits up to {@code sequence}; of these only the hash at the end is kept, as a quota does. */
    void drop(long sequence) {
        if (sequence > acknowledged.sequence()) {
            droppedUpTo = Math.max(droppedUpTo, sequence);
        }
    }

    Entry at(long sequence) {
        return entries.get((int) sequence - 1);
    }

    private boolean isDropped(long sequence) {
        return sequence <= droppedUpTo;
    }

    /** The newest point at or before a sequence. */
    Point pointUpTo(long sequence) {
        boolean gone = sequence <= acknowledged.sequence() - KEPT || sequence == 0;
        if (gone || (sequence > acknowledged.sequence() && sequence < droppedUpTo)) {
            return acknowledged;
        }
        return new Point(sequence, at(sequence).hash());
    }

    List<Item> read(long from, long upTo, int most, long bytes) {
        List<Item> items = new ArrayList<>();
        long taken = 0;
        for (long sequence = from; sequence <= last() && items.size() < most; ) {
            Item item = item(sequence);
            if (!items.isEmpty() && (item.last() > upTo || taken + item.bytes() > bytes)) {
                break;
            }
            items.add(item);
            taken += item.bytes();
            sequence = item.last() + 1;
        }
        return items;
    }

    private Item item(long sequence) {
        if (isDropped(sequence)) {
            return new Item(sequence, droppedUpTo, at(droppedUpTo).hash(), 0, 20);
        }
        Entry entry = at(sequence);
        return dead.contains(sequence)
                ? new Item(sequence, sequence, entry.hash(), 0, 20)
                : new Item(sequence, sequence, entry.hash(), entry.id(), entry.bytes());
    }

    static Batch outline(long from, List<Item> items) {
        if (items.isEmpty()) {
            return Batch.empty(from);
        }
        long firstRecord = items.stream()
                .filter(item -> item.id() != 0)
                .mapToLong(Item::first)
                .findFirst()
                .orElse(0);
        return new Batch(
                from,
                items.getLast().last(),
                items.getLast().hash(),
                items.size(),
                firstRecord,
                items.stream().mapToLong(Item::bytes).sum());
    }
}
