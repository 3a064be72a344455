// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.OutboxMessage.Part;
import dev.holdfast.opamp.outbox.OutboxMessage.Refused;
import dev.holdfast.opamp.outbox.StreamId;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one payload that comes in parts on a link at a time. It grows as it comes: what a peer only announces costs
 * nothing. Not safe for use by several threads.
 */
final class Assembly {

    private final int limit;
    private final Budget budget;
    private final Duration retryAfter;

    private @Nullable StreamId stream;
    private long sequence;
    private long total;

    /** Why nothing more of it is taken; null while it is. */
    private Refused.@Nullable Why refused;

    private String detail = "";
    private ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /**
     * One that has nothing.
     *
     * @param limit the largest payload, in bytes
     * @param budget what all of them share
     */
    Assembly(int limit, Budget budget, Duration retryAfter) {
        this.limit = limit;
        this.budget = budget;
        this.retryAfter = retryAfter;
    }

    /** Takes the next part, or lets it go, as its batch is told. One that begins a payload ends the one before it. */
    void add(Part part) {
        if (part.offset() == 0) {
            clear();
            stream = part.stream();
            sequence = part.sequence();
            total = part.total();
            if (total > limit) {
                refuse(Refused.Why.TOO_LARGE, total + " bytes (expected: <= " + limit + ")");
            }
        }
        if (refused != null) {
            return;
        }
        if (!part.stream().equals(stream)
                || part.sequence() != sequence
                || part.total() != total
                || part.offset() != bytes.size()) {
            clear();
            return;
        }
        ByteBuffer data = part.data();
        if (!budget.take(data.remaining())) {
            refuse(Refused.Why.OVERLOAD, "too much of other records is under way");
            return;
        }
        byte[] piece = new byte[data.remaining()];
        data.get(piece);
        bytes.writeBytes(piece);
    }

    private void refuse(Refused.Why why, String what) {
        refused = why;
        detail = what;
        budget.give(bytes.size());
        bytes = new ByteArrayOutputStream();
    }

    /** The batch with the payload in it that came in parts, or a refusal if it names one that did not come whole. */
    OutboxMessage complete(Batch batch) {
        if (batch.items().stream().noneMatch(Assembly::isInParts)) {
            return batch;
        }
        boolean isIts = batch.stream().equals(stream)
                && batch.items().stream().filter(Assembly::isInParts).allMatch(item -> item.first() == sequence);
        if (!isIts || bytes.size() < total) {
            Refused.Why why = isIts ? refused : null;
            return why == null
                    ? refused(batch, Refused.Why.OVERLOAD, "its parts did not come whole before it on this link")
                    : refused(batch, why, detail);
        }
        ByteBuffer payload = ByteBuffer.wrap(bytes.toByteArray());
        List<Item> items = batch.items().stream()
                .map(item -> isInParts(item) ? ((Item.Data) item).withPayload(payload) : item)
                .toList();
        clear();
        return new Batch(batch.stream(), batch.ask(), batch.opens(), batch.follows(), items);
    }

    /** Forgets what came. */
    void clear() {
        budget.give(bytes.size());
        bytes = new ByteArrayOutputStream();
        stream = null;
        sequence = 0;
        total = 0;
        refused = null;
    }

    private static boolean isInParts(Item item) {
        return item instanceof Item.Data data && data.inParts();
    }

    private Refused refused(Batch batch, Refused.Why why, String what) {
        long record = batch.items().stream()
                .filter(Assembly::isInParts)
                .mapToLong(Item::first)
                .findFirst()
                .orElse(0);
        return new Refused(
                batch.stream(),
                batch.ask(),
                record,
                record,
                why,
                "record " + record + ": " + what,
                why == Refused.Why.OVERLOAD ? retryAfter : Duration.ZERO);
    }
}
