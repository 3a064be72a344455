// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.outbox.Lane.Run;
import dev.holdfast.core.record.Chain;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.record.Verification.Damage;
import dev.holdfast.core.record.Verification.Lost;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.Scan;
import dev.holdfast.core.segment.SegmentLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads every frame of an outbox and says what of it can be believed: both checksums of each, whether every record that
 * waits and every dead letter is where it should be, and whether the hash of each record follows from the one before
 * it. Writes nothing; needs memory for segments, lanes and dead letters, not for records. For use by one thread.
 */
public final class Verifier {

    static final String MISSING = "not found on the disk";
    static final String UNREADABLE = "its checksum does not verify";
    static final String FOREIGN = "its hash does not follow from the record before it";

    private final SegmentLog log;
    private final Index index;

    /** Those in which something does not verify. */
    final SortedSet<Integer> hurt = new TreeSet<>();

    /** From where on a run is not what follows the records before it. */
    final Map<Place, Long> foreign = new HashMap<>();

    /** The dead letters that were not found so far. */
    final SortedSet<Long> lostDead;

    private final Map<Place, Progress> progress = new HashMap<>();
    private final List<Start> starts = new ArrayList<>();
    private final Tally total = new Tally();
    private int segments;

    /** A run: the number of its lane, and its first sequence. */
    record Place(int lane, long first) {}

    /** The first record of a run that can be read; what is before it may be in another segment. */
    private record Start(Lane lane, Run run, long sequence, long position) {}

    /** How far a run was read. */
    private static final class Progress {
        long expected;
        long good;
        long last = -1;
        long hash;

        Progress(Lane lane, Run run) {
            this.expected = Math.max(run.first(), lane.acked + 1);
        }
    }

    private Verifier(SegmentLog log, Index index) {
        this.log = log;
        this.index = index;
        this.lostDead = new TreeSet<>(index.dead.keySet());
        this.lostDead.addAll(index.lostDead);
    }

    /**
     * Verifies the outbox on a disk that nobody has open.
     *
     * @throws IOException if the disk does not let it be read, or holds an outbox of a later version
     */
    public static Verification verify(Disk disk) throws IOException {
        // An id is drawn where there is no log yet; nobody hears of that one.
        try (SegmentLog log = SegmentLog.open(disk, SegmentLog.SIZE, () -> 0)) {
            Recovery.Found found = Recovery.read(log);
            return of(log, found).verification(found);
        }
    }

    /**
     * Verifies what a log that is open held when the index was copied. A segment that goes meanwhile is not looked at,
     * since what was wanted of it has been moved.
     */
    static Verification verify(SegmentLog log, Index copy) throws IOException {
        int newest = copy.segments.lastKey();
        int end = Objects.requireNonNull(copy.segments.get(newest));
        Recovery.Found found = new Recovery.Found(copy, newest, end, true, 0, 0);
        return of(log, found).verification(found);
    }

    /** Reads everything. */
    static Verifier of(SegmentLog log, Recovery.Found found) throws IOException {
        log.unreadable().forEach(found.index()::lose);
        Verifier verifier = new Verifier(log, found.index());
        for (Map.Entry<Integer, Integer> segment : found.index().segments.entrySet()) {
            int number = segment.getKey();
            verifier.read(number, number == found.newest() ? found.end() : segment.getValue());
        }
        if (found.newest() > 0 && found.end() < SegmentLog.FIRST_FRAME) {
            // A segment has frames from its beginning, or none were ever read from it.
            int end = Math.max(SegmentLog.FIRST_FRAME + 8, (int) found.unfinished());
            verifier.damaged(verifier.total, found.newest(), SegmentLog.FIRST_FRAME, end);
        }
        verifier.findForeign();
        return verifier;
    }

    private void read(int number, int end) throws IOException {
        Tally tally = new Tally();
        boolean isThere = true;
        try {
            for (int from : log.damagedHeaders(number)) {
                damaged(tally, number, from, from + SegmentLog.HEADER_SIZE);
            }
            scan(tally, number, end);
        } catch (IOException e) {
            isThere = log.has(number);
            if (isThere) {
                throw e;
            }
        }
        if (isThere && log.has(number)) {
            total.add(tally);
            segments++;
        } else {
            hurt.remove(number);
            index.dead.forEach((id, letter) -> {
                if (SegmentLog.segment(letter.position()) == number) {
                    lostDead.remove(id);
                }
            });
        }
    }

    private void scan(Tally tally, int number, int end) throws IOException {
        Scan scan = log.scan(number, 0, end);
        int last = SegmentLog.FIRST_FRAME;
        while (scan.next()) {
            int offset = SegmentLog.offset(scan.position());
            damaged(tally, number, last, offset);
            last = scan.end();
            byte[] payload = scan.payload();
            if (payload == null) {
                damaged(tally, number, offset, last);
            } else {
                tally.frames++;
            }
            frame(tally, scan, payload);
        }
        damaged(tally, number, last, end);
        for (Lane lane : index.all()) {
            for (Run run : lane.runs.values()) {
                if (run.segment() == number) {
                    lost(tally, lane, progress(lane, run).expected, run.last(), MISSING);
                }
            }
        }
    }

    private void damaged(Tally tally, int number, int from, int to) {
        if (from < to) {
            hurt.add(number);
            tally.damaged(new Damage(SegmentLog.name(number), from, to));
        }
    }

    private void frame(Tally tally, Scan scan, byte @Nullable [] payload) throws IOException {
        if (scan.type() == Codec.DEAD) {
            Index.Dead letter = index.dead.get(scan.hash());
            if (payload != null && letter != null && letter.position() == scan.position()) {
                lostDead.remove(scan.hash());
                tally.dead++;
            }
        } else if (scan.type() == Codec.RECORD || scan.type() == Codec.MOVED) {
            Lane lane = index.byId.get(scan.lane());
            Run run = lane == null ? null : run(lane, scan);
            if (lane != null && run != null) {
                record(tally, scan, lane, run, payload);
            }
        }
    }

    /** The run that a record is part of where it is read, or null if it is of none. */
    static @Nullable Run run(Lane lane, Scan scan) {
        Map.Entry<Long, Run> run = lane.runs.floorEntry(scan.sequence());
        return run != null
                        && run.getValue().segment() == SegmentLog.segment(scan.position())
                        && run.getValue().last() >= scan.sequence()
                ? run.getValue()
                : null;
    }

    private void record(Tally tally, Scan scan, Lane lane, Run run, byte @Nullable [] payload) throws IOException {
        Progress done = progress(lane, run);
        long sequence = scan.sequence();
        if (done.last >= sequence) {
            // Written twice, since nobody could say whether the first time was in vain.
            return;
        }
        Place place = new Place(lane.id, run.first());
        if (payload != null && done.last == sequence - 1) {
            if (!foreign.containsKey(place) && !follows(done.hash, sequence, scan.hash(), payload)) {
                foreign.put(place, sequence);
                hurt.add(run.segment());
            }
        } else if (payload != null && done.last < 0) {
            starts.add(new Start(lane, run, sequence, scan.position()));
        }
        lost(tally, lane, done.expected, sequence - 1, MISSING);
        if (sequence >= done.expected && lane.gapAt(sequence) == null) {
            if (payload == null || foreign.containsKey(place)) {
                lost(tally, lane, sequence, sequence, payload == null ? UNREADABLE : FOREIGN);
            } else {
                tally.records++;
                done.good++;
            }
        }
        done.last = sequence;
        done.hash = scan.hash();
        done.expected = Math.max(done.expected, sequence + 1);
    }

    private Progress progress(Lane lane, Run run) {
        return progress.computeIfAbsent(new Place(lane.id, run.first()), place -> new Progress(lane, run));
    }

    private static boolean follows(long before, long sequence, long hash, byte[] payload) throws IOException {
        if (before == Chain.START && sequence > 1) {
            // Not known.
            return true;
        }
        Stored record = Codec.stored(sequence, hash, payload);
        return hash
                == Chain.next(before, sequence, record.time(), record.contentType(), ByteBuffer.wrap(record.payload()));
    }

    /**
     * Looks at where runs begin, once it is known how the others end. What the other side said when it acknowledged is
     * its word, and is compared with it when it is there.
     */
    private void findForeign() throws IOException {
        starts.sort(Comparator.comparingInt((Start start) -> start.lane.id).thenComparingLong(Start::sequence));
        for (Start start : starts) {
            Optional<Frame> frame = log.read(start.position);
            long before = hash(start.lane, start.sequence - 1);
            if (frame.isPresent()
                    && !follows(
                            before,
                            start.sequence,
                            frame.get().hash(),
                            frame.get().payload())) {
                Place place = new Place(start.lane.id, start.run.first());
                long good = progress(start.lane, start.run).good;
                foreign.put(place, start.sequence);
                hurt.add(start.run.segment());
                total.records -= good;
                total.lost(new Lost(start.lane.name, start.sequence, start.run.last(), false, FOREIGN), good);
            }
        }
    }

    /** The chain hash at a sequence, or 0 if it is not known. */
    private long hash(Lane lane, long sequence) {
        Gap gap = lane.gapAt(sequence);
        if (gap != null) {
            return gap.last() == sequence ? gap.hash() : 0;
        }
        Map.Entry<Long, Run> run = lane.runs.floorEntry(sequence);
        Place place = run == null ? null : new Place(lane.id, run.getKey());
        Progress read = place == null ? null : progress.get(place);
        return read == null || read.last != sequence || foreign.containsKey(place) ? 0 : read.hash;
    }

    private static void lost(Tally tally, Lane lane, long first, long last, String why) {
        long at = first;
        while (at <= last) {
            Gap gap = lane.gapAt(at);
            Long next = lane.gaps.higherKey(at);
            long end = gap != null ? gap.last() : Math.min(last, next == null ? last : next - 1);
            if (gap == null) {
                tally.lost(new Lost(lane.name, at, end, false, why), end - at + 1);
            }
            at = end + 1;
        }
    }

    /** What came of it. */
    Verification verification(Recovery.Found found) throws IOException {
        boolean isAnyMissing = false;
        for (Lane lane : index.all()) {
            for (Lane.Hole hole : lane.holes(1, lane.next - 1)) {
                lost(total, lane, hole.first(), hole.last(), MISSING);
                isAnyMissing = true;
            }
            for (Gap gap : lane.gaps.values()) {
                if (gap.why() == Why.DAMAGED) {
                    total.lost(
                            new Lost(lane.name, gap.first(), gap.last(), true, gap.audit()),
                            gap.last() - gap.first() + 1);
                }
            }
        }
        List<Integer> unreadable = log.unreadable();
        return new Verification(
                segments,
                unreadable.stream().map(SegmentLog::name).toList(),
                total.frames,
                total.records,
                total.dead,
                total.damagedBytes,
                total.damage,
                total.lostRecords,
                total.lost,
                lostDead.stream().limit(Verification.MOST).toList(),
                found.end() < SegmentLog.FIRST_FRAME ? 0 : found.unfinished(),
                log.otherFiles(),
                isAnyMissing || !hurt.isEmpty() || !lostDead.isEmpty() || !unreadable.isEmpty());
    }

    /** What was counted. */
    private static final class Tally {
        long frames;
        long records;
        long dead;
        long damagedBytes;
        final List<Damage> damage = new ArrayList<>();
        long lostRecords;
        final List<Lost> lost = new ArrayList<>();

        void damaged(Damage more) {
            damagedBytes += more.to() - more.from();
            Damage last = damage.isEmpty() ? null : damage.getLast();
            if (last != null && last.file().equals(more.file()) && last.to() == more.from()) {
                damage.set(damage.size() - 1, new Damage(more.file(), last.from(), more.to()));
            } else if (damage.size() < Verification.MOST) {
                damage.add(more);
            }
        }

        void lost(Lost more, long records) {
            lostRecords += records;
            Lost last = lost.isEmpty() ? null : lost.getLast();
            if (last != null
                    && last.lane().equals(more.lane())
                    && last.last() + 1 == more.first()
                    && last.isNamed() == more.isNamed()
                    && last.why().equals(more.why())) {
                lost.set(lost.size() - 1, new Lost(more.lane(), last.first(), more.last(), more.isNamed(), more.why()));
            } else if (lost.size() < Verification.MOST) {
                lost.add(more);
            }
        }

        void add(Tally other) {
            frames += other.frames;
            records += other.records;
            dead += other.dead;
            long bytes = damagedBytes + other.damagedBytes;
            other.damage.forEach(this::damaged);
            damagedBytes = bytes;
            long all = lostRecords + other.lostRecords;
            other.lost.forEach(each -> lost(each, 0));
            lostRecords = all;
        }
    }
}
