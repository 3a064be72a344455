// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.opamp.outbox.Item;
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

    /** Takes the next part; the result is why not, or null. A part that begins a payload ends the one before it. */
    @Nullable
    Refused add(Part part) {
        if (part.offset() == 0) {
            clear();
            stream = part.stream();
            sequence = part.sequence();
            total = part.total();
        }
        if (total > limit) {
            clear();
            return refused(part, Refused.Why.TOO_LARGE, part.total() + " bytes (expected: <= " + limit + ")");
        }
        if (!part.stream().equals(stream)
                || part.sequence() != sequence
                || part.total() != total
                || part.offset() != bytes.size()) {
            clear();
            return refused(
                    part, Refused.Why.OVERLOAD, "a part that does not follow the one before it (expected: offset 0)");
        }
        ByteBuffer data = part.data();
        if (!budget.take(data.remaining())) {
            clear();
            return refused(part, Refused.Why.OVERLOAD, "too much of other records is under way");
        }
        byte[] piece = new byte[data.remaining()];
        data.get(piece);
        bytes.writeBytes(piece);
        return null;
    }

    /**
     * The batch with the payload in it that came in parts.
     *
     * @return null if it names one that did not come whole, as after a new link
     */
    @Nullable
    Batch complete(Batch batch) {
        if (batch.items().stream().noneMatch(Assembly::isInParts)) {
            return batch;
        }
        boolean whole = batch.stream().equals(stream)
                && bytes.size() == total
                && batch.items().stream().filter(Assembly::isInParts).allMatch(item -> item.first() == sequence);
        if (!whole) {
            return null;
        }
        ByteBuffer payload = ByteBuffer.wrap(bytes.toByteArray());
        List<Item> items = batch.items().stream()
                .map(item -> isInParts(item) ? ((Item.Data) item).withPayload(payload) : item)
                .toList();
        clear();
        return new Batch(batch.stream(), batch.opens(), batch.follows(), items);
    }

    /** Forgets what came. */
    void clear() {
        budget.give(bytes.size());
        bytes = new ByteArrayOutputStream();
        stream = null;
        sequence = 0;
        total = 0;
    }

    private static boolean isInParts(Item item) {
        return item instanceof Item.Data data && data.inParts();
    }

    private Refused refused(Part part, Refused.Why why, String detail) {
        return new Refused(
                part.stream(),
                part.sequence(),
                part.sequence(),
                why,
                "record " + part.sequence() + ": " + detail,
                why == Refused.Why.OVERLOAD ? retryAfter : Duration.ZERO);
    }
}
