// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.Outbox.Figures;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** The outbox of a stopped agent, whose directory is held meanwhile. */
final class DirectAccess implements OutboxAccess {

    private final DataDirectory data;
    private final Outbox outbox;
    private final OutboxCalls calls;

    private DirectAccess(DataDirectory data, Outbox outbox) {
        this.data = data;
        this.outbox = outbox;
        this.calls = new OutboxCalls(outbox);
    }

    /** @param data let go when this is closed, or cannot be opened */
    static DirectAccess open(DataDirectory data, OutboxPolicy policy, Time time, RandomGenerator chance)
            throws IOException {
        try {
            return new DirectAccess(data, Outbox.open(Door.disk(data), policy, time, chance));
        } catch (IOException | RuntimeException | Error e) {
            data.close();
            throw e;
        }
    }

    @Override
    public List<Long> append(List<NewRecord> records) throws IOException, InterruptedException {
        return calls.append(records);
    }

    @Override
    public List<Item> read(String lane, long from, int maxCount) throws IOException {
        return calls.read(lane, from, maxCount);
    }

    @Override
    public List<DeadLetter> dead(long from, int maxCount) throws IOException {
        return calls.dead(from, maxCount);
    }

    @Override
    public OptionalLong replay(long id) throws IOException, InterruptedException {
        return calls.replay(id);
    }

    @Override
    public void purge(long id) throws IOException, InterruptedException {
        calls.purge(id);
    }

    @Override
    public UUID id() {
        return outbox.id();
    }

    @Override
    public Figures figures() {
        return outbox.figures();
    }

    @Override
    public void close() throws IOException {
        try {
            outbox.close();
        } finally {
            data.close();
        }
    }
}
