// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.Outbox.Figures;
import dev.holdfast.core.outbox.OutboxFullException;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Verification;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * What can be asked of an outbox, in pieces of a bounded size, and what went wrong with it as whoever asked is to know
 * it. Safe for use by any thread.
 */
final class OutboxCalls {

    /** Of what is read at once, but for one item whatever its size. */
    private static final long PIECE = 256 << 10;

    /** A dead letter may have a MiB. */
    private static final int MOST_DEAD = 4;

    private static final int MOST_ITEMS = 1000;

    private final Outbox outbox;

    OutboxCalls(Outbox outbox) {
        this.outbox = outbox;
    }

    List<Long> append(List<NewRecord> records) throws IOException, InterruptedException {
        try {
            return outbox.append(records);
        } catch (OutboxFullException | IllegalArgumentException e) {
            throw new RefusedException(String.valueOf(e.getMessage()));
        }
    }

    List<Item> read(String lane, long from, int maxCount) throws IOException {
        return outbox.read(lane, from, Math.min(maxCount, MOST_ITEMS), PIECE);
    }

    List<DeadLetter> dead(long from, int maxCount) throws IOException {
        return outbox.dead(from, Math.min(maxCount, MOST_DEAD));
    }

    OptionalLong replay(long id) throws IOException, InterruptedException {
        try {
            return outbox.replay(id).map(OptionalLong::of).orElse(OptionalLong.empty());
        } catch (OutboxFullException full) {
            throw new RefusedException(String.valueOf(full.getMessage()));
        }
    }

    void purge(long id) throws IOException, InterruptedException {
        await(outbox.purge(id));
    }

    UUID id() {
        return outbox.id();
    }

    Figures figures() {
        return outbox.figures();
    }

    Verification verify() throws IOException {
        return outbox.verify();
    }

    private static void await(CompletableFuture<?> future) throws IOException, InterruptedException {
        try {
            future.get();
        } catch (ExecutionException e) {
            Throwable why = Objects.requireNonNull(e.getCause());
            throw new IOException(why.getMessage(), why);
        }
    }
}
