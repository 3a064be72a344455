// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.outbox.Lane.Run;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.Scan;
import dev.holdfast.core.segment.SegmentLog;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Reads what an {@link Index} knows the place of. Safe for use by any thread. */
final class Reader {

    /** A segment goes while it is read, if what was wanted of it has been moved: then it is looked for once more. */
    private static final int MOST_TRIES = 5;

    private final SegmentLog log;
    private final Index index;
    private final ReentrantLock lock;

    /** Where reading a lane ended last, by the lane's number; guarded by the lock. */
    private final Map<Integer, Place> places = new HashMap<>();

    /** Before which record of a lane a reader stands: whoever goes on there need not look for it. */
    private record Place(int segment, int offset, long next) {}

    /** A part of a lane: sequences that will never come, or a part of a run. */
    private record Piece(@Nullable Gap gap, @Nullable Run run, long first, long last, int offset) {}

    private record Plan(int lane, List<Piece> pieces) {}

    Reader(SegmentLog log, Index index, ReentrantLock lock) {
        this.log = log;
        this.index = index;
        this.lock = lock;
    }

    List<Item> read(String lane, long from, int maxCount, long maxBytes) throws IOException {
        if (from < 1 || maxCount < 1) {
            throw new IllegalArgumentException("from: " + from + ", maxCount: " + maxCount + " (expected: both >= 1)");
        }
        for (int attempt = 1; ; attempt++) {
            Plan plan = plan(lane, from, maxCount);
            try {
                return read(plan, maxCount, maxBytes);
            } catch (IOException e) {
                if (attempt == MOST_TRIES || plan.equals(plan(lane, from, maxCount))) {
                    throw e;
                }
            }
        }
    }

    private Plan plan(String name, long from, int maxCount) {
        lock.lock();
        try {
            Lane lane = index.lanes.get(name);
            List<Piece> pieces = new ArrayList<>();
            if (lane == null) {
                return new Plan(-1, pieces);
            }
            long planned = 0;
            long at = Math.max(from, lane.acked + 1);
            while (at < lane.next && planned < maxCount) {
                Piece piece = piece(lane, at);
                pieces.add(piece);
                planned += piece.gap == null ? piece.last - at + 1 : 1;
                at = piece.last + 1;
            }
            return new Plan(lane.id, pieces);
        } finally {
            lock.unlock();
        }
    }

    private Piece piece(Lane lane, long at) {
        Map.Entry<Long, Gap> gap = lane.gaps.floorEntry(at);
        if (gap != null && gap.getValue().last() >= at) {
            return new Piece(gap.getValue(), null, at, gap.getValue().last(), 0);
        }
        Long nextGap = lane.gaps.higherKey(at);
        long end = nextGap == null ? lane.next - 1 : nextGap - 1;
        Map.Entry<Long, Run> run = lane.runs.floorEntry(at);
        if (run != null && run.getValue().last() >= at) {
            Run found = run.getValue();
            return new Piece(null, found, at, Math.min(end, found.last()), offset(lane.id, found, at));
        }
        Long nextRun = lane.runs.higherKey(at);
        long last = Math.min(end, nextRun == null ? lane.next - 1 : nextRun - 1);
        return new Piece(new Gap(at, last, Why.DAMAGED, 0, "not found on the disk"), null, at, last, 0);
    }

    private int offset(int lane, Run run, long at) {
        Place place = places.get(lane);
        return place != null && place.segment == run.segment() && place.next <= at && place.offset >= run.offset()
                ? place.offset
                : run.offset();
    }

    private List<Item> read(Plan plan, int maxCount, long maxBytes) throws IOException {
        Items items = new Items(maxCount, maxBytes);
        for (Piece piece : plan.pieces) {
            if (piece.gap != null) {
                Gap gap = piece.gap;
                items.add(new Gap(piece.first, gap.last(), gap.why(), gap.hash(), gap.audit()), 0);
            } else if (piece.run != null) {
                read(plan.lane, piece, piece.run, items);
            }
            if (items.isFull) {
                break;
            }
        }
        return items.list;
    }

    private void read(int lane, Piece piece, Run run, Items items) throws IOException {
        long expected = piece.first;
        Scan scan = log.scan(run.segment(), piece.offset, run.end());
        while (expected <= piece.last && !items.isFull && scan.next()) {
            boolean isRecord = scan.type() == Codec.RECORD || scan.type() == Codec.MOVED;
            if (!isRecord || scan.lane() != lane || scan.sequence() < expected || scan.sequence() > piece.last) {
                continue;
            }
            if (scan.sequence() > expected) {
                items.add(new Gap(expected, scan.sequence() - 1, Why.DAMAGED, 0, "not found on the disk"), 0);
            }
            if (!items.isFull) {
                item(scan, items);
                expected = scan.sequence() + 1;
                note(lane, new Place(run.segment(), scan.end(), expected));
            }
        }
        if (expected <= piece.last && !items.isFull) {
            items.add(new Gap(expected, piece.last, Why.DAMAGED, 0, "not found on the disk"), 0);
        }
    }

    private void note(int lane, Place place) {
        lock.lock();
        try {
            places.put(lane, place);
        } finally {
            lock.unlock();
        }
    }

    private static void item(Scan scan, Items items) throws IOException {
        byte[] payload = scan.payload();
        if (payload == null) {
            items.add(
                    new Gap(scan.sequence(), scan.sequence(), Why.DAMAGED, scan.hash(), "its checksum does not verify"),
                    0);
        } else {
            items.add(Codec.stored(scan.sequence(), scan.hash(), payload), payload.length);
        }
    }

    List<DeadLetter> dead(long from, int maxCount) throws IOException {
        Map<Long, Index.Dead> wanted = new HashMap<>();
        List<DeadLetter> letters = new ArrayList<>();
        lock.lock();
        try {
            index.dead.tailMap(from, true).entrySet().stream()
                    .limit(maxCount)
                    .forEach(entry -> wanted.put(entry.getKey(), entry.getValue()));
        } finally {
            lock.unlock();
        }
        for (long id : wanted.keySet().stream().sorted().toList()) {
            Optional<DeadLetter> letter = dead(id);
            letter.ifPresent(letters::add);
        }
        return letters;
    }

    private Optional<DeadLetter> dead(long id) throws IOException {
        Index.Dead place;
        lock.lock();
        try {
            place = index.dead.get(id);
        } finally {
            lock.unlock();
        }
        Optional<Frame> frame = place == null ? Optional.empty() : log.read(place.position());
        if (frame.isEmpty()) {
            return Optional.empty();
        }
        DataInputStream in = Codec.in(frame.get().payload());
        Attempts attempts = Codec.attempts(in);
        Stored record = Codec.stored(frame.get().sequence(), in.readLong(), in);
        return Optional.of(new DeadLetter(id, laneName(frame.get().lane()), attempts, record));
    }

    private String laneName(int id) {
        lock.lock();
        try {
            Lane lane = index.byId.get(id);
            return lane == null ? "lost-name-" + id : lane.name;
        } finally {
            lock.unlock();
        }
    }

    /** What is read, up to a number and a size. */
    private static final class Items {
        final List<Item> list = new ArrayList<>();
        final int maxCount;
        long bytesLeft;
        boolean isFull;

        Items(int maxCount, long maxBytes) {
            this.maxCount = maxCount;
            this.bytesLeft = maxBytes;
        }

        void add(Item item, int bytes) {
            if (!list.isEmpty() && bytes > bytesLeft) {
                isFull = true;
                return;
            }
            list.add(item);
            bytesLeft -= bytes;
            isFull = list.size() >= maxCount || bytesLeft < 0;
        }
    }
}
