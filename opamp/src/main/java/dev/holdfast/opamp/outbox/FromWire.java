// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.wire.OutboxProto;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** Messages of the wire as they are to be. Each method throws an IllegalArgumentException that names what is wrong. */
final class FromWire {

    private static final long NANOS = 1_000_000_000;

    /** A floor of a peer that is beside itself is a day at most. */
    private static final long LONGEST_DELAY = Duration.ofDays(1).toMillis();

    private FromWire() {}

    static OutboxMessage.Resume resume(OutboxProto.Resume wire) {
        if (wire.getVersion() < OutboxMessage.Resume.VERSION) {
            throw new IllegalArgumentException(
                    "version: " + wire.getVersion() + " (expected: " + OutboxMessage.Resume.VERSION + ")");
        }
        return new OutboxMessage.Resume(
                stream(wire.getStream()),
                wire.getAsk(),
                point(wire.getAcknowledged()),
                wire.getLast(),
                wire.getPointsList().stream().map(FromWire::point).toList());
    }

    static OutboxMessage.Mark mark(OutboxProto.Mark wire) {
        return new OutboxMessage.Mark(
                stream(wire.getStream()),
                wire.getAsk(),
                wire.getKnown(),
                point(wire.getAt()),
                wire.getMatched(),
                delay(wire.getRetryAfterMs()));
    }

    static OutboxMessage.Batch batch(OutboxProto.Batch wire) {
        return new OutboxMessage.Batch(
                stream(wire.getStream()),
                wire.getAsk(),
                wire.getOpens(),
                point(wire.getFollows()),
                wire.getItemsList().stream().map(FromWire::item).toList());
    }

    private static Item item(OutboxProto.Item wire) {
        return switch (wire.getKindCase()) {
            case RECORD -> record(wire.getRecord());
            case GAP -> gap(wire.getGap());
            case KIND_NOT_SET -> throw new IllegalArgumentException("item: of no known kind (expected: record or gap)");
        };
    }

    private static Item.Data record(OutboxProto.Record wire) {
        Map<String, String> headers = new LinkedHashMap<>();
        wire.getHeadersList().forEach(header -> headers.put(header.getName(), header.getValue()));
        return new Item.Data(
                point(wire.getPoint()),
                instant(wire.getTimeUnixNano()),
                wire.getContentType(),
                headers,
                wire.getEncoding(),
                wire.getPayload().asReadOnlyByteBuffer(),
                wire.getInParts(),
                wire.getReplayOf());
    }

    private static Item.Gap gap(OutboxProto.Gap wire) {
        return new Item.Gap(
                wire.getFirst(),
                point(wire.getLast()),
                switch (wire.getWhy()) {
                    case GAP_REASON_DEAD -> Item.Gap.Why.DEAD;
                    case GAP_REASON_DROPPED -> Item.Gap.Why.DROPPED;
                    case GAP_REASON_EXPIRED -> Item.Gap.Why.EXPIRED;
                    case GAP_REASON_DAMAGED -> Item.Gap.Why.DAMAGED;
                    case GAP_REASON_UNSPECIFIED, UNRECOGNIZED -> Item.Gap.Why.UNKNOWN;
                },
                wire.getAudit());
    }

    static OutboxMessage.Part part(OutboxProto.Part wire) {
        return new OutboxMessage.Part(
                stream(wire.getStream()),
                wire.getSequence(),
                wire.getOffset(),
                wire.getTotal(),
                wire.getData().asReadOnlyByteBuffer());
    }

    static OutboxMessage.Refused refused(OutboxProto.Refused wire) {
        return new OutboxMessage.Refused(
                stream(wire.getStream()),
                wire.getAsk(),
                wire.getFirst(),
                wire.getLast(),
                switch (wire.getWhy()) {
                    case REFUSAL_REASON_BAD_RECORD -> OutboxMessage.Refused.Why.BAD_RECORD;
                    case REFUSAL_REASON_TOO_LARGE -> OutboxMessage.Refused.Why.TOO_LARGE;
                    case REFUSAL_REASON_OVERLOAD -> OutboxMessage.Refused.Why.OVERLOAD;
                    case REFUSAL_REASON_STORAGE -> OutboxMessage.Refused.Why.STORAGE;
                    case REFUSAL_REASON_UNSPECIFIED, UNRECOGNIZED -> OutboxMessage.Refused.Why.UNKNOWN;
                },
                wire.getDetail(),
                delay(wire.getRetryAfterMs()));
    }

    private static StreamId stream(OutboxProto.StreamId wire) {
        return new StreamId(OutboxId.of(wire.getOutboxId().toByteArray()), wire.getLane(), wire.getEpoch());
    }

    private static Point point(OutboxProto.Point wire) {
        return new Point(wire.getSequence(), wire.getHash());
    }

    private static Duration delay(long millis) {
        return Duration.ofMillis(millis < 0 ? LONGEST_DELAY : Math.min(millis, LONGEST_DELAY));
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Long.divideUnsigned(nanos, NANOS), Long.remainderUnsigned(nanos, NANOS));
    }
}
