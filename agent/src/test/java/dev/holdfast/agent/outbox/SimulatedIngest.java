// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.outbox;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.WireException;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxWire;
import dev.holdfast.opamp.outbox.StreamId;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a server does with outboxes, said as plainly as can be. */
final class SimulatedIngest {

    private final Map<StreamId, Map<Long, Long>> hashes = new HashMap<>();
    private final Map<StreamId, Point> marks = new HashMap<>();
    private final ByteArrayOutputStream parts = new ByteArrayOutputStream();

    /** The payloads, in the order in which they were stored. */
    final List<String> stored = new ArrayList<>();

    final List<Item.Gap> gaps = new ArrayList<>();

    /** Batches that it was sent, taken or not. */
    final List<OutboxMessage.Batch> batches = new ArrayList<>();

    /** The records that it will never take. */
    Predicate<String> isBad = text -> false;

    /** What it refuses everything with, or null. */
    OutboxMessage.Refused.@Nullable Why refuses;

    /** How long agents are to wait before their next batch. */
    Duration floor = Duration.ZERO;

    Optional<CustomMessage> take(CustomMessage message) {
        try {
            return OutboxWire.read(message).flatMap(this::take).map(OutboxWire::write);
        } catch (WireException e) {
            throw new AssertionError("the agent sent something that is no message", e);
        }
    }

    private Optional<OutboxMessage> take(OutboxMessage message) {
        return switch (message) {
            case OutboxMessage.Resume resume -> Optional.of(resume(resume));
            case OutboxMessage.Batch batch -> Optional.of(batch(batch));
            case OutboxMessage.Part part -> {
                ByteBuffer data = part.data();
                byte[] bytes = new byte[data.remaining()];
                data.get(bytes);
                parts.writeBytes(bytes);
                yield Optional.empty();
            }
            default -> throw new AssertionError("an agent does not say " + message);
        };
    }

    private OutboxMessage resume(OutboxMessage.Resume resume) {
        Point mark = marks.get(resume.stream());
        if (mark == null) {
            return OutboxMessage.Mark.unknown(resume.stream(), resume.ask(), 0);
        }
        Map<Long, Long> known = hashes.getOrDefault(resume.stream(), Map.of());
        List<Point> points = new ArrayList<>(resume.points());
        points.add(resume.acknowledged());
        long matched = points.stream()
                .filter(point -> point.hash() == known.getOrDefault(point.sequence(), 0L))
                .mapToLong(Point::sequence)
                .max()
                .orElse(0);
        return new OutboxMessage.Mark(resume.stream(), resume.ask(), true, mark, matched, Duration.ZERO);
    }

    private OutboxMessage batch(OutboxMessage.Batch batch) {
        batches.add(batch);
        Point mark = marks.get(batch.stream());
        if (mark == null ? !batch.opens() : !batch.follows().meets(mark)) {
            return mark == null
                    ? OutboxMessage.Mark.unknown(batch.stream(), batch.ask(), 0)
                    : new OutboxMessage.Mark(batch.stream(), batch.ask(), true, mark, 0, Duration.ZERO);
        }
        List<String> texts = new ArrayList<>();
        for (Item item : batch.items()) {
            if (item instanceof Item.Data data) {
                texts.add(text(data));
            }
        }
        parts.reset();
        if (refuses != null) {
            return refused(batch, refuses);
        }
        if (texts.stream().anyMatch(isBad)) {
            return refused(batch, OutboxMessage.Refused.Why.BAD_RECORD);
        }
        Map<Long, Long> known = hashes.computeIfAbsent(batch.stream(), stream -> new HashMap<>());
        for (Item item : batch.items()) {
            known.put(item.last().sequence(), item.last().hash());
            if (item instanceof Item.Gap gap) {
                gaps.add(gap);
            }
        }
        stored.addAll(texts);
        marks.put(batch.stream(), batch.reaches());
        return new OutboxMessage.Mark(batch.stream(), batch.ask(), true, batch.reaches(), 0, floor);
    }

    private static OutboxMessage refused(OutboxMessage.Batch batch, OutboxMessage.Refused.Why why) {
        return new OutboxMessage.Refused(
                batch.stream(),
                batch.ask(),
                batch.items().getFirst().first(),
                batch.reaches().sequence(),
                why,
                "said the simulation",
                Duration.ZERO);
    }

    private String text(Item.Data data) {
        return data.inParts()
                ? parts.toString(StandardCharsets.UTF_8)
                : StandardCharsets.UTF_8.decode(data.payload()).toString();
    }
}
