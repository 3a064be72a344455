// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.outbox;

import dev.holdfast.core.delivery.Action;
import dev.holdfast.core.delivery.Batch;
import dev.holdfast.core.delivery.Mark;
import dev.holdfast.core.delivery.Refusal;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxWire;
import dev.holdfast.opamp.outbox.StreamId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** What an outbox and its machine say, as messages, and back. No state. */
final class Envelopes {

    /** What the items of a batch may come to; what stands around them takes the rest of a message. */
    private static final int WHOLE = OutboxWire.LIMIT - 1024;

    private final OutboxId outbox;

    Envelopes(UUID id) {
        this.outbox = new OutboxId(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    /** Whether a message is about this outbox, and not another that was in its place before. */
    boolean isOurs(StreamId stream) {
        return stream.outbox().equals(outbox);
    }

    CustomMessage resume(Action.Resume resume) {
        return OutboxWire.write(new OutboxMessage.Resume(
                stream(resume.lane(), resume.epoch()),
                resume.ask(),
                resume.acknowledged(),
                resume.last(),
                resume.points()));
    }

    /** The first of some items, as many as one message has room for; one at least. */
    List<Item> fitting(List<Item> items) {
        List<Item> fitting = items;
        while (fitting.size() > 1 && size(fitting) > WHOLE) {
            fitting = fitting.subList(0, fitting.size() / 2);
        }
        return fitting;
    }

    private static long size(List<Item> items) {
        return items.stream().mapToLong(Item::size).sum();
    }

    static Batch outline(long from, List<Item> items) {
        if (items.isEmpty()) {
            return Batch.empty(from);
        }
        long firstRecord = items.stream()
                .filter(item -> item instanceof Item.Stored)
                .mapToLong(Item::first)
                .findFirst()
                .orElse(0);
        Item last = items.getLast();
        return new Batch(from, last.last(), last.hash(), items.size(), firstRecord, size(items));
    }

    /**
     * A batch; before it come the parts of a record that is too large for one.
     *
     * @param most how large a part may be, if that is less than a message has room for
     */
    List<CustomMessage> batch(Action.Send send, List<Item> items, long most) {
        StreamId stream = stream(send.lane(), send.epoch());
        List<CustomMessage> messages = new ArrayList<>();
        List<dev.holdfast.opamp.outbox.Item> batch = new ArrayList<>();
        for (Item item : items) {
            boolean inParts = item instanceof Item.Stored && item.size() > WHOLE;
            if (item instanceof Item.Stored record && inParts) {
                OutboxMessage.Part.of(stream, record.sequence(), ByteBuffer.wrap(record.payload()), most)
                        .forEach(part -> messages.add(OutboxWire.write(part)));
            }
            batch.add(item(item, inParts));
        }
        messages.add(
                OutboxWire.write(new OutboxMessage.Batch(stream, send.ask(), send.opens(), send.follows(), batch)));
        return messages;
    }

    private static dev.holdfast.opamp.outbox.Item item(Item item, boolean inParts) {
        return switch (item) {
            case Item.Stored record ->
                new dev.holdfast.opamp.outbox.Item.Data(
                        new Point(record.sequence(), record.hash()),
                        record.time(),
                        record.contentType(),
                        record.headers(),
                        "",
                        inParts ? ByteBuffer.allocate(0) : ByteBuffer.wrap(record.payload()),
                        inParts,
                        record.replayOf().orElse(0));
            case Item.Gap gap ->
                new dev.holdfast.opamp.outbox.Item.Gap(
                        gap.first(), new Point(gap.last(), gap.hash()), why(gap.why()), gap.audit());
        };
    }

    private static dev.holdfast.opamp.outbox.Item.Gap.Why why(Item.Why why) {
        return switch (why) {
            case DEAD -> dev.holdfast.opamp.outbox.Item.Gap.Why.DEAD;
            case DROPPED -> dev.holdfast.opamp.outbox.Item.Gap.Why.DROPPED;
            case EXPIRED -> dev.holdfast.opamp.outbox.Item.Gap.Why.EXPIRED;
            case DAMAGED -> dev.holdfast.opamp.outbox.Item.Gap.Why.DAMAGED;
        };
    }

    static Mark mark(OutboxMessage.Mark mark) {
        StreamId stream = mark.stream();
        return new Mark(
                stream.lane(),
                stream.epoch(),
                mark.ask(),
                mark.known(),
                mark.at().sequence(),
                mark.at().hash(),
                mark.matched(),
                mark.retryAfter());
    }

    static Refusal refusal(OutboxMessage.Refused refused) {
        StreamId stream = refused.stream();
        Refusal.Why why = switch (refused.why()) {
            case BAD_RECORD -> Refusal.Why.BAD_RECORD;
            case TOO_LARGE -> Refusal.Why.TOO_LARGE;
            case OVERLOAD -> Refusal.Why.OVERLOAD;
            // A reason of a later version: the records need not be to blame, so none is given up for it at once.
            case STORAGE, UNKNOWN -> Refusal.Why.STORAGE;
        };
        return new Refusal(
                stream.lane(),
                stream.epoch(),
                refused.ask(),
                refused.first(),
                refused.last(),
                why,
                refused.detail(),
                refused.retryAfter());
    }

    private StreamId stream(String lane, long epoch) {
        return new StreamId(outbox, lane, epoch);
    }
}
