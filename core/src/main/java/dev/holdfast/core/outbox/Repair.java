// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.SetAside;
import dev.holdfast.core.outbox.Lane.Run;
import dev.holdfast.core.outbox.Verifier.Place;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.Scan;
import dev.holdfast.core.segment.SegmentLog;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Makes an outbox whole again in which something is damaged: what of it can be read and is wanted is moved to a new
 * segment, what cannot be read is named as lost there, and then the damaged file is removed. A copy of it stays under
 * another name. Each step is there whole or not at all, so that a repair that was cut short is begun once more.
 */
public final class Repair {

    private final Disk disk;
    private final SegmentLog log;
    private final Verifier verifier;
    private final Index index;
    private final OutboxPolicy policy;
    private final Time time;

    private final List<String> aside = new ArrayList<>();
    private final List<Frame> batch = new ArrayList<>();
    private final List<Integer> moved = new ArrayList<>();

    /**
     * What was done.
     *
     * @param before what was found
     * @param setAside the names of the files that hold what was damaged; none if nothing was
     */
    public record Done(Verification before, List<String> setAside) {

        /** Copies the list. */
        public Done {
            setAside = List.copyOf(setAside);
        }
    }

    private Repair(Disk disk, SegmentLog log, Verifier verifier, Recovery.Found found, OutboxPolicy policy, Time time) {
        this.disk = disk;
        this.log = log;
        this.verifier = verifier;
        this.index = found.index();
        this.policy = policy;
        this.time = time;
    }

    /**
     * Repairs the outbox on a disk that nobody has open; does nothing if nothing is damaged.
     *
     * @param policy of which the size of a segment counts; what is moved may take more than the quota
     * @param chance for the salts of new segments
     * @throws IOException if the disk cannot be read or written: what could be read before still can, and the repair
     *     may be begun once more
     */
    public static Done repair(Disk disk, OutboxPolicy policy, Time time, RandomGenerator chance) throws IOException {
        try (SegmentLog log = SegmentLog.open(disk, policy.segment(), chance)) {
            Recovery.Found found = Recovery.read(log);
            Verifier verifier = Verifier.of(log, found);
            Verification before = verifier.verification(found);
            Repair repair = new Repair(disk, log, verifier, found, policy, time);
            if (before.isRepairNeeded()) {
                repair.run();
            }
            return new Done(before, repair.aside);
        }
    }

    private void run() throws IOException {
        List<Frame> missing = missing();
        for (int segment : verifier.hurt) {
            aside.add(SetAside.copy(disk, SegmentLog.name(segment), time.instant()));
            List<Frame> frames = plan(segment);
            if (SegmentLog.size(batch) + SegmentLog.size(frames) > policy.segment()) {
                write();
            }
            batch.addAll(frames);
            moved.add(segment);
        }
        batch.addAll(missing);
        write();
        for (int segment : log.unreadable()) {
            aside.add(SetAside.rename(disk, SegmentLog.name(segment), time.instant()));
        }
        Frame closed = Codec.closed(index.all());
        if (log.fits(closed.size())) {
            log.put(List.of(closed));
            log.force();
        }
        disk.sync();
    }

    /** What is not even in a damaged segment. */
    private List<Frame> missing() {
        List<Frame> frames = new ArrayList<>();
        for (Lane lane : index.all()) {
            for (Lane.Hole hole : lane.holes(1, lane.next - 1)) {
                frames.add(lost(lane, hole.first(), hole.last(), 0));
            }
        }
        for (long id : verifier.lostDead) {
            frames.add(new Frame(Codec.PURGE, 0, 0, id, Codec.NOTHING));
        }
        return frames;
    }

    private static Frame lost(Lane lane, long first, long last, long hash) {
        return Codec.gap(lane.id, new Gap(first, last, Why.DAMAGED, hash, "lost when the outbox was repaired"));
    }

    /** Begins a segment with what is to take the place of others, which is on the disk then, and removes those. */
    private void write() throws IOException {
        if (batch.isEmpty()) {
            return;
        }
        List<Frame> first = new ArrayList<>(Checkpoint.frames(index));
        first.addAll(batch);
        int number = log.begin(first, time.instant(), 0);
        int offset = SegmentLog.FIRST_FRAME;
        for (Frame frame : first) {
            index.apply(frame, true, SegmentLog.position(number, offset), frame.size());
            offset += frame.size();
        }
        for (int segment : moved) {
            log.delete(segment);
        }
        disk.sync();
        batch.clear();
        moved.clear();
    }

    /** What is wanted of a segment and can be read, what is lost of it, and the word that it goes. */
    private List<Frame> plan(int segment) throws IOException {
        List<Frame> frames = new ArrayList<>();
        Map<Place, Kept> kept = new LinkedHashMap<>();
        for (Lane lane : index.all()) {
            for (Run run : lane.runs.values()) {
                if (run.segment() == segment) {
                    kept.put(new Place(lane.id, run.first()), new Kept(lane, run));
                }
            }
        }
        Scan scan = log.scan(segment, 0, index.segments.getOrDefault(segment, 0));
        while (scan.next()) {
            byte[] payload = scan.payload();
            Lane lane = index.byId.get(scan.lane());
            if (scan.type() == Codec.DEAD) {
                Index.Dead letter = index.dead.get(scan.hash());
                if (payload != null && letter != null && letter.position() == scan.position()) {
                    frames.add(new Frame(Codec.DEAD, scan.lane(), scan.sequence(), scan.hash(), payload));
                }
            } else if (lane != null && (scan.type() == Codec.RECORD || scan.type() == Codec.MOVED)) {
                Run run = Verifier.run(lane, scan);
                if (run != null) {
                    Objects.requireNonNull(kept.get(new Place(lane.id, run.first())))
                            .add(scan, payload);
                }
            }
        }
        for (Kept each : kept.values()) {
            each.end();
            frames.addAll(each.frames);
        }
        frames.add(new Frame(Codec.GONE, 0, segment, 0, Codec.NOTHING));
        return frames;
    }

    /** What is kept of a run, in order: its records as they are, and a gap for each that is lost. */
    private final class Kept {
        final Lane lane;
        final Run run;
        final long foreignFrom;
        final List<Frame> frames = new ArrayList<>();
        long expected;
        long damaged = -1;
        long damagedHash;

        Kept(Lane lane, Run run) {
            this.lane = lane;
            this.run = run;
            this.foreignFrom = verifier.foreign.getOrDefault(new Place(lane.id, run.first()), Long.MAX_VALUE);
            this.expected = Math.max(run.first(), lane.acked + 1);
        }

        void add(Scan scan, byte @Nullable [] payload) {
            long sequence = scan.sequence();
            if (sequence < expected || lane.gapAt(sequence) != null) {
                return;
            }
            if (payload == null || sequence >= foreignFrom) {
                damaged = sequence;
                damagedHash = sequence >= foreignFrom ? 0 : scan.hash();
                return;
            }
            lose(sequence - 1);
            frames.add(new Frame(Codec.MOVED, lane.id, sequence, scan.hash(), payload));
            expected = sequence + 1;
        }

        void end() {
            lose(run.last());
        }

        private void lose(long last) {
            while (expected <= last) {
                Gap gap = lane.gapAt(expected);
                Long next = lane.gaps.higherKey(expected);
                long end = gap != null ? gap.last() : Math.min(last, next == null ? last : next - 1);
                if (gap == null) {
                    frames.add(lost(lane, expected, end, end == damaged ? damagedHash : 0));
                }
                expected = end + 1;
            }
        }
    }
}
