// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.DiskFile;
import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.disk.FaultyDisk.Done;
import dev.holdfast.core.disk.FaultyDisk.Kept;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SegmentLogTest {

    private static final int SIZE = SegmentLog.LEAST_SIZE;
    private static final int HEADER = FrameHeader.SIZE;

    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
    private final LogModel model = new LogModel();

    private static SegmentLog open(Disk disk) throws IOException {
        return SegmentLog.open(disk, SIZE, new SplittableRandom(2));
    }

    private static List<Long> sequences(SegmentLog log) throws IOException {
        return LogModel.groups(log).stream()
                .flatMap(List::stream)
                .map(Frame::sequence)
                .toList();
    }

    @Test
    void whatWasPutIsReadByPositionAndInOrder() throws Exception {
        try (SegmentLog log = open(disk)) {
            int number = log.begin(model.group(1, 50), Instant.EPOCH, 0);
            List<Frame> group = model.group(3, 50);
            long position = log.put(group);
            assertThat(SegmentLog.segment(position)).isEqualTo(number);
            assertThat(log.read(position)).as("not written yet").isEmpty();
            log.flush();
            for (Frame frame : group) {
                assertThat(log.read(position)).hasValueSatisfying(read -> LogModel.assertSame(read, frame));
                position += frame.size();
            }
            assertThat(SegmentLog.offset(position)).isEqualTo(log.end());
            assertThat(log.read(position)).isEmpty();
            assertThat(log.read(SegmentLog.position(9, 4096))).isEmpty();
            assertThat(sequences(log)).containsExactly(1L, 2L, 3L, 4L);
        }
    }

    @Test
    void beginningForcesWhatWasPutBefore() throws Exception {
        try (SegmentLog log = open(disk)) {
            log.begin(List.of(), Instant.EPOCH, 0);
            log.put(model.group(1, 50));
            log.flush();
            log.put(model.group(1, 50));
            log.begin(model.group(1, 50), Instant.EPOCH, 0);
            log.force();
        }
        try (SegmentLog left = open(disk.powerLoss(Kept.NOTHING, Kept.NOTHING, new SplittableRandom(3)))) {
            assertThat(sequences(left)).containsExactly(1L, 2L, 3L);
        }
    }

    @Test
    void theOldSegmentGoesOnWhereThereIsNoSpaceForANewOne() throws Exception {
        disk.limit(SIZE + 1000);
        try (SegmentLog log = open(disk)) {
            log.begin(List.of(), Instant.EPOCH, 0);
            assertThatThrownBy(() -> log.begin(List.of(), Instant.EPOCH, 0)).hasMessage(FaultyDisk.FULL);
            assertThatThrownBy(log::prepare).hasMessage(FaultyDisk.FULL);
            assertThat(log.fits(SIZE - 4096)).isTrue();
            assertThat(log.fits(SIZE - 4096 + 1)).isFalse();
            log.put(model.group(1, 50));
            log.force();
        }
        try (SegmentLog left = open(disk.powerLoss(Kept.NOTHING, Kept.NOTHING, new SplittableRandom(3)))) {
            assertThat(sequences(left)).containsExactly(1L);
        }
    }

    @Test
    void whatCannotBeForcedIsSaidUntilASegmentIsBegun() throws Exception {
        try (SegmentLog log = open(disk)) {
            log.begin(List.of(), Instant.EPOCH, 0);
            log.put(model.group(1, 50));
            disk.fail(disk.operations().size() + 1, Done.NOTHING, false, FaultyDisk.BROKEN);
            assertThatThrownBy(log::force).hasMessage(FaultyDisk.BROKEN);
            assertThatThrownBy(log::force).hasMessageContaining("earlier write failed");
            assertThat(sequences(log)).as("it can be read").containsExactly(1L);
            assertThat(log.begin(model.group(1, 50), Instant.EPOCH, 0)).isEqualTo(2);
        }
        try (SegmentLog left = open(disk.powerLoss(Kept.EVERYTHING, Kept.EVERYTHING, new SplittableRandom(3)))) {
            assertThat(sequences(left)).as("the disk never had the first").containsExactly(2L);
        }
    }

    /** Frames of 40 bytes each: what is left of a group must not look like another one. */
    @Test
    void aGroupThatLostFramesIsToldFromAWholeOne() throws Exception {
        for (int lost = 0; lost < 8; lost++) {
            FaultyDisk damaged = new FaultyDisk(new SplittableRandom(1));
            try (SegmentLog log = open(damaged)) {
                LogModel frames = new LogModel();
                int number = log.begin(List.of(), Instant.EPOCH, 0);
                log.put(frames.group(3, 0));
                log.flush();
                for (int frame = 0; frame < 3; frame++) {
                    if ((lost >> frame & 1) != 0) {
                        damaged.flip(SegmentFile.name(number), 4096 + frame * HEADER, 1);
                    }
                }
                // As a writer does that comes after a power loss.
                Scan scan = log.scan(number);
                while (scan.next()) {
                    assertThat(scan.size()).isEqualTo(HEADER);
                }
                log.resume(number, lost == 4 ? 4096 + 2 * HEADER : scan.written());
                log.put(frames.group(1, 0));
                log.flush();
                assertThat(sequences(log)).isEqualTo(lost == 0 ? List.of(1L, 2L, 3L, 4L) : List.of(4L));
            }
        }
    }

    @Test
    void aSpareThatIsPreparedWhileASegmentBeginsIsNotMistakenForIt() throws Exception {
        Meanwhile meanwhile = new Meanwhile(disk);
        try (SegmentLog log = open(meanwhile)) {
            log.prepare();
            meanwhile.work = () -> {
                try {
                    log.prepare();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            };
            log.begin(model.group(1, 50), Instant.EPOCH, 0);
            log.put(model.group(1, 50));
            log.force();
            meanwhile.thread.join();
        }
        try (SegmentLog left = open(disk.powerLoss(Kept.EVERYTHING, Kept.EVERYTHING, new SplittableRandom(3)))) {
            assertThat(left.unreadable()).isEmpty();
            assertThat(sequences(left)).containsExactly(1L, 2L);
        }
    }

    /** Before a file is renamed another thread does something, as far as it can. */
    private static final class Meanwhile implements Disk {
        private final Disk disk;
        Runnable work = () -> {};
        Thread thread = new Thread(work);

        Meanwhile(Disk disk) {
            this.disk = disk;
        }

        @Override
        public List<String> names() throws IOException {
            return disk.names();
        }

        @Override
        public DiskFile open(String name) throws IOException {
            return disk.open(name);
        }

        @Override
        public DiskFile openToRead(String name) throws IOException {
            return disk.openToRead(name);
        }

        @Override
        public void rename(String from, String to) throws IOException {
            thread = new Thread(work);
            thread.start();
            while (thread.isAlive() && thread.getState() != Thread.State.BLOCKED) {
                Thread.onSpinWait();
            }
            disk.rename(from, to);
        }

        @Override
        public void delete(String name) throws IOException {
            disk.delete(name);
        }

        @Override
        public void sync() throws IOException {
            disk.sync();
        }
    }

    @Test
    void whatIsDeletedIsGoneAndWhatIsWrittenToIsNotDeleted() throws Exception {
        try (SegmentLog log = open(disk)) {
            int old = log.begin(model.group(1, 50), Instant.EPOCH, 0);
            int current = log.begin(model.group(1, 50), Instant.EPOCH, 0);
            disk.fail(disk.operations().size(), Done.NOTHING, false, FaultyDisk.BROKEN);
            assertThatThrownBy(() -> log.delete(old)).isInstanceOf(IOException.class);
            assertThat(log.read(SegmentLog.position(old, 4096)))
                    .as("still there")
                    .isPresent();
            log.delete(old);
            log.delete(old);
            assertThat(log.segments()).containsExactly(current);
            assertThat(log.read(SegmentLog.position(old, 4096))).isEmpty();
            assertThatThrownBy(() -> log.scan(old)).hasMessageContaining("0000000001.log is not there");
            assertThatThrownBy(() -> log.delete(current))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("number: " + current);
            assertThat(disk.names()).containsExactly(SegmentFile.name(current));
        }
    }

    @Test
    void aPlaceThatIsNoneIsRefused() throws Exception {
        try (SegmentLog log = open(disk)) {
            int number = log.begin(List.of(), Instant.EPOCH, 0);
            for (int end : new int[] {0, 4088, 4100, SIZE + 8}) {
                assertThatThrownBy(() -> log.resume(number, end))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("end: " + end);
            }
            assertThatThrownBy(() -> log.resume(7, 4096)).hasMessageContaining("is not there");
            for (int size : new int[] {0, SIZE - 4096, SIZE + 1}) {
                assertThatThrownBy(() -> SegmentLog.open(disk, size, new SplittableRandom(1)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("size: " + size);
            }
        }
    }

    @Test
    void otherFilesAreLeftAlone() throws Exception {
        for (String name : List.of("0000000000.log", "9999999999.log", "1.log", "0000000001.log.old", "key")) {
            disk.put(name, new byte[] {1});
        }
        try (SegmentLog log = open(disk)) {
            assertThat(log.segments()).isEmpty();
            assertThat(log.unreadable()).isEmpty();
            log.begin(List.of(), Instant.EPOCH, 0);
        }
        assertThat(disk.names()).hasSize(6);
    }
}
