// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.disk.FaultyDisk.Kept;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.segment.Scan;
import dev.holdfast.core.segment.SegmentLog;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Every byte of two small segments, flipped one at a time: one bit of it and the whole of it in turn, or with
 * {@code -Dholdfast.every=true} both. Each time everything is read and verified; one time in {@value #STRIDE}, or with
 * that property each time, the outbox is opened and repaired as well.
 */
class OutboxFlipTest {

    private static final int STRIDE = 97;
    private static final boolean EVERY = Boolean.getBoolean("holdfast.every");
    private static final int REPAIRED = EVERY ? 1 : STRIDE;
    private static final OutboxPolicy SMALL = OutboxPolicy.DEFAULT.withSegment(64 << 10);

    private final VirtualTime time = new VirtualTime();
    private final Ledger ledger = new Ledger();
    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));

    /** A frame as it was written. */
    private record Written(String file, int from, int to, byte type, String lane, long sequence) {}

    /** Two segments, since the outbox was killed in between. */
    @BeforeEach
    void fill() throws Exception {
        FaultyDisk first = new FaultyDisk(new SplittableRandom(1));
        Outbox outbox = open(first);
        ledger.append(outbox, "a", 1, 100);
        ledger.append(outbox, "a", 3, 150);
        ledger.append(outbox, "b", 2, 100);
        ledger.bury(outbox, "a", 2);
        ledger.acknowledge(outbox, "a", 1);
        ledger.append(outbox, "b", 1, 33);
        FaultyDisk killed = killed(first);
        outbox.close();
        try (Outbox again = open(killed)) {
            ledger.append(again, "c", 1, 50);
            ledger.append(again, "a", 2, 120);
            Ledger.get(again.attempted("a", attempts(3)));
            ledger.bury(again, "b", 2);
            Ledger.get(again.startEpoch("a", 1, 5));
            ledger.acknowledge(again, "b", 1);
            ledger.append(again, "a", 1, 60);
            ledger.append(again, "b", 2, 60);
        }
        for (String name : killed.names()) {
            disk.put(name, killed.content(name));
        }
        assertThat(Verifier.verify(disk).isRepairNeeded()).isFalse();
        assertThat(segments()).hasSize(2);
    }

    private static Attempts attempts(long sequence) {
        return Attempts.none(sequence, Instant.EPOCH).plus("no", true, Instant.EPOCH);
    }

    private Outbox open(FaultyDisk on) throws IOException {
        return Outbox.open(on, SMALL, time, new SplittableRandom(1), Runnable::run);
    }

    private static FaultyDisk killed(FaultyDisk disk) {
        return disk.powerLoss(Kept.EVERYTHING, Kept.EVERYTHING, new SplittableRandom(1));
    }

    private List<String> segments() {
        return disk.names().stream().filter(name -> name.endsWith(".log")).toList();
    }

    private static Ledger.Source source(SegmentLog log, Index index) {
        Reader reader = new Reader(log, index, new ReentrantLock());
        return new Ledger.Source() {
            @Override
            public List<Item> read(String lane, long from) throws IOException {
                return reader.read(lane, from, Long.MAX_VALUE, 50, 40_000);
            }

            @Override
            public long acked(String lane) {
                Lane known = index.lanes.get(lane);
                return known == null ? 0 : known.acked;
            }

            @Override
            public List<DeadLetter> dead() throws IOException {
                return reader.dead(0, 10_000);
            }
        };
    }

    private List<Written> written() throws IOException {
        List<Written> frames = new ArrayList<>();
        try (SegmentLog log = SegmentLog.open(disk, SMALL.segment(), new SplittableRandom(1))) {
            Index index = Recovery.read(log).index();
            for (int segment : log.segments()) {
                Scan scan = log.scan(segment);
                while (scan.next()) {
                    Lane lane = index.byId.get(scan.lane());
                    frames.add(new Written(
                            SegmentLog.name(segment),
                            SegmentLog.offset(scan.position()),
                            scan.end(),
                            scan.type(),
                            lane == null ? "" : lane.name,
                            scan.sequence()));
                }
            }
        }
        return frames;
    }

    @Test
    void noFlippedByteIsHandedOnAndNoneCostsMoreThanItsRecord() throws Exception {
        List<Written> frames = written();
        int flips = 0;
        for (String file : segments()) {
            int last = frames.stream()
                    .filter(frame -> frame.file.equals(file))
                    .mapToInt(Written::to)
                    .max()
                    .orElseThrow();
            // Some of the zeros behind it as well; and of those in its header, which are all alike, one in sixteen.
            for (int offset = 0; offset < last + 64; offset++) {
                int at = offset;
                if (offset < SegmentLog.FIRST_FRAME && offset % SegmentLog.HEADER_SIZE > 64 && offset % 16 != 0) {
                    continue;
                }
                Written hit = frames.stream()
                        .filter(frame -> frame.file.equals(file) && frame.from <= at && at < frame.to)
                        .findFirst()
                        .orElse(null);
                for (int mask : new int[] {1 << offset % 8, 0xFF}) {
                    if (EVERY || (mask == 0xFF) == (offset % 2 == 0)) {
                        flip(file, offset, mask, hit, flips++ % REPAIRED == 0);
                    }
                }
            }
        }
        assertThat(flips).isGreaterThan(3_000);
    }

    private void flip(String file, int offset, int mask, @Nullable Written hit, boolean isRepaired) throws IOException {
        String story = file + " at " + offset + " xor " + mask + ", " + hit;
        disk.flip(file, offset, mask);
        try (SegmentLog log = SegmentLog.open(disk, SMALL.segment(), new SplittableRandom(1))) {
            Recovery.Found opened = Recovery.read(log);
            Ledger.Found found = ledger.compare(source(log, opened.index()), story);
            requireAtMostItsRecord(found, hit, story);
            Verification verified = Verifier.of(log, opened).verification(opened);
            assertThat(verified.lostRecords()).as(story).isEqualTo(found.lost());
            assertThat(verified.records()).as(story).isEqualTo(found.good());
            if (hit != null && offset < hit.to - 7) {
                assertThat(verified.isRepairNeeded() || verified.unfinishedBytes() > 0)
                        .as(story)
                        .isTrue();
            }
        }
        if (isRepaired) {
            repair(story);
        }
        disk.flip(file, offset, mask);
    }

    private void requireAtMostItsRecord(Ledger.Found found, @Nullable Written hit, String story) {
        boolean isRecord = hit != null && hit.type == Codec.RECORD;
        assertThat(found.lost()).as(story).isLessThanOrEqualTo(isRecord ? 1 : 0);
        found.damaged()
                .forEach((lane, gaps) -> gaps.forEach(gap -> {
                    assertThat(lane).as(story).isEqualTo(hit == null ? "" : hit.lane);
                    assertThat(gap.first()).as(story).isEqualTo(hit == null ? 0 : hit.sequence);
                }));
        assertThat(found.good() + found.lost()).as(story).isGreaterThanOrEqualTo(ledger.waiting());
        assertThat(found.good() + found.lost() + found.dead())
                .as(story)
                .isGreaterThanOrEqualTo(ledger.waiting() + (hit != null && hit.type == Codec.DEAD ? 1 : 2));
    }

    private void repair(String story) throws IOException {
        FaultyDisk copy = killed(disk);
        Ledger.Found before;
        try (Outbox outbox = open(killed(disk))) {
            before = ledger.compare(Ledger.Source.of(outbox), story);
        }
        Repair.Done done = Repair.repair(copy, SMALL, time, new SplittableRandom(2));
        assertThat(done.setAside().isEmpty())
                .as(story)
                .isNotEqualTo(done.before().isRepairNeeded());
        assertThat(Verifier.verify(copy).isRepairNeeded()).as(story).isFalse();
        try (Outbox outbox = open(copy)) {
            Ledger.Found after = ledger.compare(Ledger.Source.of(outbox), story);
            assertThat(after.good()).as(story).isEqualTo(before.good());
            assertThat(after.dead()).as(story).isEqualTo(before.dead());
        }
    }

    @Test
    void aFileThatIsCutOffAnywhereLosesNothingBeforeThat() throws Exception {
        List<Written> frames = written();
        String file = segments().getFirst();
        byte[] whole = disk.content(file);
        for (Written cut : frames) {
            if (cut.file.equals(file)) {
                for (int length : new int[] {cut.from, cut.from + 20, cut.to - 1}) {
                    String story = "cut off at " + length;
                    disk.put(file, Arrays.copyOf(whole, length));
                    Verification found = Verifier.verify(disk);
                    assertThat(found.damagedBytes()).as(story).isPositive();
                    try (Outbox outbox = open(killed(disk))) {
                        Ledger.Found read = ledger.compare(Ledger.Source.of(outbox), story);
                        assertThat(read.lost()).as(story).isEqualTo(found.lostRecords());
                        requireOnlyBehind(read, frames, file, length, story);
                    }
                    repair(story);
                }
            }
        }
        disk.put(file, new byte[0]);
        assertThat(Verifier.verify(disk).unreadable()).containsExactly(file);
        repair("empty");
    }

    private static void requireOnlyBehind(
            Ledger.Found read, List<Written> frames, String file, int length, String story) {
        for (Map.Entry<String, List<Item.Gap>> lane : read.damaged().entrySet()) {
            for (Item.Gap gap : lane.getValue()) {
                for (long sequence = gap.first(); sequence <= gap.last(); sequence++) {
                    long lost = sequence;
                    assertThat(frames)
                            .as(story + ", " + lane.getKey() + " " + lost)
                            .anyMatch(frame -> frame.file.equals(file)
                                    && frame.type == Codec.RECORD
                                    && frame.to > length
                                    && frame.lane.equals(lane.getKey())
                                    && frame.sequence == lost);
                }
            }
        }
    }

    @Test
    void segmentsThatAreSwappedAreNotReadAsEachOther() throws Exception {
        byte[] first = disk.content(segments().getFirst());
        byte[] second = disk.content(segments().getLast());
        disk.put(segments().getFirst(), second);
        disk.put(segments().getLast(), first);
        assertThat(Verifier.verify(disk).unreadable()).isEqualTo(segments());
        Repair.Done done = Repair.repair(disk, SMALL, time, new SplittableRandom(2));
        assertThat(done.setAside()).hasSize(2);
        assertThat(disk.names()).containsAll(done.setAside());
        assertThat(Verifier.verify(disk).isRepairNeeded()).isFalse();
    }

    @Test
    void anOldCopyOfASegmentLosesWhatWasWrittenSince() throws Exception {
        List<Written> frames = written();
        String file = segments().getFirst();
        byte[] old = disk.content(file);
        Written last = frames.stream()
                .filter(frame -> frame.file.equals(file) && frame.type == Codec.RECORD)
                .toList()
                .getLast();
        Arrays.fill(old, last.from, old.length, (byte) 0);
        disk.put(file, old);
        Verification found = Verifier.verify(disk);
        assertThat(found.lost()).hasSize(1);
        assertThat(found.lost().getFirst().lane()).isEqualTo(last.lane);
        assertThat(found.lost().getFirst().first()).isEqualTo(last.sequence);
        repair("an old copy");
    }
}
