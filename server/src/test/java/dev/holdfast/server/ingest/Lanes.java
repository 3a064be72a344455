// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.core.record.Chain;
import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.OutboxMessage.Resume;
import dev.holdfast.opamp.outbox.StreamId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.LongStream;

/** A lane as an agent has it: records that are chained, and batches of them. */
public final class Lanes {

    static final Instant TIME = Instant.parse("2026-01-02T03:04:05.123456789Z");

    private final StreamId stream;
    private final List<Item> items = new ArrayList<>();

    private Lanes(StreamId stream) {
        this.stream = stream;
    }

    /** A new lane in a first epoch. */
    public static Lanes of(int outbox, String lane) {
        return new Lanes(new StreamId(new OutboxId(7, outbox), lane, 0xe0L + outbox));
    }

    /** The uid of an agent. */
    public static InstanceUid agent(int number) {
        return new InstanceUid(new UUID(0x0199_6b8a_7c1e_7000L, 0x8000_0000_0000_0000L | number));
    }

    /** The same records in another epoch. */
    public Lanes inEpoch(long epoch) {
        Lanes copy = new Lanes(new StreamId(stream.outbox(), stream.lane(), epoch));
        copy.items.addAll(items);
        return copy;
    }

    /** Its name. */
    public StreamId stream() {
        return stream;
    }

    /** Appends records whose payloads say their numbers. */
    public Lanes append(int count) {
        for (int i = 0; i < count; i++) {
            append("{\"n\":" + (last().sequence() + 1) + "}");
        }
        return this;
    }

    /** Appends one of JSON. */
    public Lanes append(String text) {
        return append("application/json", text.getBytes(StandardCharsets.UTF_8));
    }

    Lanes append(String type, byte[] payload) {
        ByteBuffer bytes = ByteBuffer.wrap(payload);
        long sequence = last().sequence() + 1;
        Point point = new Point(sequence, Chain.next(last().hash(), sequence, TIME, type, bytes));
        return add(new Item.Data(point, TIME, type, Map.of("k", "v"), "", bytes, false, 0));
    }

    /** Names the next {@code count} sequences as a gap. */
    Lanes drop(int count) {
        long first = last().sequence() + 1;
        Point point = new Point(first + count - 1, 1000 + first);
        return add(new Item.Gap(first, point, Item.Gap.Why.DEAD, "{\"attempts\":100}"));
    }

    private Lanes add(Item item) {
        items.add(item);
        return this;
    }

    Point last() {
        return items.isEmpty() ? Point.START : items.getLast().last();
    }

    /** Where it stands after a sequence. */
    public Point at(long sequence) {
        return items.stream()
                .map(Item::last)
                .filter(point -> point.sequence() == sequence)
                .findFirst()
                .orElse(Point.START);
    }

    /** The items after {@code from} up to {@code to}. */
    public Batch batch(long from, long to) {
        return batch(from, to, from == 0);
    }

    /** What a batch that follows a sequence asks by. */
    public static long ask(long follows) {
        return 1_000 + follows;
    }

    /** Where it stands, asked by its newest sequence. */
    public Resume resume(long acknowledged, long... points) {
        return new Resume(
                stream,
                last().sequence(),
                at(acknowledged),
                last().sequence(),
                LongStream.of(points).mapToObj(this::at).toList());
    }

    Batch batch(long from, long to, boolean opens) {
        List<Item> between = items.stream()
                .filter(item -> item.first() > from && item.last().sequence() <= to)
                .toList();
        return new Batch(stream, ask(from), opens, at(from), between);
    }
}
