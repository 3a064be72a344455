// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.record.Verification.Lost;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RepairTest {

    private static final boolean EVERY = Boolean.getBoolean("holdfast.every");
    private static final OutboxPolicy SMALL = OutboxPolicy.DEFAULT.withSegment(64 << 10);

    private final VirtualTime time = new VirtualTime();
    private final Ledger ledger = new Ledger();
    private FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));

    /** Five segments: two lanes, an acknowledgement, a dead letter. */
    @BeforeEach
    void fill() throws Exception {
        try (Outbox outbox = open(disk)) {
            for (int n = 0; n < 45; n++) {
                ledger.append(outbox, "a", 2, 2000);
                ledger.append(outbox, "b", 1, 1000);
            }
            ledger.acknowledge(outbox, "a", 10);
            ledger.bury(outbox, "b", 3);
            ledger.append(outbox, "b", 12, 2000);
            ledger.append(outbox, "b", 12, 2000);
        }
    }

    private Outbox open(FaultyDisk on) throws IOException {
        return Outbox.open(on, SMALL, time, new SplittableRandom(1), Runnable::run);
    }

    private Repair.Done repair() throws IOException {
        return Repair.repair(disk, SMALL, time, new SplittableRandom(2));
    }

    private Ledger.Found compare() throws IOException {
        try (Outbox outbox =
                open(disk.powerLoss(FaultyDisk.Kept.EVERYTHING, FaultyDisk.Kept.EVERYTHING, new SplittableRandom(1)))) {
            return ledger.compare(Ledger.Source.of(outbox), "");
        }
    }

    private List<String> segments() {
        return disk.names().stream().filter(name -> name.endsWith(".log")).toList();
    }

    /** Flips a byte of a text that is in a segment, and returns that one's name. */
    private String damage(String text) throws IOException {
        for (String name : segments()) {
            int at = new String(disk.content(name), java.nio.charset.StandardCharsets.ISO_8859_1).indexOf(text);
            if (at >= 0) {
                disk.flip(name, at, 1);
                return name;
            }
        }
        throw new AssertionError(text);
    }

    @Test
    void nothingIsFoundInAWholeLogAndNothingIsDone() throws Exception {
        int before = disk.operations().size();
        Verification found = Verifier.verify(disk);
        assertThat(repair().setAside()).isEmpty();
        assertThat(disk.operations()).hasSize(before);

        assertThat(found.isRepairNeeded()).isFalse();
        assertThat(found.segments()).isEqualTo(segments().size()).isGreaterThan(2);
        assertThat(found.records()).isEqualTo(ledger.waiting());
        assertThat(found.dead()).isEqualTo(1);
        assertThat(found.frames()).isGreaterThan(found.records());
        assertThat(found.damage()).isEmpty();
        assertThat(found.lost()).isEmpty();
        assertThat(found.lostDead()).isEmpty();
        assertThat(found.unfinishedBytes()).isZero();
    }

    @Test
    void aDamagedRecordIsNamedWithItsPlaceAndAfterARepairAllOthersAreThere() throws Exception {
        String file = damage("a 20 x");
        Verification found = Verifier.verify(disk);
        assertThat(found.isRepairNeeded()).isTrue();
        assertThat(found.damage()).hasSize(1);
        assertThat(found.damage().getFirst().file()).isEqualTo(file);
        assertThat(found.damagedBytes()).isBetween(2000L, 2200L);
        assertThat(found.lost()).containsExactly(new Lost("a", 20, 20, false, Verifier.UNREADABLE));
        assertThat(found.lostRecords()).isEqualTo(1);

        Repair.Done done = repair();
        assertThat(done.before()).isEqualTo(found);
        assertThat(done.setAside()).hasSize(1).allMatch(name -> name.startsWith(file + ".damaged-"));
        assertThat(disk.names()).containsAll(done.setAside()).doesNotContain(file);
        assertThat(compare().good()).isEqualTo(ledger.waiting() - 1);
        requireRepaired(1);
    }

    private void requireRepaired(int lost) throws IOException {
        Verification after = Verifier.verify(disk);
        assertThat(after.isRepairNeeded()).as(after.toString()).isFalse();
        assertThat(after.damagedBytes()).isZero();
        assertThat(after.lost()).allMatch(Lost::isNamed);
        assertThat(after.lostRecords()).isEqualTo(lost);
        assertThat(repair().setAside()).isEmpty();
    }

    @Test
    void aDeadLetterThatCannotBeReadIsToldAndLetGo() throws Exception {
        String file = damage("b 3 x");
        assertThat(Verifier.verify(disk).lostDead()).isEmpty();
        assertThat(damage("b 3 x")).as("the dead letter, further on").isGreaterThan(file);

        Verification found = Verifier.verify(disk);
        assertThat(found.lostDead()).containsExactly(1L);
        repair();
        try (Outbox outbox = open(disk)) {
            assertThat(outbox.dead(0, 10)).isEmpty();
        }
        requireRepaired(0);
    }

    @Test
    void aSegmentThatCannotBeReadIsSetAsideAndWhatWasInItIsNamed() throws Exception {
        String second = segments().get(1);
        byte[] content = disk.content(second);
        disk.put(second, new byte[content.length]);
        Verification found = Verifier.verify(disk);
        assertThat(found.unreadable()).containsExactly(second);
        assertThat(found.lostRecords()).isGreaterThan(20);
        assertThat(compare().lost()).isEqualTo(found.lostRecords());

        assertThat(repair().setAside()).hasSize(1);
        assertThat(compare().lost()).isEqualTo(found.lostRecords());
        requireRepaired((int) found.lostRecords());
    }

    @Test
    void whatIsMissingWithAFileIsNamed() throws Exception {
        disk.delete(segments().get(1));
        Verification found = Verifier.verify(disk);
        assertThat(found.isRepairNeeded()).isTrue();
        assertThat(found.lost()).extracting(Lost::lane).containsExactlyInAnyOrder("a", "b");
        Ledger.Found before = compare();
        assertThat(before.lost()).isEqualTo(found.lostRecords()).isGreaterThan(20);

        assertThat(repair().setAside()).isEmpty();
        assertThat(compare().good()).isEqualTo(before.good());
        requireRepaired((int) found.lostRecords());
    }

    @Test
    void aSegmentOfAnotherHistoryIsNotTakenForOnesOwn() throws Exception {
        FaultyDisk other =
                disk.powerLoss(FaultyDisk.Kept.EVERYTHING, FaultyDisk.Kept.EVERYTHING, new SplittableRandom(1));
        FaultyDisk own = disk;
        Ledger ours = ledger.copy();
        appendSegments(own, ours, 3000);
        appendSegments(other, ledger.copy(), 3001);
        String swapped = segments().get(segments().size() - 2);
        own.put(swapped, other.content(swapped));

        Verification found = Verifier.verify(own);
        assertThat(found.lost()).extracting(Lost::why).contains(Verifier.FOREIGN);
        repair();
        try (Outbox outbox = open(own)) {
            assertThat(ours.compare(Ledger.Source.of(outbox), "").lost()).isEqualTo(found.lostRecords());
        }
    }

    private void appendSegments(FaultyDisk on, Ledger into, int size) throws Exception {
        // As another process would, it draws other numbers.
        try (Outbox outbox = Outbox.open(on, SMALL, time, new SplittableRandom(size), Runnable::run)) {
            for (int n = 0; n < 60; n++) {
                into.append(outbox, "a", 1, size);
            }
        }
    }

    @Test
    void aRepairThatIsCutShortLosesNothingAndIsBegunAgain() throws Exception {
        String first = damage("a 20 x");
        damage("b 25 x");
        disk.put(segments().get(2), new byte[64 << 10]);
        long lost = Verifier.verify(disk).lostRecords();
        assertThat(lost).isGreaterThan(20);
        FaultyDisk damaged = disk;
        int operations = 0;
        for (int at = 0; at <= operations; at++) {
            for (int way = EVERY ? 0 : at % 3; way < (EVERY ? 3 : at % 3 + 1); way++) {
                FaultyDisk.Done done = List.of(FaultyDisk.Done.values()).get(way);
                SplittableRandom chance = new SplittableRandom(at);
                disk = damaged.powerLoss(FaultyDisk.Kept.EVERYTHING, FaultyDisk.Kept.EVERYTHING, chance);
                disk.fail(at, done, true, FaultyDisk.BROKEN);
                repairInVain();
                operations = Math.max(operations, disk.operations().size());
                for (int n = 0; n < 2; n++) {
                    disk = disk.powerLoss(chance.split());
                    disk.heal();
                    String story = "failed at " + at + " " + done;
                    assertThat(compare().lost()).as(story).isEqualTo(lost);
                    assertThat(Verifier.verify(disk).lostRecords()).as(story).isEqualTo(lost);
                }
                repair();
                assertThat(compare().lost()).isEqualTo(lost);
                assertThat(disk.names()).anyMatch(name -> name.startsWith(first + ".damaged-"));
                requireRepaired((int) lost);
            }
        }
        assertThat(operations).isGreaterThan(10);
    }

    private void repairInVain() {
        try {
            repair();
        } catch (IOException e) {
            assertThat(e).hasMessageContaining(FaultyDisk.BROKEN);
        }
    }

    @Test
    void anOpenOutboxIsVerifiedWhileItWorks() throws Exception {
        damage("a 20 x");
        try (Outbox outbox = open(disk)) {
            Verification found = outbox.verify();
            assertThat(found.lost()).containsExactly(new Lost("a", 20, 20, false, Verifier.UNREADABLE));
            assertThat(found.records()).isEqualTo(ledger.waiting() - 1);
            ledger.append(outbox, "a", 9, 3000);
            assertThat(outbox.verify().records()).isEqualTo(ledger.waiting() - 1);
            ledger.acknowledge(outbox, "a", 95);
            assertThat(outbox.verify().lostRecords()).isZero();
            List<Gap> none =
                    ledger.compare(Ledger.Source.of(outbox), "").damaged().getOrDefault("a", List.of());
            assertThat(none).isEmpty();
        }
    }
}
