// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.disk.FaultyDisk.Done;
import dev.holdfast.core.disk.FaultyDisk.Kept;
import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * A story in which everything happens that an outbox does, told once for each thing that it asks of its disk: which
 * fails, or is torn, alone or with all that follow. By default in one way each; {@code -Dholdfast.every=true} does so
 * in all.
 */
class OutboxEveryFaultTest {

    private static final boolean EVERY = Boolean.getBoolean("holdfast.every");
    private static final OutboxPolicy POLICY =
            OutboxPolicy.DEFAULT.withSegment(64 << 10).withQuota(256 << 10, WhenFull.DROP_OLDEST);
    private static final long EPOCH = 77;
    private static final List<Done> DONE = List.of(Done.values());
    private static final int WAYS = 6;

    private final VirtualTime time = new VirtualTime();

    private Outbox open(FaultyDisk disk) throws IOException {
        return Outbox.open(disk, POLICY, time, new SplittableRandom(1), Runnable::run);
    }

    private void tell(FaultyDisk disk, Ledger ledger) throws Exception {
        ledger.mayDrop = true;
        try (Outbox outbox = open(disk)) {
            ledger.append(outbox, "slow", 1, 500);
            ledger.append(outbox, "slow", 5, 500);
            Ledger.get(outbox.attempted("slow", attempts(1)));
            ledger.bury(outbox, "slow", 1);
            ledger.acknowledge(outbox, "slow", 2);
            Ledger.get(outbox.startEpoch("slow", 2, EPOCH));
            for (int n = 1; n <= 8; n++) {
                ledger.append(outbox, "fast", 3, 9000);
                ledger.acknowledge(outbox, "fast", 3L * n);
            }
            for (int n = 0; n < 10; n++) {
                ledger.append(outbox, "stuck", 3, 9000);
            }
            Ledger.get(outbox.attempted("slow", attempts(3)));
            ledger.append(outbox, "slow", 1, 10);
        }
    }

    private static Attempts attempts(long sequence) {
        return Attempts.none(sequence, Instant.EPOCH).plus("no", true, Instant.EPOCH);
    }

    @Test
    void inTheStoryRecordsAreMovedAndDropped() throws Exception {
        FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
        Ledger ledger = new Ledger();
        tell(disk, ledger);
        try (Outbox outbox = open(disk)) {
            assertThat(outbox.figures().dropped()).isPositive();
            assertThat(outbox.figures().lost()).isZero();
            assertThat(disk.names()).doesNotContain("0000000001.log");
            assertThat(outbox.read("slow", 3, 1, 0).getFirst().first()).isEqualTo(3);
            assertThat(outbox.dead(0, 10)).hasSize(1);
            LaneState slow = outbox.lanes().getFirst();
            assertThat(slow.epoch()).isEqualTo(EPOCH);
            assertThat(slow.attempts()).isEqualTo(attempts(3));
            ledger.requirePromises(ledger.compare(Ledger.Source.of(outbox), ""), "");
        }
        assertThat(Verifier.verify(disk).isRepairNeeded()).isFalse();
    }

    @Test
    void nothingIsLostOrTwiceOrWrongWhateverFailsFirst() throws Exception {
        int operations = 0;
        for (int at = 0; at <= operations; at++) {
            // All of it was done and was told to have failed, part of it was done, or nothing; alone or not.
            for (int way = EVERY ? 0 : at % WAYS; way < (EVERY ? WAYS : at % WAYS + 1); way++) {
                operations = Math.max(operations, failAt(at, DONE.get(way % 3), way >= 3));
            }
        }
        assertThat(operations).isGreaterThan(100);
    }

    /** Returns how many operations there were. */
    private int failAt(int at, Done done, boolean lasts) throws Exception {
        String story = "operation " + at + " failed, done " + done + (lasts ? ", and all that followed" : "");
        FaultyDisk disk = new FaultyDisk(new SplittableRandom(at));
        disk.fail(at, done, lasts, FaultyDisk.BROKEN);
        Ledger ledger = new Ledger();
        try {
            tell(disk, ledger);
        } catch (IOException e) {
            assertThat(e).as(story).hasStackTraceContaining(FaultyDisk.BROKEN);
        }
        int operations = disk.operations().size();
        story += ": " + (at < operations ? disk.operations().get(at) : "");
        SplittableRandom chance = new SplittableRandom(at);
        if (EVERY || at % 3 == 0) {
            look(disk.powerLoss(Kept.EVERYTHING, Kept.EVERYTHING, chance), ledger, story + ", killed");
        }
        if (EVERY || at % 3 > 0) {
            look(disk.powerLoss(chance), ledger, story + ", power lost");
        }
        return operations;
    }

    private void look(FaultyDisk disk, Ledger ledger, String story) throws IOException {
        Verifier.verify(disk);
        FaultyDisk untouched = disk.powerLoss(Kept.EVERYTHING, Kept.EVERYTHING, new SplittableRandom(1));
        Ledger.Found found;
        try (Outbox outbox = open(disk)) {
            found = ledger.compare(Ledger.Source.of(outbox), story);
            ledger.requirePromises(found, story);
            for (LaneState lane : outbox.lanes()) {
                assertThat(lane.acknowledged().sequence())
                        .as(story)
                        .isGreaterThanOrEqualTo(ledger.ackedForSure.getOrDefault(lane.lane(), 0L));
            }
        }
        Repair.repair(untouched, POLICY, time, new SplittableRandom(2));
        assertThat(Verifier.verify(untouched).isRepairNeeded()).as(story).isFalse();
        try (Outbox outbox = open(untouched)) {
            Ledger.Found repaired = ledger.compare(Ledger.Source.of(outbox), story);
            ledger.requirePromises(repaired, story);
            assertThat(repaired.good()).as(story).isEqualTo(found.good());
        }
    }
}
