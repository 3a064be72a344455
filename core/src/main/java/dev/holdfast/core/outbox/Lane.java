// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** What is known of a lane without looking at its records. Confined to its {@link Index}. */
final class Lane {

    final int id;
    final String name;
    long epoch;

    /** After which sequence the epoch began. */
    long epochAfter;

    /** The sequence that the next record gets. */
    long next = 1;

    /** The chain hash at the one before it. */
    long lastHash;

    /** The newest record that a power loss does not take. */
    long durable;

    long acked;
    long ackedHash;

    /** What was noted last of deliveries that failed. */
    @Nullable
    Attempts attempts;

    /** What will never come and is not acknowledged, by its first sequence. */
    final NavigableMap<Long, Gap> gaps = new TreeMap<>();

    /** Where the records are that are not acknowledged, by the first sequence of each. They do not overlap. */
    final NavigableMap<Long, Run> runs = new TreeMap<>();

    /** Where those are that are acknowledged, as long as their segments are there. */
    final NavigableMap<Long, Run> past = new TreeMap<>();

    /** The record whose time was seen last; as one, since those who look do not all hold the lock. */
    private Seen seen = new Seen(0, 0);

    /** When a record was appended, in milliseconds of the Unix epoch. */
    private record Seen(long sequence, long time) {}

    /**
     * Records of a lane in one segment, with sequences one after the other.
     *
     * @param offset of the first one in its segment
     * @param bytes what they take there together
     * @param newest the time of the last one
     */
    record Run(int segment, long first, long last, int offset, int end, long bytes, long newest) {

        Run and(Run later) {
            return new Run(
                    segment, first, later.last, offset, later.end, bytes + later.bytes, Math.max(newest, later.newest));
        }

        /** The same of fewer records; where they are in it is not known. */
        Run part(long from, long to) {
            return new Run(segment, from, to, offset, end, bytes * (to - from + 1) / (last - first + 1), newest);
        }
    }

    /** A lane as it will be once everything that is pending is written. */
    static final class Draft {
        final int id;
        final long epoch;
        long next;
        long hash;

        /** Whether nothing has said its name yet. */
        boolean isNew;

        Draft(int id, long epoch, long next, long hash, boolean isNew) {
            this.id = id;
            this.epoch = epoch;
            this.next = next;
            this.hash = hash;
            this.isNew = isNew;
        }
    }

    Lane(int id, String name, long epoch) {
        this.id = id;
        this.name = name;
        this.epoch = epoch;
    }

    /**
     * Everything up to a sequence is settled; what was known of it is forgotten.
     *
     * @return whether a run ended by it
     */
    boolean acknowledge(long sequence, long hash) {
        if (sequence < acked) {
            return false;
        }
        boolean isRunOver = false;
        acked = sequence;
        ackedHash = hash;
        if (attempts != null && attempts.sequence() <= sequence) {
            attempts = null;
        }
        while (!runs.isEmpty() && runs.firstEntry().getValue().last() <= sequence) {
            extend(past, runs.pollFirstEntry().getValue());
            isRunOver = true;
        }
        Map.Entry<Long, Gap> split = gaps.floorEntry(sequence);
        gaps.headMap(sequence, true).clear();
        if (split != null && split.getValue().last() > sequence) {
            Gap gap = split.getValue();
            gaps.put(sequence + 1, new Gap(sequence + 1, gap.last(), gap.why(), gap.hash(), gap.audit()));
        }
        return isRunOver;
    }

    /** Adds a run that is newer than those that are there. */
    static void extend(NavigableMap<Long, Run> runs, Run more) {
        Map.Entry<Long, Run> newest = runs.lastEntry();
        if (newest != null
                && newest.getValue().segment() == more.segment()
                && newest.getValue().last() + 1 == more.first()) {
            runs.put(newest.getKey(), newest.getValue().and(more));
        } else {
            runs.put(more.first(), more);
        }
    }

    /**
     * Records that were let go of are no longer among those that are kept.
     *
     * @return whether a run ended by it
     */
    boolean trim(Gap gap) {
        boolean isRunOver = false;
        for (Run run : List.copyOf(runs.headMap(gap.last(), true).values())) {
            if (Math.max(run.first(), acked + 1) >= gap.first() && run.last() >= gap.first()) {
                runs.remove(run.first());
                if (run.first() <= acked) {
                    extend(past, run.part(run.first(), acked));
                }
                if (run.last() > gap.last()) {
                    runs.put(gap.last() + 1, run.part(gap.last() + 1, run.last()));
                }
                isRunOver |= run.last() <= gap.last();
            }
        }
        return isRunOver;
    }

    /** Nothing of a segment is there any more. */
    void forget(int segment) {
        runs.values().removeIf(run -> run.segment() == segment);
        past.values().removeIf(run -> run.segment() == segment);
    }

    /** The gap that a sequence lies in, or null. */
    @Nullable
    Gap gapAt(long sequence) {
        Map.Entry<Long, Gap> gap = gaps.floorEntry(sequence);
        return gap == null || gap.getValue().last() < sequence ? null : gap.getValue();
    }

    /** The run that a sequence lies in, or null. */
    @Nullable
    Run runAt(long sequence) {
        Map.Entry<Long, Run> run = (sequence > acked ? runs : containing(sequence)).floorEntry(sequence);
        return run == null || run.getValue().last() < sequence ? null : run.getValue();
    }

    private NavigableMap<Long, Run> containing(long acknowledged) {
        return !runs.isEmpty() && runs.firstKey() <= acknowledged ? runs : past;
    }

    /** A record was appended then, as somebody saw who read it. */
    void saw(long sequence, long time) {
        seen = new Seen(sequence, time);
    }

    /** When the oldest record that waits was appended, in milliseconds of the Unix epoch; 0 if that is not known. */
    long oldest() {
        long first = acked + 1;
        for (Gap gap = gapAt(first); gap != null; gap = gapAt(first)) {
            first = gap.last() + 1;
        }
        Seen now = seen;
        return now.sequence == first ? now.time : 0;
    }

    /** Puts a run in the place of those parts of others that it holds as well. */
    void put(Run run) {
        Long from = runs.floorKey(run.first());
        for (Run other : List.copyOf(runs.subMap(from == null ? run.first() : from, true, run.last(), true)
                .values())) {
            if (other.last() >= run.first()) {
                runs.remove(other.first());
                if (other.first() < run.first()) {
                    runs.put(other.first(), other.part(other.first(), run.first() - 1));
                }
                if (other.last() > run.last()) {
                    runs.put(run.last() + 1, other.part(run.last() + 1, other.last()));
                }
            }
        }
        runs.put(run.first(), run);
    }

    /** Sequences that are not acknowledged, and of which nothing is known: neither a gap nor a run holds them. */
    record Hole(long first, long last) {}

    /** The holes between two sequences. */
    List<Hole> holes(long first, long last) {
        List<Hole> holes = new ArrayList<>();
        long at = Math.max(first, acked + 1);
        while (at <= last) {
            Map.Entry<Long, Gap> gap = gaps.floorEntry(at);
            Map.Entry<Long, Run> run = runs.floorEntry(at);
            long known = Math.max(
                    gap == null ? 0 : gap.getValue().last(),
                    run == null ? 0 : run.getValue().last());
            if (known >= at) {
                at = known + 1;
            } else {
                Long nextGap = gaps.higherKey(at);
                Long nextRun = runs.higherKey(at);
                long end = Math.min(nextGap == null ? last : nextGap - 1, nextRun == null ? last : nextRun - 1);
                holes.add(new Hole(at, Math.min(end, last)));
                at = end + 1;
            }
        }
        return holes;
    }

    /**
     * Where a point is: there, or among the records of a run.
     *
     * @param asked the sequence it is sought for
     * @param first the oldest record that may be it
     * @param point itself, or the newest record that may be it
     */
    record Step(long asked, int lane, @Nullable Run run, long first, Point point) {}

    /**
     * Where the newest point at or before a sequence is.
     *
     * @param asked what it is sought for
     * @param from where to look
     * @param isThere whether there is a segment of that number
     */
    Step step(long asked, long from, IntPredicate isThere) {
        long at = Math.min(from, next - 1);
        while (at > acked) {
            Gap gap = gapAt(at);
            Run run = runAt(at);
            Map.Entry<Long, Gap> before = gaps.floorEntry(at);
            long after = Math.max(acked, before == null ? 0 : before.getValue().last());
            if (gap != null && at == gap.last() && gap.hash() != 0) {
                return new Step(asked, id, null, 0, new Point(at, gap.hash()));
            } else if (gap != null) {
                at = gap.first() - 1;
            } else if (at == next - 1) {
                return new Step(asked, id, null, 0, new Point(at, lastHash));
            } else if (run == null || !isThere.test(run.segment())) {
                Map.Entry<Long, Run> older = runs.lowerEntry(run == null ? at : run.first());
                at = Math.max(after, older == null ? 0 : older.getValue().last());
            } else {
                return new Step(asked, id, run, Math.max(run.first(), after + 1), new Point(at, 0));
            }
        }
        Run past = at == acked ? null : runAt(at);
        return past == null || !isThere.test(past.segment())
                ? new Step(asked, id, null, 0, acknowledged())
                : new Step(asked, id, past, past.first(), new Point(at, 0));
    }

    /** What is sent from here on is another stream. */
    void startEpoch(long drawn, long after) {
        epoch = drawn;
        epochAfter = after;
    }

    Point acknowledged() {
        return new Point(acked, ackedHash);
    }

    LaneState state() {
        return new LaneState(name, epoch, epochAfter, acknowledged(), Math.max(durable, acked), attempts);
    }
}
