// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.random.RandomGenerator;

/** Sends frames, each masked as RFC 6455 asks of a client. Blocks; safe for use by several threads. */
final class FrameWriter {

    private static final int FIN = 0x80;
    private static final int MASKED = 0x80;
    private static final int LONGEST_SHORT = 125;
    private static final int LONGEST_16 = 0xffff;
    private static final int LENGTH_16 = 126;
    private static final int LENGTH_64 = 127;
    private static final int MASK_BYTES = 4;

    /** A multiple of the mask's length, so that each piece begins with the mask's first byte. */
    private static final int PIECE = 16 << 10;

    private final OutputStream out;
    private final RandomGenerator chance;

    FrameWriter(OutputStream out, RandomGenerator chance) {
        this.out = out;
        this.chance = chance;
    }

    /** Sends one; the payload's position stays. */
    synchronized void write(int opcode, ByteBuffer payload) throws IOException {
        ByteBuffer rest = payload.duplicate();
        byte[] mask = new byte[MASK_BYTES];
        chance.nextBytes(mask);
        ByteBuffer piece = ByteBuffer.allocate(2 + Long.BYTES + MASK_BYTES + Math.min(PIECE, rest.remaining()));
        piece.put((byte) (FIN | opcode));
        putLength(piece, rest.remaining());
        piece.put(mask);
        while (rest.hasRemaining()) {
            for (int i = 0; i < PIECE && rest.hasRemaining(); i++) {
                piece.put((byte) (rest.get() ^ mask[i % MASK_BYTES]));
            }
            out.write(piece.array(), 0, piece.position());
            piece.clear();
        }
        out.write(piece.array(), 0, piece.position());
        out.flush();
    }

    private static void putLength(ByteBuffer header, int length) {
        if (length <= LONGEST_SHORT) {
            header.put((byte) (MASKED | length));
        } else if (length <= LONGEST_16) {
            header.put((byte) (MASKED | LENGTH_16)).putShort((short) length);
        } else {
            header.put((byte) (MASKED | LENGTH_64)).putLong(length);
        }
    }
}
