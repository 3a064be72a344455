// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.delivery.ModelLane.Item;
import dev.holdfast.core.record.Point;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a server does with what an outbox sends, said as plainly as can be. */
final class ModelServer {

    /** Which stream. */
    record Key(String lane, long epoch) {}

    /** One lane in one epoch. */
    static final class Kept {
        long mark;
        long hash;
        final Map<Long, Long> hashes = new HashMap<>();
        final List<Long> sequences = new ArrayList<>();

        Kept copy() {
            Kept copy = new Kept();
            copy.mark = mark;
            copy.hash = hash;
            copy.hashes.putAll(hashes);
            copy.sequences.addAll(sequences);
            return copy;
        }

        void moveTo(long sequence, long at) {
            mark = sequence;
            hash = at;
            hashes.put(sequence, at);
        }
    }

    /** A content and its place: what was stored under it in another epoch is the same record. */
    record Identity(String lane, long sequence, long hash) {}

    /** What is on its disk. */
    static final class Disk {
        final Map<Key, Kept> streams = new HashMap<>();
        final Set<Identity> identities = new HashSet<>();
        final Map<Long, Integer> storedById = new HashMap<>();

        Disk copy() {
            Disk copy = new Disk();
            streams.forEach((key, kept) -> copy.streams.put(key, kept.copy()));
            copy.identities.addAll(identities);
            copy.storedById.putAll(storedById);
            return copy;
        }
    }

    Disk disk = new Disk();

    /** Everything that was ever stored, whatever became of it. */
    final Set<Long> everTaken = new HashSet<>();

    /** What any agent gave up on, so that a gap stands for it. */
    final Set<Long> givenUp = new HashSet<>();

    /** The records that it will never take. */
    LongPredicate isBad = id -> false;

    /** Whether it says which record is to blame. */
    boolean names;

    /** What it refuses a batch with for now, or null. */
    Supplier<Refusal.@Nullable Why> refuses = () -> null;

    Duration refusalFloor = Duration.ZERO;
    Duration markFloor = Duration.ZERO;

    Mark resume(Action.Resume resume) {
        Kept kept = disk.streams.get(new Key(resume.lane(), resume.epoch()));
        if (kept == null) {
            Point at = resume.acknowledged();
            boolean elsewhere = disk.streams.entrySet().stream()
                    .anyMatch(stream -> stream.getKey().lane().equals(resume.lane())
                            && stream.getValue().hashes.getOrDefault(at.sequence(), 0L) == at.hash());
            return unknown(resume.lane(), resume.epoch(), resume.ask(), elsewhere ? at.sequence() : 0);
        }
        long matched = Stream.concat(Stream.of(resume.acknowledged()), resume.points().stream())
                .filter(point ->
                        point.equals(new Point(point.sequence(), kept.hashes.getOrDefault(point.sequence(), 0L)))
                                || (point.hash() == 0 && point.sequence() <= kept.mark))
                .mapToLong(Point::sequence)
                .max()
                .orElse(0);
        return new Mark(resume.lane(), resume.epoch(), resume.ask(), true, kept.mark, kept.hash, matched, markFloor);
    }

    /** A {@link Mark} or a {@link Refusal}. */
    Object batch(Action.Send send, List<Item> items) {
        Key key = new Key(send.lane(), send.epoch());
        Kept kept = disk.streams.get(key);
        if (kept == null && !send.opens()) {
            return unknown(send.lane(), send.epoch(), send.ask(), 0);
        }
        if (kept != null
                && (kept.mark != send.follows().sequence() || !send.follows().hasHash(kept.hash))) {
            return mark(send, kept);
        }
        Refusal.@Nullable Why why = refuses.get();
        if (why != null) {
            return refusal(send, items.getFirst().first(), items.getLast().last(), why);
        }
        for (Item item : items) {
            if (item.id() != 0 && isBad.test(item.id())) {
                return names
                        ? refusal(send, item.first(), item.last(), Refusal.Why.BAD_RECORD)
                        : refusal(
                                send, items.getFirst().first(), items.getLast().last(), Refusal.Why.BAD_RECORD);
            }
        }
        if (kept == null) {
            kept = new Kept();
            kept.mark = send.follows().sequence();
            disk.streams.put(key, kept);
        }
        for (Item item : items) {
            store(send.lane(), kept, item);
        }
        return mark(send, kept);
    }

    private void store(String lane, Kept kept, Item item) {
        if (item.first() != kept.mark + 1) {
            throw new AssertionError("a hole before " + item + " in " + lane + " at " + kept.mark);
        }
        if (item.id() != 0 && disk.identities.add(new Identity(lane, item.last(), item.hash()))) {
            disk.storedById.merge(item.id(), 1, Integer::sum);
            everTaken.add(item.id());
            kept.sequences.add(item.last());
        }
        kept.moveTo(item.last(), item.hash());
    }

    private Mark unknown(String lane, long epoch, long ask, long matched) {
        return new Mark(lane, epoch, ask, false, 0, 0, matched, markFloor);
    }

    private Mark mark(Action.Send send, Kept kept) {
        return new Mark(send.lane(), send.epoch(), send.ask(), true, kept.mark, kept.hash, 0, markFloor);
    }

    private Refusal refusal(Action.Send send, long first, long last, Refusal.Why why) {
        return new Refusal(send.lane(), send.epoch(), send.ask(), first, last, why, "said the model", refusalFloor);
    }
}
