// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What stands before a payload. All numbers are big-endian; header and payload begin at a multiple of 8 of the segment.
 *
 * <pre>
 *  0        4        8        12       16       24       32    33    34     36       40
 *  | magic  | header | length | payload| sequence| hash   | type| in  | lane | follow | payload ... 0 to 7 zeros |
 *  |        | CRC    |        | CRC    |         |        |     |     |      |        |                          |
 * </pre>
 *
 * <p>Both checksums are CRC-32C (RFC 3720, appendix B.4). The header's begins with the salt of the segment and the
 * offset of the frame in it, 16 bytes that are not stored here: so a frame is good at its own place only, whatever a
 * payload contains and whatever was in the file before. The zeros after a payload are under no checksum: they hold
 * nothing, so there is nothing to lose in them.
 *
 * <p>{@code follow} is how many frames of the same group come after this one, {@code in} is 1 if one came before it,
 * else 0: they hold together or not at all, and a group that lost frames at either end can be told from a whole one.
 */
record FrameHeader(
        byte type, boolean continues, int lane, long sequence, long hash, int length, int payloadCrc, int follow) {

    static final int SIZE = 40;
    private static final int MAGIC = 0x48F0_1DFA;
    private static final int FROM_CRC = 8;

    static int padded(int length) {
        return (length + 7) & -8;
    }

    int size() {
        return SIZE + padded(length);
    }

    /** Writes a frame at the buffer's position, which is {@code offset} in the segment, and moves past its padding. */
    static void write(Frame frame, boolean continues, int follow, ByteBuffer into, long salt, int offset) {
        int start = into.position();
        byte[] payload = frame.payload();
        into.putInt(MAGIC).putInt(0).putInt(payload.length).putInt(crc(payload));
        into.putLong(frame.sequence()).putLong(frame.hash());
        into.put(frame.type())
                .put((byte) (continues ? 1 : 0))
                .putShort((short) frame.lane())
                .putInt(follow);
        into.putInt(start + 4, headerCrc(into, start, salt, offset));
        into.put(payload);
        for (int pad = payload.length; pad < padded(payload.length); pad++) {
            into.put((byte) 0);
        }
    }

    /**
     * The header at {@code index} of the buffer, which is {@code offset} in the segment, or null if there is none.
     *
     * @param limit where the segment ends at the latest
     */
    @Nullable
    static FrameHeader read(ByteBuffer from, int index, long salt, int offset, int limit) {
        if (from.getInt(index) != MAGIC || from.getInt(index + 4) != headerCrc(from, index, salt, offset)) {
            return null;
        }
        FrameHeader header = new FrameHeader(
                from.get(index + 32),
                from.get(index + 33) != 0,
                from.getShort(index + 34) & 0xFFFF,
                from.getLong(index + 16),
                from.getLong(index + 24),
                from.getInt(index + 8),
                from.getInt(index + 12),
                from.getInt(index + 36));
        boolean fits = header.length >= 0 && header.length <= Frame.MOST_PAYLOAD && header.size() <= limit - offset;
        return fits ? header : null;
    }

    /** Whether a payload is what was written. */
    boolean isOf(byte[] payload) {
        return crc(payload) == payloadCrc;
    }

    private static int crc(byte[] payload) {
        CRC32C crc = new CRC32C();
        crc.update(payload, 0, payload.length);
        return (int) crc.getValue();
    }

    private static int headerCrc(ByteBuffer buffer, int index, long salt, int offset) {
        ByteBuffer place = ByteBuffer.allocate(16).order(ByteOrder.BIG_ENDIAN);
        place.putLong(salt).putLong(offset).flip();
        CRC32C crc = new CRC32C();
        crc.update(place);
        crc.update(buffer.slice(index + FROM_CRC, SIZE - FROM_CRC));
        return (int) crc.getValue();
    }
}
