// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.outbox.OutboxPolicy.Durability;
import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** A disk with little room, and what is done with that. */
class OutboxRoomTest {

    private static final int SEGMENT = 64 << 10;
    private static final OutboxPolicy SMALL = OutboxPolicy.DEFAULT.withSegment(SEGMENT);

    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
    private final VirtualTime time = new VirtualTime();

    private Outbox open(OutboxPolicy policy) throws IOException {
        return Outbox.open(disk, policy, time, new SplittableRandom(1), Runnable::run);
    }

    private static NewRecord record(int bytes) {
        return NewRecord.of("a", "text/plain", new byte[bytes]);
    }

    /** Appends until not even the smallest record is taken, and returns the last sequence. */
    private static long fill(Outbox outbox, int bytes) throws InterruptedException {
        long last = 0;
        for (int size = bytes; size > 0; size /= 2) {
            try {
                while (true) {
                    last = outbox.append(record(size));
                }
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("no space is left on its disk (expected: free space there; ");
            }
        }
        return last;
    }

    private static void acknowledge(Outbox outbox, long sequence) throws Exception {
        Item item = outbox.read("a", sequence, 1, 0).getFirst();
        assertThat(Ledger.get(outbox.acknowledge("a", item.last(), item.hash())))
                .as("acknowledging " + sequence)
                .isTrue();
    }

    @Test
    void onAFullDiskThereIsRoomForTheAcknowledgementsThatMakeSome() throws Exception {
        Outbox outbox = open(SMALL);
        disk.limit(1 << 20);
        long last = fill(outbox, 1000);
        Attempts failed = Attempts.none(1, time.instant()).plus("no", false, time.instant());
        for (int n = 0; n < 1000; n++) {
            Ledger.get(outbox.attempted("a", failed));
        }
        // Each of them takes room, and only some of them free any.
        for (long sequence = 1; sequence <= last; sequence += 2) {
            acknowledge(outbox, sequence);
        }
        assertThat(disk.bytes()).isLessThan(4 * SEGMENT);
        assertThat(outbox.append(record(1000))).isEqualTo(last + 1);
        outbox.close();
    }

    @Test
    void whatThereIsNoRoomForLeavesNothingBehind() throws Exception {
        Outbox outbox = open(SMALL);
        long withSpare = disk.bytes();
        disk.limit(withSpare + SEGMENT / 2);
        fill(outbox, 1000);
        assertThat(disk.names()).doesNotContain("spare");
        assertThat(disk.bytes()).isEqualTo(withSpare);
        outbox.close();
    }

    @Test
    void afterAKillItIsOpenedThoughTheDiskIsFull() throws Exception {
        long last = fillAndKill();
        Outbox outbox = open(SMALL);
        assertThat(outbox.read("a", 1, 10_000, Long.MAX_VALUE))
                .extracting(Item::first)
                .isEqualTo(LongStream.rangeClosed(1, last).boxed().toList());
        acknowledge(outbox, last);
        assertThat(outbox.append(record(1000))).isEqualTo(last + 1);
        outbox.close();
    }

    @SuppressWarnings("resource") // It is killed.
    private long fillAndKill() throws Exception {
        Outbox killed = open(SMALL);
        disk.limit(1 << 20);
        return fill(killed, 1000);
    }

    @Test
    void whatARelaxedOutboxHadWrittenIsForcedWhenItIsOpenedAfterAKill() throws Exception {
        OutboxPolicy relaxed = SMALL.withDurability(Durability.RELAXED);
        appendAndKill(relaxed);
        open(relaxed).close();
        FaultyDisk after = disk.powerLoss(FaultyDisk.Kept.NOTHING, FaultyDisk.Kept.NOTHING, new SplittableRandom(2));
        try (Outbox outbox = Outbox.open(after, relaxed, time, new SplittableRandom(3), Runnable::run)) {
            assertThat(outbox.read("a", 1, 10, Long.MAX_VALUE)).singleElement().isInstanceOf(Item.Stored.class);
        }
    }

    @SuppressWarnings("resource") // It is killed.
    private void appendAndKill(OutboxPolicy policy) throws Exception {
        open(policy).append(record(10));
    }

    @Test
    void theQuotaHoldsAndRecordsFitHoweverManyDeadLettersThereAre() throws Exception {
        long quota = 40 * SEGMENT;
        Outbox outbox = open(SMALL.withQuota(quota, WhenFull.REJECT));
        int buried = 0;
        try {
            while (true) {
                long sequence = outbox.append(record(10));
                Attempts attempts = Attempts.none(sequence, time.instant()).plus("bad", true, time.instant());
                assertThat(Ledger.get(outbox.bury("a", attempts))).isTrue();
                if (++buried % 200 == 0) {
                    acknowledge(outbox, sequence);
                    acknowledge(outbox, outbox.append(record(SEGMENT / 2 - 1000)));
                }
            }
        } catch (OutboxFullException e) {
            assertThat(e).hasMessageStartingWith("outbox full: ");
        }
        // More than two of their lists fit into a segment of the usual size.
        assertThat(buried).isGreaterThan(SEGMENT / 20 / 2);
        assertThat(disk.bytes()).isLessThanOrEqualTo(quota + SEGMENT);
        assertThat(outbox.figures().bytes())
                .isGreaterThan((long) outbox.figures().segments() * SEGMENT);
        assertThat(outbox.dead(1, 10_000)).hasSize(buried);
        outbox.close();
    }

    @Test
    void aDiskThatCannotBeOpenedIsSaidToBeSoWithWhatToDo() {
        disk.limit(0);
        assertThatIOException()
                .isThrownBy(() -> open(SMALL))
                .withMessageStartingWith(
                        "outbox in memory cannot be written: no space is left on its disk (expected: ");
        assertThat(List.copyOf(disk.names())).isEmpty();
    }
}
