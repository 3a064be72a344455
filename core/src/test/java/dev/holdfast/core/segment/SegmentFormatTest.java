// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.disk.FaultyDisk;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/**
 * A segment that the first version wrote, {@code segment-version-1.hex}: each later version must read it as it is.
 * What stands in that file is never to be changed; what a later version writes gets a file of its own.
 */
class SegmentFormatTest {

    private static final String NAME = "0000000001.log";
    private static final int SIZE = SegmentLog.LEAST_SIZE;
    private static final int LINE = 32;
    private static final UUID ID = new UUID(0x0011_2233_4455_6677L, 0x8899_AABB_CCDD_EEFFL);

    /** A group that begins the segment, one frame alone, a group of three. */
    private static final List<List<Frame>> GROUPS = List.of(
            List.of(frame(1, 0, 1, 0, "")),
            List.of(frame(127, 65_535, Long.MAX_VALUE, -1, "{\"cpu\":0.25}")),
            List.of(
                    frame(2, 7, 42, 0x0123_4567_89AB_CDEFL, "exactly8"),
                    frame(2, 7, 43, Long.MIN_VALUE, "größer"),
                    frame(3, 8, -1, 1, "x")));

    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));

    private static Frame frame(int type, int lane, long sequence, long hash, String payload) {
        return new Frame((byte) type, lane, sequence, hash, payload.getBytes(StandardCharsets.UTF_8));
    }

    /** Lines of an offset and the bytes there, up to 32 of them; all else is zeros. */
    private static byte[] frozen() throws IOException {
        byte[] segment = new byte[SIZE];
        try (InputStream hex =
                Objects.requireNonNull(SegmentFormatTest.class.getResourceAsStream("segment-version-1.hex"))) {
            for (String line : new String(hex.readAllBytes(), StandardCharsets.US_ASCII).split("\n", -1)) {
                if (!line.isEmpty() && !line.startsWith("#")) {
                    byte[] bytes = HexFormat.of().parseHex(line.substring(9));
                    System.arraycopy(bytes, 0, segment, HexFormat.fromHexDigits(line.substring(0, 8)), bytes.length);
                }
            }
        }
        return segment;
    }

    private static String hex(byte[] segment) {
        StringBuilder lines = new StringBuilder();
        for (int offset = 0; offset < segment.length; offset += LINE) {
            byte[] line = Arrays.copyOfRange(segment, offset, offset + LINE);
            if (!Arrays.equals(line, new byte[LINE])) {
                lines.append(HexFormat.of().toHexDigits(offset))
                        .append(' ')
                        .append(HexFormat.of().formatHex(line))
                        .append('\n');
            }
        }
        return lines.toString();
    }

    @Test
    void whatTheFirstVersionWroteIsRead() throws Exception {
        disk.put(NAME, frozen());
        try (SegmentLog log = SegmentLog.open(disk, SIZE, new SplittableRandom(1))) {
            assertThat(log.id()).isEqualTo(ID);
            assertThat(log.segments()).containsExactly(1);
            List<List<Frame>> found = LogModel.groups(log);
            assertThat(found).hasSameSizeAs(GROUPS);
            for (int group = 0; group < found.size(); group++) {
                assertThat(found.get(group)).hasSameSizeAs(GROUPS.get(group));
                for (int frame = 0; frame < found.get(group).size(); frame++) {
                    LogModel.assertSame(
                            found.get(group).get(frame), GROUPS.get(group).get(frame));
                }
            }
            Scan scan = log.scan(1);
            while (scan.next()) {
                assertThat(scan.payload()).isNotNull();
            }
            assertThat(scan.damaged()).isZero();
            assertThat(scan.written()).isEqualTo(4096 + 5 * 40 + 0 + 16 + 8 + 8 + 8);
        }
    }

    @Test
    void thisVersionWritesTheSame() throws Exception {
        AtomicLong drawn = new AtomicLong();
        long[] chance = {ID.getMostSignificantBits(), ID.getLeastSignificantBits(), 0x5A17_5A17_0BAD_CAFEL};
        try (SegmentLog log = SegmentLog.open(disk, SIZE, () -> chance[(int) drawn.getAndIncrement()])) {
            log.begin(GROUPS.get(0), Instant.parse("2026-11-22T12:00:00.123Z"), 0);
            log.put(GROUPS.get(1));
            log.put(GROUPS.get(2));
            log.force();
        }
        assertThat(hex(disk.content(NAME))).isEqualTo(hex(frozen()));
    }

    @Test
    void aLaterVersionIsNotGuessedAt() throws Exception {
        byte[] segment = frozen();
        ByteBuffer header = ByteBuffer.wrap(segment).putInt(8, 2);
        CRC32C crc = new CRC32C();
        crc.update(segment, 0, 52);
        header.putInt(52, (int) crc.getValue());
        disk.put(NAME, segment);
        disk.put("0000000002.log", segment);
        assertThatThrownBy(() -> SegmentLog.open(disk, SIZE, new SplittableRandom(1)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is of version 2 (expected: 1; run the Holdfast that wrote it, or a later one)");
    }
}
