// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import com.google.protobuf.ByteString;
import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.wire.OutboxProto;
import java.time.Duration;
import java.time.Instant;

/** Messages as the wire has them. */
final class ToWire {

    private static final long NANOS = 1_000_000_000;

    /** The last instant that 64 bits of nanoseconds reach, in 2554. */
    private static final Instant LATEST =
            Instant.ofEpochSecond(Long.divideUnsigned(-1, NANOS), Long.remainderUnsigned(-1, NANOS));

    private ToWire() {}

    static OutboxProto.Resume resume(OutboxMessage.Resume resume) {
        return OutboxProto.Resume.newBuilder()
                .setStream(stream(resume.stream()))
                .setAsk(resume.ask())
                .setVersion(OutboxMessage.Resume.VERSION)
                .setAcknowledged(point(resume.acknowledged()))
                .setLast(resume.last())
                .addAllPoints(resume.points().stream().map(ToWire::point).toList())
                .build();
    }

    static OutboxProto.Mark mark(OutboxMessage.Mark mark) {
        return OutboxProto.Mark.newBuilder()
                .setStream(stream(mark.stream()))
                .setAsk(mark.ask())
                .setKnown(mark.known())
                .setAt(point(mark.at()))
                .setMatched(mark.matched())
                .setRetryAfterMs(millis(mark.retryAfter()))
                .build();
    }

    static OutboxProto.Batch batch(OutboxMessage.Batch batch) {
        OutboxProto.Batch.Builder wire = OutboxProto.Batch.newBuilder()
                .setStream(stream(batch.stream()))
                .setAsk(batch.ask())
                .setOpens(batch.opens())
                .setFollows(point(batch.follows()));
        for (Item item : batch.items()) {
            wire.addItems(
                    switch (item) {
                        case Item.Data record -> OutboxProto.Item.newBuilder().setRecord(record(record));
                        case Item.Gap gap -> OutboxProto.Item.newBuilder().setGap(gap(gap));
                    });
        }
        return wire.build();
    }

    private static OutboxProto.Record record(Item.Data record) {
        OutboxProto.Record.Builder wire = OutboxProto.Record.newBuilder()
                .setPoint(point(record.point()))
                .setTimeUnixNano(nanos(record.time()))
                .setContentType(record.contentType())
                .setEncoding(record.encoding())
                .setPayload(ByteString.copyFrom(record.payload()))
                .setInParts(record.inParts())
                .setReplayOf(record.replayOf());
        record.headers()
                .forEach((name, value) -> wire.addHeaders(
                        OutboxProto.Header.newBuilder().setName(name).setValue(value)));
        return wire.build();
    }

    private static OutboxProto.Gap gap(Item.Gap gap) {
        return OutboxProto.Gap.newBuilder()
                .setFirst(gap.first())
                .setLast(point(gap.last()))
                .setWhy(
                        switch (gap.why()) {
                            case DEAD -> OutboxProto.GapReason.GAP_REASON_DEAD;
                            case DROPPED -> OutboxProto.GapReason.GAP_REASON_DROPPED;
                            case EXPIRED -> OutboxProto.GapReason.GAP_REASON_EXPIRED;
                            case DAMAGED -> OutboxProto.GapReason.GAP_REASON_DAMAGED;
                            case UNKNOWN -> OutboxProto.GapReason.GAP_REASON_UNSPECIFIED;
                        })
                .setAudit(gap.audit())
                .build();
    }

    static OutboxProto.Part part(OutboxMessage.Part part) {
        return OutboxProto.Part.newBuilder()
                .setStream(stream(part.stream()))
                .setSequence(part.sequence())
                .setOffset(part.offset())
                .setTotal(part.total())
                .setData(ByteString.copyFrom(part.data()))
                .build();
    }

    static OutboxProto.Refused refused(OutboxMessage.Refused refused) {
        return OutboxProto.Refused.newBuilder()
                .setStream(stream(refused.stream()))
                .setAsk(refused.ask())
                .setFirst(refused.first())
                .setLast(refused.last())
                .setWhy(
                        switch (refused.why()) {
                            case BAD_RECORD -> OutboxProto.RefusalReason.REFUSAL_REASON_BAD_RECORD;
                            case TOO_LARGE -> OutboxProto.RefusalReason.REFUSAL_REASON_TOO_LARGE;
                            case OVERLOAD -> OutboxProto.RefusalReason.REFUSAL_REASON_OVERLOAD;
                            case STORAGE -> OutboxProto.RefusalReason.REFUSAL_REASON_STORAGE;
                            case UNKNOWN -> OutboxProto.RefusalReason.REFUSAL_REASON_UNSPECIFIED;
                        })
                .setDetail(refused.detail())
                .setRetryAfterMs(millis(refused.retryAfter()))
                .build();
    }

    private static OutboxProto.Point point(Point point) {
        return OutboxProto.Point.newBuilder()
                .setSequence(point.sequence())
                .setHash(point.hash())
                .build();
    }

    private static OutboxProto.StreamId stream(StreamId stream) {
        return OutboxProto.StreamId.newBuilder()
                .setOutboxId(ByteString.copyFrom(stream.outbox().bytes()))
                .setLane(stream.lane())
                .setEpoch(stream.epoch())
                .build();
    }

    /** Rounded up: what is a floor must not become less. */
    private static long millis(Duration delay) {
        return delay.plusNanos(999_999).toMillis();
    }

    /** An unsigned number; a clock that is out of its range gives the nearest that is in it. */
    private static long nanos(Instant instant) {
        if (instant.isBefore(Instant.EPOCH)) {
            return 0;
        }
        Instant near = instant.isAfter(LATEST) ? LATEST : instant;
        return near.getEpochSecond() * NANOS + near.getNano();
    }
}
