// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.Point;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
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

    long acked;
    long ackedHash;

    /** What was noted last of deliveries that failed. */
    @Nullable
    Attempts attempts;

    /** What will never come and is not acknowledged, by its first sequence. */
    final NavigableMap<Long, Gap> gaps = new TreeMap<>();

    /** Where the records are that are not acknowledged, by the first sequence of each. They do not overlap. */
    final NavigableMap<Long, Run> runs = new TreeMap<>();

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
        int before = runs.size();
        acked = sequence;
        ackedHash = hash;
        if (attempts != null && attempts.sequence() <= sequence) {
            attempts = null;
        }
        while (!runs.isEmpty() && runs.firstEntry().getValue().last() <= sequence) {
            runs.pollFirstEntry();
        }
        Map.Entry<Long, Gap> split = gaps.floorEntry(sequence);
        gaps.headMap(sequence, true).clear();
        if (split != null && split.getValue().last() > sequence) {
            Gap gap = split.getValue();
            gaps.put(sequence + 1, new Gap(sequence + 1, gap.last(), gap.why(), gap.hash(), gap.audit()));
        }
        return runs.size() < before;
    }

    /** What is sent from here on is another stream. */
    void startEpoch(long drawn, long after) {
        epoch = drawn;
        epochAfter = after;
    }

    LaneState state() {
        return new LaneState(name, epoch, epochAfter, new Point(acked, ackedHash), next - 1, attempts);
    }
}
