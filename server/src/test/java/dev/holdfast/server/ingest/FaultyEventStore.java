// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.StreamId;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A store in memory that counts its transactions, and fails when it is told to. */
final class FaultyEventStore implements EventStore {

    private final MemoryEventStore store = new MemoryEventStore();

    /** How many transactions there were that succeeded and wrote something. */
    int commits;

    /** Whether nothing can be written: when a transaction ends, as a full disk shows. */
    boolean full;

    /** The stream that it chokes on. */
    @Nullable
    StreamId poison;

    @Override
    public void write(Work work) throws EventStoreException {
        store.write(tables -> {
            work.on(new Tables() {
                @Override
                public Optional<Point> mark(StreamId stream) throws EventStoreException {
                    return tables.mark(stream);
                }

                @Override
                public List<Item> add(InstanceUid agent, Instant now, Batch batch) throws EventStoreException {
                    if (batch.stream().equals(poison)) {
                        throw new IllegalStateException("poison");
                    }
                    return tables.add(agent, now, batch);
                }

                @Override
                public long epochs(StreamId stream) throws EventStoreException {
                    return tables.epochs(stream);
                }

                @Override
                public Retired retire(Instant before, long size, int most) throws EventStoreException {
                    return tables.retire(before, size, most);
                }
            });
            if (full) {
                throw new EventStoreException("no space", new IOException("no space"));
            }
        });
        commits++;
    }

    @Override
    public Optional<Point> mark(StreamId stream) {
        return store.mark(stream);
    }

    @Override
    public long hash(StreamId stream, long sequence) {
        return store.hash(stream, sequence);
    }

    @Override
    public boolean has(OutboxId outbox, String lane, Point point) {
        return store.has(outbox, lane, point);
    }

    @Override
    public Page<Event> events(Query query) {
        return store.events(query);
    }

    @Override
    public List<Push> pushes(InstanceUid agent) {
        return store.pushes(agent);
    }

    @Override
    public Page<Drop> drops(Query query) {
        return store.drops(query);
    }

    @Override
    public Totals totals() {
        return store.totals();
    }

    @Override
    public void close() {
        store.close();
    }
}
