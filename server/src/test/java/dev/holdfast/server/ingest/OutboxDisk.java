// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.core.delivery.Batch;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.Chain;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.outbox.Item;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One lane of an outbox as it is on an agent's disk, said as plainly as can be. */
final class OutboxDisk {

    /** How much of what is acknowledged is still in the log. */
    private static final int KEPT = 10;

    final String lane;
    final List<Item.Data> records = new ArrayList<>();
    final Set<Long> dead = new HashSet<>();
    long droppedUpTo;
    long epoch;
    long epochAfter;
    Point acknowledged = Point.START;

    @Nullable
    Attempts attempts;

    OutboxDisk(String lane, long epoch) {
        this.lane = lane;
        this.epoch = epoch;
    }

    OutboxDisk copy() {
        OutboxDisk copy = new OutboxDisk(lane, epoch);
        copy.records.addAll(records);
        copy.dead.addAll(dead);
        copy.droppedUpTo = droppedUpTo;
        copy.epochAfter = epochAfter;
        copy.acknowledged = acknowledged;
        copy.attempts = attempts;
        return copy;
    }

    LaneState state() {
        return new LaneState(lane, epoch, epochAfter, acknowledged, last(), attempts);
    }

    long last() {
        return records.size();
    }

    /** The record's number is the first 8 bytes of its payload, and no other's on any disk. */
    void append(long number, int bytes, Instant time, String encoding) {
        ByteBuffer payload =
                ByteBuffer.allocate(Long.BYTES + bytes).putLong(number).rewind();
        long before =
                records.isEmpty() ? Chain.START : records.getLast().point().hash();
        long sequence = last() + 1;
        Point point = new Point(sequence, Chain.next(before, sequence, time, "x", payload));
        records.add(new Item.Data(point, time, "x", Map.of(), encoding, payload, false, 0));
    }

    static long number(Item.Data record) {
        return record.payload().getLong();
    }

    Item.Data at(long sequence) {
        return records.get((int) sequence - 1);
    }

    void drop(long sequence) {
        if (sequence > acknowledged.sequence()) {
            droppedUpTo = Math.max(droppedUpTo, sequence);
        }
    }

    /** The newest point at or before a sequence. */
    Point pointUpTo(long sequence) {
        boolean gone = sequence <= acknowledged.sequence() - KEPT || sequence == 0;
        if (gone || (sequence > acknowledged.sequence() && sequence < droppedUpTo)) {
            return acknowledged;
        }
        return at(sequence).point();
    }

    List<Item> read(long from, long upTo, int most, long bytes) {
        List<Item> items = new ArrayList<>();
        long taken = 0;
        for (long sequence = from; sequence <= last() && items.size() < most; ) {
            Item item = item(sequence);
            taken += size(item);
            if (!items.isEmpty() && (item.last().sequence() > upTo || taken > bytes)) {
                break;
            }
            items.add(item);
            sequence = item.last().sequence() + 1;
        }
        return items;
    }

    private Item item(long sequence) {
        if (sequence <= droppedUpTo) {
            return new Item.Gap(sequence, at(droppedUpTo).point(), Item.Gap.Why.DROPPED, "no room");
        }
        Item.Data record = at(sequence);
        return dead.contains(sequence)
                ? new Item.Gap(sequence, record.point(), Item.Gap.Why.DEAD, "{\"attempts\":1}")
                : record;
    }

    private static long size(Item item) {
        return item instanceof Item.Data record ? record.payload().remaining() + 50 : 100;
    }

    static Batch outline(long from, List<Item> items) {
        if (items.isEmpty()) {
            return Batch.empty(from);
        }
        Point end = items.getLast().last();
        long firstRecord = items.stream()
                .filter(item -> item instanceof Item.Data)
                .mapToLong(Item::first)
                .findFirst()
                .orElse(0);
        long bytes = items.stream().mapToLong(OutboxDisk::size).sum();
        return new Batch(from, end.sequence(), end.hash(), items.size(), firstRecord, bytes);
    }
}
