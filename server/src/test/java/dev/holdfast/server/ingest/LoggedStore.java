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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A store whose transactions are noted, and fail now and then as a full disk makes them. */
final class LoggedStore implements EventStore {

    /** What was stored, also if it is removed later. */
    record Stored(StreamId stream, Item item) {}

    private final EventStore store;
    private final BooleanSupplier isFull;
    final List<Stored> log;

    LoggedStore(EventStore store, List<Stored> log, BooleanSupplier isFull) {
        this.store = store;
        this.log = new ArrayList<>(log);
        this.isFull = isFull;
    }

    @Override
    public void write(Work work) throws EventStoreException {
        List<Stored> stored = new ArrayList<>();
        store.write(tables -> {
            work.on(new Tables() {
                @Override
                public Optional<Point> mark(StreamId stream) throws EventStoreException {
                    return tables.mark(stream);
                }

                @Override
                public List<Item> add(InstanceUid agent, Instant now, Batch batch) throws EventStoreException {
                    List<Item> items = tables.add(agent, now, batch);
                    items.forEach(item -> stored.add(new Stored(batch.stream(), item)));
                    return items;
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
            if (isFull.getAsBoolean()) {
                throw new EventStoreException("no space", new IOException("no space"));
            }
        });
        log.addAll(stored);
    }

    @Override
    public Optional<Point> mark(StreamId stream) throws EventStoreException {
        return store.mark(stream);
    }

    @Override
    public long hash(StreamId stream, long sequence) throws EventStoreException {
        return store.hash(stream, sequence);
    }

    @Override
    public boolean has(OutboxId outbox, String lane, Point point) throws EventStoreException {
        return store.has(outbox, lane, point);
    }

    @Override
    public Page<Event> events(Query query) throws EventStoreException {
        return store.events(query);
    }

    @Override
    public List<Push> pushes(InstanceUid agent) throws EventStoreException {
        return store.pushes(agent);
    }

    @Override
    public Page<Drop> drops(Query query) throws EventStoreException {
        return store.drops(query);
    }

    @Override
    public Totals totals() throws EventStoreException {
        return store.totals();
    }

    @Override
    public void close() {
        store.close();
    }
}
