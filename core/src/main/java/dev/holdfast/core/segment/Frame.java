// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

/**
 * What a log is made of. The numbers are the owner's; they are part of the header and so are there even if the payload
 * is damaged.
 *
 * @param type what it is, 1 to 127
 * @param lane a number of the owner's, 0 to 65535
 * @param sequence another
 * @param hash another
 * @param payload at most {@link #MOST_PAYLOAD} bytes; not copied, so not to be changed
 */
// Nobody compares frames, and a copy of each payload would cost as much as writing it.
@SuppressWarnings("ArrayRecordComponent")
public record Frame(byte type, int lane, long sequence, long hash, byte[] payload) {

    /** 4 MiB, so that a group of one fits into the smallest segment that makes sense. */
    public static final int MOST_PAYLOAD = 4 << 20;

    /** @throws IllegalArgumentException if a number is out of its range or the payload too long */
    public Frame {
        if (type < 1) {
            throw new IllegalArgumentException("type: " + type + " (expected: 1 to 127)");
        }
        if (lane < 0 || lane > 0xFFFF) {
            throw new IllegalArgumentException("lane: " + lane + " (expected: 0 to 65535)");
        }
        if (payload.length > MOST_PAYLOAD) {
            throw new IllegalArgumentException(
                    "payload: " + payload.length + " bytes (expected: at most " + MOST_PAYLOAD + ")");
        }
    }

    /** How many bytes of a segment it takes. */
    public int size() {
        return FrameHeader.SIZE + FrameHeader.padded(payload.length);
    }
}
