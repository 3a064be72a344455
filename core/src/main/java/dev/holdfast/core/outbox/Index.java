// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.outbox.Lane.Run;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.SegmentLog;
import java.io.DataInputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Where everything is: what the frames of a log come to, one after the other. The same code makes it while it is
 * written and when it is read again. Not safe for use by several threads.
 */
final class Index {

    /** At most so many lanes: each has a number of 16 bits. */
    static final int MOST_LANES = 0xFFFF;

    final Map<String, Lane> lanes = new LinkedHashMap<>();
    final Map<Integer, Lane> byId = new HashMap<>();

    /** Where each segment ends, as far as it is known; the newest one is still growing. */
    final NavigableMap<Integer, Integer> segments = new TreeMap<>();

    /** Where the dead letters are, by their ids. */
    final TreeMap<Long, Dead> dead = new TreeMap<>();

    /** Those that were found to be lost with a segment when the log was read. */
    final Set<Long> lostDead = new TreeSet<>();

    long nextDead = 1;

    /** Whether something was let go since it was last looked for segments that can go. */
    boolean mayHaveUnwanted = true;

    /** Records that were found damaged or missing. */
    long lost;

    /** Records that were given up since there was no room for them. */
    long dropped;

    /** Records that were given up since they were too old. */
    long expired;

    /** What became a gap, but for dead letters, since somebody took it from here. */
    final List<LetGo> letGo = new ArrayList<>();

    /** Records of a lane that will never come, which nobody had asked for. */
    record LetGo(String lane, Gap gap) {

        @Override
        public String toString() {
            return "lane " + lane + ": " + gap.first() + " to " + gap.last() + " will never come, "
                    + gap.why().name().toLowerCase(Locale.ROOT) + ": " + gap.audit();
        }
    }

    /** What has been moved of a segment that goes, until it is gone. */
    private final List<Moved> moved = new ArrayList<>();

    private record Moved(int lane, Run run) {}

    /** Where a dead letter is. */
    record Dead(long position, int size) {}

    /**
     * Takes a frame in.
     *
     * @param isWhole whether its payload is there; that of a record may be missing
     * @param size what it takes in its segment
     */
    void apply(Frame frame, boolean isWhole, long position, int size) throws IOException {
        int end = SegmentLog.offset(position) + size;
        segments.merge(SegmentLog.segment(position), end, Math::max);
        if (!isWhole && frame.type() != Codec.RECORD) {
            return;
        }
        Lane lane = byId.get(frame.lane());
        switch (frame.type()) {
            case Codec.RECORD -> record(frame, isWhole, position, size);
            case Codec.MOVED -> moved(frame, position);
            case Codec.LANE -> lane(frame);
            case Codec.ACK -> acknowledge(require(lane, frame), frame);
            case Codec.GAP -> gap(require(lane, frame), frame);
            case Codec.ATTEMPT -> require(lane, frame).attempts = Codec.attempts(Codec.in(frame.payload()));
            case Codec.EPOCH -> require(lane, frame).startEpoch(frame.hash(), frame.sequence());
            case Codec.DEAD -> {
                dead.put(frame.hash(), new Dead(position, size));
                nextDead = Math.max(nextDead, frame.hash() + 1);
                buried(require(lane, frame), frame);
            }
            case Codec.PURGE -> mayHaveUnwanted |= dead.remove(frame.hash()) != null;
            case Codec.GONE -> gone((int) frame.sequence());
            case Codec.CLOSED -> closed(Codec.in(frame.payload()));
            default -> {
                // Of a later version that says the rest in words that this one knows, or a checkpoint.
            }
        }
    }

    private Lane require(@Nullable Lane lane, Frame frame) {
        return lane == null ? unnamed(frame.lane()) : lane;
    }

    private void acknowledge(Lane lane, Frame frame) {
        if (frame.sequence() >= lane.next) {
            // The record is lost, and nobody waits for it.
            lane.next = frame.sequence() + 1;
            lane.lastHash = frame.hash();
        }
        mayHaveUnwanted |= lane.acknowledge(frame.sequence(), frame.hash());
    }

    /** There were records up to a sequence: those that were not found are lost. */
    private void reach(Lane lane, long last, long hash) {
        if (last >= lane.next) {
            count(Why.DAMAGED, last - lane.next + 1);
            put(lane, new Gap(lane.next, last, Why.DAMAGED, hash, "not found on the disk"));
            lane.next = last + 1;
            lane.lastHash = hash;
        }
    }

    /** The gap is written with the dead letter, and may be damaged since. */
    private static void buried(Lane lane, Frame frame) throws IOException {
        long sequence = frame.sequence();
        if (sequence < lane.next && lane.gapAt(sequence) == null) {
            put(lane, Codec.gapOf(frame));
        }
    }

    private void closed(DataInputStream in) throws IOException {
        for (int left = in.available() == 0 ? 0 : in.readUnsignedShort(); left > 0; left--) {
            int id = in.readInt();
            Lane lane = byId.get(id);
            reach(lane == null ? unnamed(id) : lane, in.readLong(), in.readLong());
        }
    }

    /** A lane whose name is lost with the frame that said it. */
    private Lane unnamed(int id) {
        return add(new Lane(id, "lost-name-" + id, 0));
    }

    Lane add(Lane lane) {
        lanes.put(lane.name, lane);
        byId.put(lane.id, lane);
        return lane;
    }

    private void lane(Frame frame) throws IOException {
        Lane known = byId.get(frame.lane());
        String name = Codec.in(frame.payload()).readUTF();
        if (known == null) {
            add(new Lane(frame.lane(), name, frame.hash()));
        }
    }

    private void record(Frame frame, boolean isWhole, long position, int size) throws IOException {
        Lane lane = require(byId.get(frame.lane()), frame);
        if (frame.sequence() < lane.next) {
            // Written twice, since nobody could say whether the first time was in vain.
            return;
        }
        if (frame.sequence() > lane.next) {
            long missing = frame.sequence() - lane.next;
            count(Why.DAMAGED, missing);
            put(lane, new Gap(lane.next, frame.sequence() - 1, Why.DAMAGED, 0, "not found on the disk"));
        }
        long time = isWhole ? Codec.time(frame.payload()) : 0;
        if (lane.acked == lane.next - 1) {
            lane.saw(frame.sequence(), time);
        }
        lane.next = frame.sequence() + 1;
        lane.lastHash = frame.hash();
        Lane.extend(lane.runs, run(frame, position, size, time));
    }

    private static Run run(Frame frame, long position, int size, long time) {
        int offset = SegmentLog.offset(position);
        long sequence = frame.sequence();
        return new Run(SegmentLog.segment(position), sequence, sequence, offset, offset + size, size, time);
    }

    private void moved(Frame frame, long position) throws IOException {
        Run run = run(frame, position, frame.size(), Codec.time(frame.payload()));
        int last = moved.size() - 1;
        Moved before = last < 0 ? null : moved.get(last);
        // What is missing between two of them may be in another segment.
        if (before != null && before.lane == frame.lane() && before.run.last() + 1 == run.first()) {
            moved.set(last, new Moved(frame.lane(), before.run.and(run)));
        } else {
            moved.add(new Moved(frame.lane(), run));
        }
    }

    /** Nothing in a segment is wanted any more: what was of it has been moved. */
    private void gone(int segment) {
        segments.remove(segment);
        int before = dead.size();
        dead.values().removeIf(each -> SegmentLog.segment(each.position) == segment);
        // Those that verify have been moved.
        lost += before - dead.size();
        for (Lane lane : lanes.values()) {
            lane.forget(segment);
        }
        for (Moved each : moved) {
            Lane lane = byId.get(each.lane);
            if (lane != null && each.run.last() > lane.acked) {
                lane.put(each.run);
            }
        }
        moved.clear();
    }

    /** A segment is not there or cannot be read: what has not been moved of it is lost. */
    void lose(int segment) {
        Set<Long> before = new TreeSet<>(dead.keySet());
        gone(segment);
        before.removeAll(dead.keySet());
        lostDead.addAll(before);
    }

    private void gap(Lane lane, Frame frame) throws IOException {
        Gap gap = Codec.gap(frame.sequence(), frame.hash(), Codec.in(frame.payload()));
        if (gap.why() != Why.DEAD) {
            count(gap.why(), records(lane, gap));
            Gap before = lane.gapAt(gap.first());
            long first = before == null ? gap.first() : before.last() + 1;
            if (first <= gap.last()) {
                letGo.add(new LetGo(lane.name, new Gap(first, gap.last(), gap.why(), gap.hash(), gap.audit())));
            }
        }
        if (gap.last() >= lane.next) {
            reach(lane, gap.first() - 1, 0);
            lane.next = gap.last() + 1;
            lane.lastHash = gap.hash();
        }
        put(lane, gap);
        boolean isLetGo = gap.why() == Why.DROPPED || gap.why() == Why.EXPIRED;
        mayHaveUnwanted |= isLetGo && lane.trim(gap);
    }

    /** How many sequences of a gap were in none before. */
    private static long records(Lane lane, Gap gap) {
        long records = gap.last() - gap.first() + 1;
        for (Gap before : lane.gaps.headMap(gap.last(), true).values()) {
            records -= Math.max(0, before.last() - Math.max(before.first(), gap.first()) + 1);
        }
        return records;
    }

    private void count(Why why, long records) {
        switch (why) {
            case DAMAGED -> lost += records;
            case DROPPED -> dropped += records;
            case EXPIRED -> expired += records;
            case DEAD -> {}
        }
    }

    private static void put(Lane lane, Gap gap) {
        if (gap.last() > lane.acked) {
            lane.gaps.subMap(gap.first(), true, gap.last(), true).clear();
            lane.gaps.put(gap.first(), gap);
        }
    }

    Collection<Lane> all() {
        return lanes.values();
    }

    /**
     * A lane as it is before the next record of it is written, a new one if there is none.
     *
     * @param others those that are about to be
     */
    Lane.Draft draft(String name, Collection<Lane.Draft> others, RandomGenerator chance) throws IOException {
        Lane lane = lanes.get(name);
        if (lane != null) {
            return new Lane.Draft(lane.id, lane.epoch, lane.next, lane.lastHash, false);
        }
        if (lanes.size() + others.size() >= MOST_LANES) {
            throw new IOException(
                    "lane: " + name + " would be one too many (expected: at most " + MOST_LANES + " lanes)");
        }
        return new Lane.Draft(freeId(others), chance.nextLong(), 1, 0, true);
    }

    /** How much of everything there is. */
    Outbox.Figures figures(long bytes, long quota) {
        List<Outbox.LaneFigures> each = lanes.values().stream()
                .map(lane -> new Outbox.LaneFigures(
                        lane.state(), lane.oldest() == 0 ? null : Instant.ofEpochMilli(lane.oldest())))
                .toList();
        return new Outbox.Figures(bytes, quota, segments.size(), dead.size(), lost, dropped, expired, each);
    }

    /** A number that no lane has, nor any of those that are about to be. */
    private int freeId(Collection<Lane.Draft> drafts) {
        int id = byId.size();
        while (byId.containsKey(id) || isOneOf(drafts, id)) {
            id = (id + 1) & MOST_LANES;
        }
        return id;
    }

    private static boolean isOneOf(Collection<Lane.Draft> drafts, int id) {
        return drafts.stream().anyMatch(draft -> draft.id == id);
    }

    /** Segments before the newest one in which nothing is wanted any more. */
    List<Integer> unwanted() {
        List<Integer> unwanted = new ArrayList<>(segments.keySet());
        if (unwanted.isEmpty()) {
            return unwanted;
        }
        unwanted.remove(Integer.valueOf(segments.lastKey()));
        for (Lane lane : lanes.values()) {
            lane.runs.values().forEach(run -> unwanted.remove(Integer.valueOf(run.segment())));
        }
        dead.values().forEach(each -> unwanted.remove(Integer.valueOf(SegmentLog.segment(each.position))));
        return unwanted;
    }

    /** About how many bytes are still wanted, by segment; of a segment that is not named none. */
    Map<Integer, Long> wanted() {
        Map<Integer, Long> wanted = new HashMap<>();
        for (Lane lane : lanes.values()) {
            for (Run run : lane.runs.values()) {
                long all = run.last() - run.first() + 1;
                long left = run.last() - Math.max(lane.acked, run.first() - 1);
                wanted.merge(run.segment(), run.bytes() * left / all, Long::sum);
            }
        }
        for (Dead each : dead.values()) {
            wanted.merge(SegmentLog.segment(each.position), (long) each.size, Long::sum);
        }
        return wanted;
    }
}
