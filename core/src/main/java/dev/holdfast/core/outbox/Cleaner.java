// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.outbox.Lane.Run;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.Scan;
import dev.holdfast.core.segment.SegmentLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** Says what is to be written so that a segment can go. */
final class Cleaner {

    private final SegmentLog log;
    private final Index index;

    /** What is to be written, as one group, before {@code segment} is removed. */
    record Plan(int segment, List<Frame> frames) {}

    Cleaner(SegmentLog log, Index index) {
        this.log = log;
        this.index = index;
    }

    /** Moves what is wanted of the segment in which the least is, if that is at most half of it. */
    Optional<Plan> leastWanted() throws IOException {
        Map<Integer, Long> wanted = index.wanted();
        Optional<Integer> least = index.segments.keySet().stream()
                .filter(segment -> !segment.equals(index.segments.lastKey()))
                .min(Comparator.comparingLong(segment -> wanted.getOrDefault(segment, 0L)));
        if (least.isEmpty() || 2 * wanted.getOrDefault(least.get(), 0L) > end(least.get())) {
            return Optional.empty();
        }
        return Optional.of(plan(least.get(), false));
    }

    /** Gives up the records of the oldest segment, and moves what else is in it. */
    Optional<Plan> oldest() throws IOException {
        int oldest = index.segments.firstKey();
        return oldest == index.segments.lastKey() ? Optional.empty() : Optional.of(plan(oldest, true));
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
                records.computeIfAbsent(scan.lane(), lane -> new ArrayList<>())
                        .add(
                                payload == null
                                        ? damaged(scan)
                                        : new Frame(Codec.MOVED, scan.lane(), scan.sequence(), scan.hash(), payload));
            }
        }
        List<Frame> frames = new ArrayList<>(dead);
        for (List<Frame> each : records.values()) {
            frames.addAll(isGivenUp ? List.of(dropped(each)) : each);
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

    private static Frame damaged(Scan scan) {
        return Codec.gap(
                scan.lane(),
                new Gap(scan.sequence(), scan.sequence(), Why.DAMAGED, scan.hash(), "its checksum does not verify"));
    }

    private static Frame dropped(List<Frame> records) {
        Frame last = records.getLast();
        String audit = records.size() + " records of " + SegmentLog.size(records)
                + " bytes, the oldest when the outbox was full";
        return Codec.gap(
                last.lane(), new Gap(records.getFirst().sequence(), last.sequence(), Why.DROPPED, last.hash(), audit));
    }
}
