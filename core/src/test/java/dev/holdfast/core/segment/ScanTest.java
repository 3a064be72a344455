// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.disk.DiskFile;
import dev.holdfast.core.disk.FaultyDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A wrong byte is never taken for a good one, and costs no more than the frame it is in. */
class ScanTest {

    private static final int FIRST = SegmentFile.FIRST_FRAME;
    private static final String NAME = "0000000001.log";
    private static final long SALT = 0x1234_5678_9ABC_DEF0L;
    private static final int WINDOW = 256 << 10;

    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));

    /** Frames without payload, with some, with padding and without; alone and in a group. */
    private static final List<Frame> FRAMES = IntStream.of(0, 1, 7, 8, 9, 40, 64, 65, 23)
            .mapToObj(length -> frame(length + 1, length))
            .toList();

    private static Frame frame(long sequence, int length) {
        byte[] payload = new byte[length];
        new SplittableRandom(sequence).nextBytes(payload);
        for (int at = 0; at < length; at++) {
            // No zeros, so that it is known where a payload ends.
            payload[at] |= 1;
        }
        return new Frame((byte) 3, 0xABCD, sequence, 7 * sequence, payload);
    }

    /** Writes frames, each of them a group, over what is in a file. */
    private void write(int number, long salt, int size, List<Frame> frames) throws IOException {
        try (DiskFile file = disk.open(SegmentFile.name(number))) {
            SegmentFile.begin(file, number, salt, size, new UUID(1, 2), Instant.EPOCH);
            ByteBuffer bytes = ByteBuffer.allocate(SegmentLog.size(frames));
            frames.forEach(frame -> FrameHeader.write(frame, false, 0, bytes, salt, FIRST + bytes.position()));
            file.write(bytes.flip(), FIRST);
            if (file.size() < size) {
                file.write(ByteBuffer.allocate(1), size - 1);
            }
        }
    }

    private SegmentLog open() throws IOException {
        return SegmentLog.open(disk, SegmentLog.LEAST_SIZE, new SplittableRandom(2));
    }

    private static int offset(List<Frame> frames, int index) {
        return FIRST + SegmentLog.size(frames.subList(0, index));
    }

    /** Which of the frames are found, and which of those only by their header. */
    private static List<String> found(Scan scan) throws IOException {
        List<String> found = new ArrayList<>();
        while (scan.next()) {
            Frame put = frame(scan.sequence(), (int) scan.sequence() - 1);
            byte[] payload = scan.payload();
            boolean isRight = scan.type() == put.type()
                    && scan.lane() == put.lane()
                    && scan.hash() == put.hash()
                    && (payload == null || Arrays.equals(payload, put.payload()));
            found.add(scan.sequence() + (isRight ? "" : " wrong") + (payload == null ? " damaged" : ""));
        }
        return found;
    }

    /** Zeros after a payload are under no checksum and lose nothing. A segment has its header twice. */
    @Test
    void everyByteFlipped() throws Exception {
        int size = FIRST + 1024;
        write(1, SALT, size, FRAMES);
        for (int offset = 0; offset < FIRST; offset++) {
            disk.flip(NAME, offset, 1 << (offset % 8));
            SegmentFile opened = SegmentFile.read(disk, 1);
            if (!new SegmentFile(1, SALT, size, new UUID(1, 2)).equals(opened)) {
                throw new AssertionError("byte " + offset + ": " + opened);
            }
            disk.flip(NAME, offset, 1 << (offset % 8));
        }
        try (SegmentLog log = open()) {
            for (int offset = FIRST; offset < size; offset++) {
                for (int mask : new int[] {0x01, 0x10, 0x80, 0xFF}) {
                    disk.flip(NAME, offset, mask);
                    try {
                        checkFlipped(log, offset);
                    } catch (AssertionError e) {
                        throw new AssertionError("byte " + offset + " ^ " + mask, e);
                    }
                    disk.flip(NAME, offset, mask);
                }
            }
        }
    }

    private static void checkFlipped(SegmentLog log, int flipped) throws IOException {
        List<String> expected = new ArrayList<>();
        int end = offset(FRAMES, FRAMES.size());
        // A zero behind the end looks like the rest of a lost frame.
        int written = flipped < end ? end : (flipped & -8) + 8;
        int lost = written - end;
        for (int index = 0; index < FRAMES.size(); index++) {
            int start = offset(FRAMES, index);
            Frame frame = FRAMES.get(index);
            int in = flipped - start;
            boolean isInHeader = in >= 0 && in < FrameHeader.SIZE;
            boolean isInPayload = in >= FrameHeader.SIZE && in < FrameHeader.SIZE + frame.payload().length;
            if (isInHeader) {
                lost = frame.size();
            } else {
                expected.add(frame.sequence() + (isInPayload ? " damaged" : ""));
            }
            if (log.read(SegmentLog.position(1, start)).isPresent() == (isInHeader || isInPayload)) {
                throw new AssertionError("frame " + frame.sequence() + " is read or not though it is hit or not");
            }
        }
        Scan scan = log.scan(1);
        assertThat(found(scan)).isEqualTo(expected);
        assertThat(scan.damaged()).isEqualTo(lost);
        assertThat(scan.written()).isEqualTo(written);
        Scan known = log.scan(1, 0, end);
        assertThat(found(known)).isEqualTo(expected);
        assertThat(known.damaged()).isEqualTo(flipped < end ? lost : 0);
    }

    @Test
    void aSegmentWithoutAGoodHeaderIsNamed() throws Exception {
        write(1, 1, 8 << 10, FRAMES);
        write(2, 2, 8 << 10, FRAMES);
        disk.flip(NAME, 20, 4);
        disk.flip(NAME, 2048 + 50, 4);
        disk.put("0000000003.log", disk.content("0000000002.log"));
        try (SegmentLog log = open()) {
            assertThat(log.segments()).containsExactly(2);
            assertThat(log.unreadable()).containsExactly(1, 3);
            assertThat(log.id()).isEqualTo(new UUID(1, 2));
            assertThat(log.begin(List.of(), Instant.EPOCH, 0)).isEqualTo(4);
            log.delete(3);
            assertThat(log.unreadable()).containsExactly(1);
        }
        assertThat(disk.names()).doesNotContain("0000000003.log").contains(NAME);
    }

    @Test
    void whatIsCutOffIsLostAndTheRestIsNot() throws Exception {
        write(1, 1, 8 << 10, FRAMES);
        byte[] whole = disk.content(NAME);
        for (int cut = offset(FRAMES, 5); cut <= offset(FRAMES, 6); cut++) {
            disk.put(NAME, Arrays.copyOf(whole, cut));
            try (SegmentLog log = open()) {
                // The last four bytes of it are zeros: nothing follows in its group.
                int header = offset(FRAMES, 5) + FrameHeader.SIZE - 4;
                List<String> expected = new ArrayList<>(List.of("1", "2", "8", "9", "10"));
                if (cut >= header) {
                    expected.add(cut == offset(FRAMES, 6) ? "41" : "41 damaged");
                }
                Scan scan = log.scan(1);
                assertThat(found(scan)).as("cut at %s", cut).isEqualTo(expected);
                assertThat(scan.damaged() > 0).isEqualTo(cut > offset(FRAMES, 5) && cut < header);
            }
        }
    }

    @Test
    void aFrameInAPayloadIsNone() throws Exception {
        Frame small = frame(9, 8);
        // At 4096 of another segment stands what would be a frame there, and here at the same place in a payload.
        write(2, 2, 8 << 10, List.of(frame(1, 0), small, small));
        byte[] other = Arrays.copyOfRange(disk.content("0000000002.log"), FIRST, FIRST + 136);
        Frame ofOther = new Frame((byte) 1, 0, 100, 0, other);
        write(1, 1, 8 << 10, List.of(ofOther));
        byte[] own = Arrays.copyOfRange(disk.content(NAME), FIRST, FIRST + ofOther.size());
        write(1, 1, 8 << 10, List.of(ofOther, new Frame((byte) 1, 0, 101, 0, own), frame(1, 0)));
        disk.flip(NAME, FIRST, 1);
        disk.flip(NAME, FIRST + ofOther.size(), 1);
        try (SegmentLog log = open()) {
            Scan scan = log.scan(1);
            assertThat(found(scan)).containsExactly("1");
            assertThat(scan.damaged()).isEqualTo(2L * FrameHeader.SIZE + other.length + own.length);
        }
    }

    @Test
    void whatWasInAFileBeforeDoesNotShowUp() throws Exception {
        write(1, 1, 8 << 10, FRAMES);
        int end = offset(FRAMES, FRAMES.size());
        write(1, 2, 8 << 10, FRAMES.subList(0, 2));
        try (SegmentLog log = open()) {
            Scan scan = log.scan(1);
            assertThat(found(scan)).containsExactly("1", "2");
            assertThat(scan.damaged()).isEqualTo(end - offset(FRAMES, 2));
            assertThat(scan.written()).isEqualTo(end);
        }
    }

    @Test
    void framesOfAllSizes() throws Exception {
        List<Frame> frames = IntStream.rangeClosed(0, 70)
                .mapToObj(length -> frame(length + 1, length))
                .toList();
        try (SegmentLog log = open()) {
            int number = log.begin(List.of(), Instant.EPOCH, 0);
            for (Frame frame : frames) {
                log.put(List.of(frame));
            }
            log.flush();
            Scan scan = log.scan(number);
            assertThat(found(scan))
                    .isEqualTo(
                            frames.stream().map(frame -> "" + frame.sequence()).toList());
            assertThat(scan.damaged()).isZero();
            assertThat(scan.written()).isEqualTo(log.end()).isEqualTo(FIRST + SegmentLog.size(frames));
        }
    }

    @Test
    void theLargestFrameInASegmentOfItsOwn() throws Exception {
        Frame largest = frame(Frame.MOST_PAYLOAD + 1, Frame.MOST_PAYLOAD);
        try (SegmentLog log = open()) {
            int number = log.begin(List.of(frame(1, 0), largest, frame(9, 8)), Instant.EPOCH, 0);
            Scan scan = log.scan(number);
            assertThat(found(scan)).containsExactly("1", "" + largest.sequence(), "9");
            assertThat(scan.damaged()).isZero();
            assertThat(log.read(SegmentLog.position(number, FIRST + FrameHeader.SIZE)))
                    .hasValueSatisfying(frame -> assertThat(frame.payload()).isEqualTo(largest.payload()));
        }
        assertThatThrownBy(() -> frame(1, Frame.MOST_PAYLOAD + 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected: at most " + Frame.MOST_PAYLOAD);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 16, 32, 40, 48, 80, 120})
    void framesAcrossTheEdgeOfWhatIsReadAtOnce(int before) throws Exception {
        // The second begins so many bytes before the first window ends.
        int length = WINDOW - before - FrameHeader.SIZE;
        List<Frame> frames = List.of(frame(length + 1, length), frame(71, 70), frame(9, 8));
        write(1, 1, 512 << 10, frames);
        try (SegmentLog log = open()) {
            Scan scan = log.scan(1);
            assertThat(found(scan)).containsExactly("" + (length + 1), "71", "9");
            assertThat(scan.damaged()).isZero();
            Scan headers = log.scan(1, 0, offset(frames, 3));
            for (Frame frame : frames) {
                assertThat(headers.next()).isTrue();
                assertThat(headers.sequence()).isEqualTo(frame.sequence());
            }
            assertThat(headers.next()).isFalse();
            // And where it has to be looked for.
            disk.flip(NAME, FIRST, 1);
            assertThat(found(log.scan(1))).containsExactly("71", "9");
        }
    }

    @Test
    void aReadThatFailsCanBeTriedAgain() throws Exception {
        // The second begins where the first piece that is read ends.
        List<Frame> frames = List.of(frame(WINDOW - 39, WINDOW - 40), frame(71, 70), frame(9, 8));
        write(1, 1, 512 << 10, frames);
        try (SegmentLog log = open()) {
            Scan scan = log.scan(1);
            disk.failReads(1);
            assertThatThrownBy(scan::next).hasMessage(FaultyDisk.BROKEN);
            assertThat(scan.next()).isTrue();
            disk.failReads(1);
            assertThatThrownBy(scan::next).hasMessage(FaultyDisk.BROKEN);
            assertThat(found(scan)).containsExactly("71", "9");
            assertThat(scan.damaged()).isZero();
        }
    }

    @Test
    void whatIsCutOffIsNotMadeUpFromWhatWasReadBefore() throws Exception {
        List<Frame> frames = List.of(frame(WINDOW - 39, WINDOW - 40), frame(71, 70), frame(9, 8));
        write(1, 1, 512 << 10, frames);
        disk.put(NAME, Arrays.copyOf(disk.content(NAME), offset(frames, 3)));
        try (SegmentLog log = open()) {
            Scan scan = log.scan(1);
            assertThat(found(scan)).hasSize(3);
            assertThat(scan.damaged()).isZero();
            assertThat(scan.written()).isEqualTo(offset(frames, 3));
        }
    }

    @Test
    void aPartWithNothingInItHasNoDamage() throws Exception {
        write(1, 1, 8 << 10, List.of());
        try (SegmentLog log = open()) {
            for (int end : new int[] {0, FIRST, FIRST + 8}) {
                Scan scan = log.scan(1, 0, end);
                assertThat(scan.next()).isFalse();
                assertThat(scan.next()).isFalse();
                assertThat(scan.damaged()).isEqualTo(Math.max(0, end - FIRST));
            }
        }
    }
}
