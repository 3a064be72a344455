// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.outbox.Lane.Run;
import dev.holdfast.core.record.Audit;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.Scan;
import dev.holdfast.core.segment.SegmentLog;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Says what is to be written so that a segment can go. */
final class Cleaner {

    /** How many bytes of gaps are written at a time, about: they have to fit into any segment. */
    private static final int MOST_EXPIRED = 8 << 10;

    private final SegmentLog log;
    private final Index index;

    /** What is to be written, as one group, before {@code segment} is removed. */
    record Plan(int segment, List<Frame> frames) {}

    Cleaner(SegmentLog log, Index index) {
        this.log = log;
        this.index = index;
    }

    /**
     * Moves what is wanted of the segment in which the least is, if that is at most half of it.
     *
     * @param wanted how much of each is
     */
    Optional<Plan> leastWanted(Map<Integer, Long> wanted) throws IOException {
        Optional<Integer> least = index.segments.keySet().stream()
                .filter(segment -> !segment.equals(index.segments.lastKey()) && log.has(segment))
                .min(Comparator.comparingLong(segment -> wanted.getOrDefault(segment, 0L)));
        if (least.isEmpty() || 2 * wanted.getOrDefault(least.get(), 0L) > end(least.get())) {
            return Optional.empty();
        }
        return Optional.of(plan(least.get(), false));
    }

    /** Lets go of a segment in which nothing is wanted. */
    static Plan unwanted(int segment) {
        return new Plan(segment, List.of(new Frame(Codec.GONE, 0, segment, 0, Codec.NOTHING)));
    }

    /** Gives up the records of the oldest segment, and moves what else is in it. */
    Optional<Plan> oldest() throws IOException {
        Optional<Integer> oldest = index.segments.headMap(index.segments.lastKey()).keySet().stream()
                .filter(log::has)
                .findFirst();
        return oldest.isEmpty() ? Optional.empty() : Optional.of(plan(oldest.get(), true));
    }

    private Plan plan(int segment, boolean isGivenUp) throws IOException {
        List<Frame> dead = new ArrayList<>();
        Map<Integer, List<Frame>> records = new TreeMap<>();
        Scan scan = log.scan(segment, 0, end(segment));
        while (scan.next()) {
            Index.Dead letter = scan.type() == Codec.DEAD ? index.dead.get(scan.hash()) : null;
            byte[] payload = scan.payload();
            if (letter != null && letter.position() == scan.position() && payload != null) {
                dead.add(new Frame(Codec.DEAD, scan.lane(), scan.sequence(), scan.hash(), payload));
            } else if (isWantedRecord(scan, segment)) {
                records.computeIfAbsent(scan.lane(), lane -> new ArrayList<>()).add(frame(scan));
            }
        }
        List<Frame> frames = new ArrayList<>(dead);
        for (List<Frame> each : records.values()) {
            frames.addAll(isGivenUp ? gaps(withOlder(each), Why.DROPPED) : each);
        }
        frames.add(new Frame(Codec.GONE, 0, segment, 0, Codec.NOTHING));
        return new Plan(segment, frames);
    }

    private int end(int segment) {
        return Objects.requireNonNull(index.segments.get(segment));
    }

    private boolean isWantedRecord(Scan scan, int segment) {
        Lane lane = index.byId.get(scan.lane());
        if (lane == null
                || scan.sequence() <= lane.acked
                || (scan.type() != Codec.RECORD && scan.type() != Codec.MOVED)) {
            return false;
        }
        Run run = lane.runAt(scan.sequence());
        return run != null && run.segment() == segment && lane.gapAt(scan.sequence()) == null;
    }

    /** A record to be moved, or the word that it is damaged. */
    private static Frame frame(Scan scan) throws IOException {
        byte[] payload = scan.payload();
        return payload == null
                ? damaged(scan)
                : new Frame(Codec.MOVED, scan.lane(), scan.sequence(), scan.hash(), payload);
    }

    private static Frame damaged(Scan scan) {
        return Codec.gap(
                scan.lane(),
                new Gap(scan.sequence(), scan.sequence(), Why.DAMAGED, scan.hash(), "its checksum does not verify"));
    }

    /** What is to be known of a record that is given up; its time is null if that is not known. */
    private record GivenUp(
            int lane,
            long sequence,
            long hash,
            int size,
            @Nullable Instant time) {

        static GivenUp of(Frame record) {
            Instant time = record.type() == Codec.GAP ? null : Instant.ofEpochMilli(Codec.time(record.payload()));
            return new GivenUp(record.lane(), record.sequence(), record.hash(), record.size(), time);
        }
    }

    /** With what is older in their lane and was moved elsewhere: no record outlives one that came after it. */
    private List<GivenUp> withOlder(List<Frame> records) throws IOException {
        Lane lane = Objects.requireNonNull(index.byId.get(records.getFirst().lane()));
        List<GivenUp> all = new ArrayList<>();
        for (Run run : lane.runs.headMap(records.getFirst().sequence(), false).values()) {
            if (log.has(run.segment())) {
                Scan scan = log.scan(run.segment(), run.offset(), run.end());
                while (scan.next()) {
                    if (scan.lane() == lane.id
                            && scan.sequence() < records.getFirst().sequence()
                            && isWantedRecord(scan, run.segment())) {
                        all.add(GivenUp.of(frame(scan)));
                    }
                }
            }
        }
        records.forEach(record -> all.add(GivenUp.of(record)));
        return all;
    }

    /** Records that are given up, in order, as gaps; those in between that are elsewhere are not in them. */
    private List<Frame> gaps(List<GivenUp> records, Why why) throws IOException {
        List<Frame> gaps = new ArrayList<>();
        List<GivenUp> together = new ArrayList<>();
        for (GivenUp record : records) {
            if (!together.isEmpty() && together.getLast().sequence() + 1 != record.sequence()) {
                gaps.add(gap(together, why));
                together.clear();
            }
            together.add(record);
        }
        if (!together.isEmpty()) {
            gaps.add(gap(together, why));
        }
        return gaps;
    }

    /** As one with the gap before, if that is for the same reason: else there would be more of them all the time. */
    private Frame gap(List<GivenUp> records, Why why) {
        GivenUp last = records.getLast();
        long first = records.getFirst().sequence();
        Audit.Sum sum = Audit.Sum.NONE;
        for (GivenUp record : records) {
            sum = sum.plus(record.size(), record.time());
        }
        Lane lane = Objects.requireNonNull(index.byId.get(last.lane()));
        Gap before = first > lane.acked + 1 ? lane.gapAt(first - 1) : null;
        Optional<Audit.Sum> known =
                before == null || before.why() != why ? Optional.empty() : Audit.Sum.of(before.audit());
        if (before != null && known.isPresent()) {
            first = before.first();
            sum = known.get().plus(sum);
        }
        return Codec.gap(lane.id, new Gap(first, last.sequence(), why, last.hash(), sum.text()));
    }

    /**
     * Gives up what stands first in its lane and is too old.
     *
     * @param before what was appended before then is, in milliseconds of the Unix epoch
     * @return nothing if there is nothing; if there is much, some of it
     */
    List<Frame> expired(long before) throws IOException {
        List<Frame> frames = new ArrayList<>();
        for (Lane lane : index.all()) {
            Map.Entry<Long, Run> first = lane.runs.firstEntry();
            boolean isYoung = lane.oldest() >= before;
            boolean isEnough = SegmentLog.size(frames) > MOST_EXPIRED;
            if (first != null
                    && !isYoung
                    && !isEnough
                    && log.has(first.getValue().segment())) {
                frames.addAll(gaps(expired(lane, first.getValue(), before), Why.EXPIRED));
            }
        }
        return frames;
    }

    /** The records of a run that are too old; one that is damaged is if one after it is. */
    private List<GivenUp> expired(Lane lane, Run run, long before) throws IOException {
        List<GivenUp> expired = new ArrayList<>();
        List<GivenUp> damaged = new ArrayList<>();
        Scan scan = log.scan(run.segment(), run.offset(), run.end());
        while (scan.next()) {
            if (scan.lane() != lane.id || !isWantedRecord(scan, run.segment())) {
                continue;
            }
            byte[] payload = scan.payload();
            if (payload == null) {
                damaged.add(GivenUp.of(damaged(scan)));
                continue;
            }
            long time = Codec.time(payload);
            if (time >= before) {
                if (expired.isEmpty() && damaged.isEmpty()) {
                    lane.saw(scan.sequence(), time);
                }
                break;
            }
            expired.addAll(damaged);
            damaged.clear();
            expired.add(GivenUp.of(frame(scan)));
        }
        return expired;
    }
}
