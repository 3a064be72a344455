// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One file of a log, {@code 0000000001.log} and so on. All numbers are big-endian.
 *
 * <pre>
 *  0          8         12     16       20     28         44        52    56
 *  | HOLDFLOG | version | size | number | salt | log's id | created | CRC | 0 ...
 *  2048: the same once more
 *  4096: frames, each at a multiple of 8, then zeros up to size
 * </pre>
 *
 * <p>Size is that of the whole file, created is in milliseconds of the Unix epoch, and the CRC-32C is that of the 52
 * bytes before it. The file has its full size, and zeros in it, before anything is written: a write that changes no
 * file's length is forced with less work, and zeros end what is written.
 *
 * <p>Version 1. A later one may only be read by a program that knows it.
 */
record SegmentFile(int number, long salt, int size, UUID log) {

    static final int FIRST_FRAME = 4096;
    static final int VERSION = 1;

    static final int COPY = 2048;
    private static final int HEADER = 56;
    private static final long MAGIC =
            ByteBuffer.wrap("HOLDFLOG".getBytes(StandardCharsets.US_ASCII)).getLong();
    private static final Pattern NAME = Pattern.compile("([0-9]{10})\\.log");
    private static final int ZEROS = 64 << 10;

    String name() {
        return name(number);
    }

    static String name(int number) {
        return String.format(Locale.ROOT, "%010d.log", number);
    }

    /** The number in a segment's name, if it is one. */
    static OptionalInt number(String name) {
        Matcher matcher = NAME.matcher(name);
        if (!matcher.matches()) {
            return OptionalInt.empty();
        }
        long number = Long.parseLong(matcher.group(1));
        return number > 0 && number <= Integer.MAX_VALUE ? OptionalInt.of((int) number) : OptionalInt.empty();
    }

    /**
     * Makes a file of zeros and forces it; only its name is still to be made to last. Where there is no room for all of
     * it nothing of it stays.
     */
    static void fill(Disk disk, String name, int size) throws IOException {
        disk.delete(name);
        ByteBuffer zeros = ByteBuffer.allocate(ZEROS);
        try (DiskFile file = disk.open(name)) {
            for (int written = 0; written < size; written += ZEROS) {
                file.write(zeros.clear().limit(Math.min(ZEROS, size - written)), written);
            }
            file.force();
        } catch (IOException e) {
            try {
                disk.delete(name);
            } catch (IOException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
    }

    /** Writes the header of a filled file. Nothing of it is forced. */
    static SegmentFile begin(DiskFile file, int number, long salt, int size, UUID log, Instant now) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(FIRST_FRAME);
        for (int copy = 0; copy <= COPY; copy += COPY) {
            header.position(copy);
            header.putLong(MAGIC).putInt(VERSION).putInt(size).putInt(number).putLong(salt);
            header.putLong(log.getMostSignificantBits()).putLong(log.getLeastSignificantBits());
            header.putLong(now.toEpochMilli()).putInt(crc(header, copy));
        }
        file.write(header.clear(), 0);
        return new SegmentFile(number, salt, size, log);
    }

    /**
     * Reads the header of a segment that is there.
     *
     * @return null if neither copy of it verifies
     * @throws IOException if it cannot be read, or is of a later version
     */
    @Nullable
    static SegmentFile read(Disk disk, int number) throws IOException {
        try (DiskFile file = disk.openToRead(name(number))) {
            return read(number, file);
        }
    }

    private static @Nullable SegmentFile read(int number, DiskFile file) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(FIRST_FRAME);
        file.read(header, 0);
        for (int copy = 0; copy <= COPY; copy += COPY) {
            if (header.getLong(copy) == MAGIC && header.getInt(copy + HEADER - 4) == crc(header, copy)) {
                return read(header, copy, number);
            }
        }
        return null;
    }

    private static @Nullable SegmentFile read(ByteBuffer header, int copy, int number) throws IOException {
        int version = header.getInt(copy + 8);
        if (version != VERSION) {
            throw new IOException(name(number) + " is of version " + version + " (expected: " + VERSION
                    + "; run the Holdfast that wrote it, or a later one)");
        }
        if (header.getInt(copy + 16) != number) {
            return null;
        }
        return new SegmentFile(
                number,
                header.getLong(copy + 20),
                header.getInt(copy + 12),
                new UUID(header.getLong(copy + 28), header.getLong(copy + 36)));
    }

    /** Where those of the two copies of a header begin in which a byte is not what was written. */
    static List<Integer> damagedCopies(ByteBuffer there) {
        List<Integer> damaged = new ArrayList<>();
        for (int copy = 0; copy <= COPY; copy += COPY) {
            boolean isWhole = there.getLong(copy) == MAGIC && there.getInt(copy + HEADER - 4) == crc(there, copy);
            for (int at = HEADER; at < COPY; at++) {
                isWhole &= there.get(copy + at) == 0;
            }
            if (!isWhole) {
                damaged.add(copy);
            }
        }
        return damaged;
    }

    private static int crc(ByteBuffer header, int copy) {
        CRC32C crc = new CRC32C();
        crc.update(header.slice(copy, HEADER - 4));
        return (int) crc.getValue();
    }
}
