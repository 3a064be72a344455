// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.StreamId;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Events in memory, for whoever simulates a fleet. Safe for use by any thread. */
public final class MemoryEventStore implements EventStore {

    private final Map<StreamId, Past> streams = new HashMap<>();
    private final Map<Place, Long> epochs = new HashMap<>();
    private final Set<Place> records = new HashSet<>();
    private final Set<Place> gaps = new HashSet<>();
    private final NavigableMap<Long, Event> events = new TreeMap<>();
    private final NavigableMap<Long, Drop> drops = new TreeMap<>();
    private final Map<InstanceUid, Deque<Push>> pushes = new HashMap<>();
    private long lastEvent;
    private long lastDrop;
    private long bytes;

    /** What is the same in all epochs of a lane. */
    private record Place(OutboxId outbox, String lane, Point point) {

        static Place of(StreamId stream, Item item) {
            return new Place(stream.outbox(), stream.lane(), item.last());
        }

        static Place of(StreamId stream) {
            return new Place(stream.outbox(), stream.lane(), Point.START);
        }
    }

    /** What is known of a stream. */
    private static final class Past {

        private Point mark = Point.START;
        private final NavigableMap<Long, Long> hashes = new TreeMap<>();

        Past copy() {
            Past copy = new Past();
            copy.mark = mark;
            copy.hashes.putAll(hashes);
            return copy;
        }
    }

    /** A store with what is in this one now: a backup, which can be gone on with. */
    public synchronized MemoryEventStore copy() {
        MemoryEventStore copy = new MemoryEventStore();
        streams.forEach((stream, past) -> copy.streams.put(stream, past.copy()));
        copy.epochs.putAll(epochs);
        copy.records.addAll(records);
        copy.gaps.addAll(gaps);
        copy.events.putAll(events);
        copy.drops.putAll(drops);
        pushes.forEach((agent, history) -> copy.pushes.put(agent, new ArrayDeque<>(history)));
        copy.lastEvent = lastEvent;
        copy.lastDrop = lastDrop;
        copy.bytes = bytes;
        return copy;
    }

    @Override
    public synchronized void write(Work work) throws EventStoreException {
        Transaction transaction = new Transaction();
        work.on(transaction);
        transaction.changes.forEach(Runnable::run);
    }

    @Override
    public synchronized Optional<Point> mark(StreamId stream) {
        return Optional.ofNullable(streams.get(stream)).map(past -> past.mark);
    }

    @Override
    public synchronized long hash(StreamId stream, long sequence) {
        Past past = streams.get(stream);
        return past == null ? 0 : past.hashes.getOrDefault(sequence, 0L);
    }

    @Override
    public synchronized boolean has(OutboxId outbox, String lane, Point point) {
        Place place = new Place(outbox, lane, point);
        return records.contains(place) || gaps.contains(place);
    }

    @Override
    public synchronized Page<Event> events(Query query) {
        return page(events.tailMap(query.after(), false), query, event -> matches(query, event));
    }

    private static boolean matches(Query query, Event event) {
        return matches(query, event.agent(), event.stream(), event.at())
                && (query.type() == null || query.type().equals(event.data().contentType()));
    }

    private static boolean matches(Query query, InstanceUid agent, StreamId stream, Instant at) {
        return (query.agent() == null || query.agent().equals(agent))
                && (query.lane() == null || query.lane().equals(stream.lane()))
                && (query.since() == null || !at.isBefore(query.since()))
                && (query.until() == null || at.isBefore(query.until()));
    }

    private static <T> Page<T> page(NavigableMap<Long, T> from, Query query, Predicate<T> wanted) {
        List<T> found = new ArrayList<>();
        long next = query.after();
        long size = 0;
        for (Map.Entry<Long, T> entry : from.entrySet()) {
            if (found.size() == query.limit() || size >= PAGE_BYTES) {
                return new Page<>(found, next, false);
            }
            next = entry.getKey();
            if (wanted.test(entry.getValue())) {
                found.add(entry.getValue());
                size += entry.getValue() instanceof Event event ? Event.size(event.data()) : 0;
            }
        }
        return new Page<>(found, next, true);
    }

    @Override
    public synchronized List<Push> pushes(InstanceUid agent) {
        return List.copyOf(pushes.getOrDefault(agent, new ArrayDeque<>()));
    }

    @Override
    public synchronized Page<Drop> drops(Query query) {
        return page(
                drops.tailMap(query.after(), false),
                query,
                drop -> matches(query, drop.agent(), drop.stream(), drop.at())
                        && (query.type() == null
                                || query.type().equals(drop.gap().why().name().toLowerCase(Locale.ROOT))));
    }

    @Override
    public synchronized Totals totals() {
        return new Totals(events.size(), bytes);
    }

    @Override
    public void close() {
        // Memory holds nothing that others wait for.
    }

    private void add(InstanceUid agent, Instant now, Batch batch, List<Item> items) {
        if (!streams.containsKey(batch.stream())) {
            epochs.merge(Place.of(batch.stream()), 1L, Long::sum);
        }
        Past past = streams.computeIfAbsent(batch.stream(), stream -> new Past());
        int count = 0;
        long size = 0;
        batch.items()
                .forEach(item ->
                        past.hashes.put(item.last().sequence(), item.last().hash()));
        for (Item item : items) {
            switch (item) {
                case Item.Data data -> {
                    count++;
                    size += data.payload().remaining();
                    bytes += Event.size(data);
                    events.put(++lastEvent, new Event(lastEvent, batch.stream(), agent, now, data));
                }
                case Item.Gap gap -> drops.put(++lastDrop, new Drop(lastDrop, batch.stream(), agent, now, gap));
            }
        }
        past.mark = batch.reaches();
        Deque<Push> history = pushes.computeIfAbsent(agent, who -> new ArrayDeque<>());
        history.addFirst(new Push(
                now,
                batch.stream(),
                batch.items().getFirst().first(),
                batch.reaches().sequence(),
                count,
                size));
        if (history.size() > PUSHES) {
            history.removeLast();
        }
    }

    /** What is to be done once it has come to its end. */
    private final class Transaction implements Tables {

        private final List<Runnable> changes = new ArrayList<>();
        private final Set<Place> newRecords = new HashSet<>();
        private final Set<Place> newGaps = new HashSet<>();
        private final Map<StreamId, Point> marks = new HashMap<>();

        @Override
        public Optional<Point> mark(StreamId stream) {
            return Optional.ofNullable(marks.get(stream)).or(() -> MemoryEventStore.this.mark(stream));
        }

        @Override
        public long epochs(StreamId stream) {
            return epochs.getOrDefault(Place.of(stream), 0L);
        }

        @Override
        public List<Item> add(InstanceUid agent, Instant now, Batch batch) {
            marks.put(batch.stream(), batch.reaches());
            List<Item> items = batch.items().stream()
                    .filter(item -> isNew(batch.stream(), item))
                    .toList();
            changes.add(() -> {
                MemoryEventStore.this.add(agent, now, batch, items);
                records.addAll(newRecords);
                gaps.addAll(newGaps);
            });
            return items;
        }

        private boolean isNew(StreamId stream, Item item) {
            Place place = Place.of(stream, item);
            boolean isThere = item instanceof Item.Data
                    ? records.contains(place) || !newRecords.add(place)
                    : gaps.contains(place) || !newGaps.add(place);
            return !isThere || item.last().hash() == 0;
        }

        @Override
        public Retired retire(Instant before, long size, int most) {
            List<Long> old = new ArrayList<>();
            long left = bytes;
            for (Event event : events.values()) {
                if (old.size() == most || !(event.at().isBefore(before) || left > size)) {
                    break;
                }
                left -= Event.size(event.data());
                old.add(event.id());
            }
            List<Long> oldDrops = new ArrayList<>();
            for (Drop drop : drops.values()) {
                boolean isOneTooMany = drops.size() - oldDrops.size() > EventStore.mostDrops(size);
                if (oldDrops.size() == most || !(drop.at().isBefore(before) || isOneTooMany)) {
                    break;
                }
                oldDrops.add(drop.id());
            }
            long remaining = left;
            changes.add(() -> {
                events.keySet().removeAll(old);
                bytes = remaining;
                drops.keySet().removeAll(oldDrops);
                pushes.values()
                        .forEach(history -> history.removeIf(push -> push.at().isBefore(before)));
                pushes.values().removeIf(Deque::isEmpty);
            });
            return new Retired(old.size(), Math.max(old.size(), oldDrops.size()) == most);
        }
    }
}
