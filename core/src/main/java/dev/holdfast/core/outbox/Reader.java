// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.outbox.Lane.Run;
import dev.holdfast.core.outbox.Lane.Step;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.Scan;
import dev.holdfast.core.segment.SegmentLog;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Reads what an {@link Index} knows the place of. Safe for use by any thread. */
final class Reader {

    /** A segment goes while it is read, if what was wanted of it has been moved: then it is looked for once more. */
    private static final int MOST_TRIES = 5;

    private final SegmentLog log;
    private final Index index;
    private final ReentrantLock lock;

    private static final Comparator<Step> OLDEST =
            Comparator.comparingLong(step -> step.point().sequence());

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

    List<Item> read(String lane, long from, long upTo, int maxCount, long maxBytes) throws IOException {
        if (from < 1 || maxCount < 1) {
            throw new IllegalArgumentException("from: " + from + ", maxCount: " + maxCount + " (expected: both >= 1)");
        }
        for (int attempt = 1; ; attempt++) {
            Plan plan = plan(lane, from, upTo, maxCount);
            try {
                return read(plan, new Items(upTo, maxCount, maxBytes));
            } catch (IOException e) {
                if (attempt == MOST_TRIES || plan.equals(plan(lane, from, upTo, maxCount))) {
                    throw e;
                }
            }
        }
    }

    private Plan plan(String name, long from, long upTo, int maxCount) {
        lock.lock();
        try {
            Lane lane = index.lanes.get(name);
            List<Piece> pieces = new ArrayList<>();
            if (lane == null) {
                return new Plan(-1, pieces);
            }
            long planned = 0;
            long at = Math.max(from, lane.acked + 1);
            while (at < lane.next && planned < maxCount && (planned == 0 || at <= upTo)) {
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
        Gap gap = lane.gapAt(at);
        if (gap != null) {
            return new Piece(gap, null, at, gap.last(), 0);
        }
        Long nextGap = lane.gaps.higherKey(at);
        long end = nextGap == null ? lane.next - 1 : nextGap - 1;
        Run run = lane.runAt(at);
        if (run != null && log.has(run.segment())) {
            return new Piece(null, run, at, Math.min(end, run.last()), offset(lane.id, run, at));
        }
        if (run != null) {
            return new Piece(damaged(at, Math.min(end, run.last())), null, at, Math.min(end, run.last()), 0);
        }
        Long nextRun = lane.runs.higherKey(at);
        long last = Math.min(end, nextRun == null ? lane.next - 1 : nextRun - 1);
        return new Piece(damaged(at, last), null, at, last, 0);
    }

    private static Gap damaged(long first, long last) {
        return new Gap(first, last, Why.DAMAGED, 0, "not found on the disk");
    }

    private int offset(int lane, Run run, long at) {
        lock.lock();
        try {
            Place place = places.get(lane);
            return place != null && place.segment == run.segment() && place.next <= at && place.offset >= run.offset()
                    ? place.offset
                    : run.offset();
        } finally {
            lock.unlock();
        }
    }

    private List<Item> read(Plan plan, Items items) throws IOException {
        for (Piece piece : plan.pieces) {
            if (piece.gap != null) {
                Gap gap = piece.gap;
                items.add(new Gap(piece.first, gap.last(), gap.why(), gap.hash(), gap.audit()));
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
        Place place = null;
        Scan scan = log.scan(run.segment(), piece.offset, run.end());
        while (expected <= piece.last && !items.isFull && scan.next()) {
            if (!isRecord(scan, lane) || scan.sequence() < expected || scan.sequence() > piece.last) {
                continue;
            }
            if (scan.sequence() > expected) {
                items.add(damaged(expected, scan.sequence() - 1));
            }
            if (!items.isFull && items.add(item(scan))) {
                expected = scan.sequence() + 1;
                place = new Place(run.segment(), scan.end(), expected);
            }
        }
        if (expected <= piece.last && !items.isFull) {
            items.add(damaged(expected, piece.last));
        }
        note(lane, place, items);
    }

    private static boolean isRecord(Scan scan, int lane) {
        return scan.lane() == lane && (scan.type() == Codec.RECORD || scan.type() == Codec.MOVED);
    }

    private void note(int lane, @Nullable Place place, Items items) {
        lock.lock();
        try {
            if (place != null) {
                places.put(lane, place);
            }
            Lane known = index.byId.get(lane);
            if (known != null && items.list.getFirst() instanceof Stored first) {
                known.saw(first.sequence(), first.time().toEpochMilli());
            }
        } finally {
            lock.unlock();
        }
    }

    private static Item item(Scan scan) throws IOException {
        byte[] payload = scan.payload();
        return payload == null
                ? new Gap(scan.sequence(), scan.sequence(), Why.DAMAGED, scan.hash(), "its checksum does not verify")
                : Codec.stored(scan.sequence(), scan.hash(), payload);
    }

    /** Whether a gap was found while reading, and is not known of yet. */
    boolean isNews(String name, Gap gap) {
        lock.lock();
        try {
            Lane lane = index.lanes.get(name);
            return lane != null && gap.why() == Why.DAMAGED && isNews(lane, gap);
        } finally {
            lock.unlock();
        }
    }

    /** The same, for who holds the lock or is the writer. */
    static boolean isNews(Lane lane, Gap gap) {
        return gap.first() > lane.acked && gap.last() < lane.next && lane.gapAt(gap.first()) == null;
    }

    /** The newest points at or before sequences; see {@link Outbox#points}. */
    List<Point> points(String lane, List<Long> sequences) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                Map<Long, Point> found = sought(lane, sequences);
                return sequences.stream()
                        .map(sequence -> Objects.requireNonNull(found.get(sequence)))
                        .toList();
            } catch (IOException e) {
                // A segment may have gone meanwhile.
                if (attempt == MOST_TRIES) {
                    throw e;
                }
            }
        }
    }

    private Map<Long, Point> sought(String lane, List<Long> sequences) throws IOException {
        Map<Long, Point> found = new HashMap<>();
        Map<Long, Long> left = new TreeMap<>();
        sequences.forEach(sequence -> left.put(sequence, sequence));
        while (!left.isEmpty()) {
            // Each run is read once, whatever is sought in it.
            Map<Run, Queue<Step>> byRun = new LinkedHashMap<>();
            left.forEach((asked, from) -> {
                Step step = step(lane, asked, from);
                if (step.run() == null) {
                    found.put(asked, step.point());
                } else {
                    byRun.computeIfAbsent(step.run(), run -> new PriorityQueue<>(OLDEST))
                            .add(step);
                }
            });
            left.keySet().removeAll(found.keySet());
            for (Map.Entry<Run, Queue<Step>> each : byRun.entrySet()) {
                seek(each.getKey(), each.getValue(), found, left);
            }
        }
        return found;
    }

    private void seek(Run run, Queue<Step> steps, Map<Long, Point> found, Map<Long, Long> left) throws IOException {
        Point newest = Point.START;
        Scan scan = log.scan(run.segment(), run.offset(), run.end());
        while (!steps.isEmpty() && scan.next()) {
            if (isRecord(scan, steps.element().lane()) && scan.sequence() > newest.sequence()) {
                settle(steps, scan.sequence() - 1, newest, found, left);
                newest = new Point(scan.sequence(), scan.hash());
                settle(steps, scan.sequence(), newest, found, left);
            }
        }
        settle(steps, Long.MAX_VALUE, newest, found, left);
    }

    private static void settle(
            Queue<Step> steps, long upTo, Point newest, Map<Long, Point> found, Map<Long, Long> left) {
        while (!steps.isEmpty() && steps.element().point().sequence() <= upTo) {
            Step step = steps.remove();
            if (newest.sequence() >= step.first()) {
                found.put(step.asked(), newest);
                left.remove(step.asked());
            } else {
                // Nothing of it can be read: what is before it still says something.
                left.put(step.asked(), step.first() - 1);
            }
        }
    }

    private Step step(String name, long asked, long from) {
        lock.lock();
        try {
            Lane lane = index.lanes.get(name);
            return lane == null ? new Step(asked, -1, null, 0, Point.START) : lane.step(asked, from, log::has);
        } finally {
            lock.unlock();
        }
    }

    /** A record as it is kept, or null if it is not there any more or does not verify. */
    @Nullable
    Frame record(Lane lane, long sequence) throws IOException {
        Run run = sequence > lane.acked && lane.gapAt(sequence) == null ? lane.runAt(sequence) : null;
        if (run == null || !log.has(run.segment())) {
            return null;
        }
        Scan scan = log.scan(run.segment(), offset(lane.id, run, sequence), run.end());
        while (scan.next()) {
            if (isRecord(scan, lane.id) && scan.sequence() == sequence) {
                byte[] payload = scan.payload();
                return payload == null ? null : new Frame(scan.type(), scan.lane(), sequence, scan.hash(), payload);
            }
        }
        return null;
    }

    List<DeadLetter> dead(long from, int maxCount) throws IOException {
        List<DeadLetter> letters = new ArrayList<>();
        // One that cannot be read must not hide those after it.
        for (Long id = nextDead(from); id != null && letters.size() < maxCount; id = nextDead(id + 1)) {
            dead(id).ifPresent(letters::add);
        }
        return letters;
    }

    private @Nullable Long nextDead(long from) {
        lock.lock();
        try {
            return index.dead.ceilingKey(from);
        } finally {
            lock.unlock();
        }
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

    /** What is read, up to a sequence, a number and a size. */
    private static final class Items {
        final List<Item> list = new ArrayList<>();
        final long upTo;
        final int maxCount;
        long bytesLeft;
        boolean isFull;

        Items(long upTo, int maxCount, long maxBytes) {
            this.upTo = upTo;
            this.maxCount = maxCount;
            this.bytesLeft = maxBytes;
        }

        /** Whether it has room; the first one always has. */
        boolean add(Item item) {
            long size = item.size();
            if (!list.isEmpty() && (size > bytesLeft || item.last() > upTo)) {
                isFull = true;
                return false;
            }
            list.add(item);
            bytesLeft -= size;
            isFull = list.size() >= maxCount || bytesLeft < 0;
            return true;
        }
    }
}
