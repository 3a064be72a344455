// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** What a server sends on a connection, one thing at a time. Blocks; for one thread. */
final class Incoming {

    private static final int FIN = 0x80;
    private static final int RESERVED = 0x70;
    private static final int OPCODE = 0x0f;
    private static final int MASKED = 0x80;
    private static final int CONTROL = 0x08;
    private static final int LENGTH = 0x7f;
    private static final int LENGTH_16 = 126;
    private static final int LENGTH_64 = 127;
    private static final int CODE_BYTES = 2;

    private final DataInputStream in;
    private final int limit;

    /** The message that has begun and not ended. */
    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();

    private boolean begun;

    /** Something whole. */
    sealed interface Event {

        record Message(ByteBuffer bytes) implements Event {}

        record Ping(ByteBuffer payload) implements Event {}

        record Pong() implements Event {}

        /** The server's last word; the codes are those of RFC 6455. */
        record Close(int code, String reason) implements Event {}
    }

    /** @param limit the largest message taken, in bytes */
    Incoming(InputStream in, int limit) {
        this.in = new DataInputStream(in);
        this.limit = limit;
    }

    /**
     * Waits for the next.
     *
     * @throws ProtocolException if what comes is no WebSocket frame, or more than is taken
     * @throws IOException if the connection fails
     */
    Event next() throws IOException {
        while (true) {
            int first = in.read();
            if (first < 0) {
                return new Event.Close(OpCode.ABNORMAL, "");
            }
            int second = in.readUnsignedByte();
            int opcode = first & OPCODE;
            if ((first & RESERVED) != 0) {
                throw new ProtocolException("the server sent a frame with reserved bits set, such as a compressed one");
            }
            if ((second & MASKED) != 0) {
                throw new ProtocolException("the server sent a masked frame");
            }
            long length = length(second & LENGTH);
            boolean last = (first & FIN) != 0;
            if ((opcode & CONTROL) != 0) {
                return control(opcode, last, length);
            }
            requireExpected(opcode);
            if (length < 0 || length > limit - partial.size()) {
                throw new ProtocolException("the server sent a message over the limit of " + limit + " bytes");
            }
            partial.writeBytes(payload((int) length));
            begun = !last;
            if (last) {
                ByteBuffer message = ByteBuffer.wrap(partial.toByteArray());
                partial.reset();
                return new Event.Message(message);
            }
        }
    }

    private void requireExpected(int opcode) throws ProtocolException {
        if (opcode == OpCode.TEXT) {
            throw new ProtocolException("the server sent a text message (expected: binary)");
        }
        if (opcode != (begun ? OpCode.CONTINUATION : OpCode.BINARY)) {
            throw new ProtocolException("the server sent a frame of type " + opcode
                    + (begun ? " in the middle of a message" : " where a message begins"));
        }
    }

    private Event control(int opcode, boolean last, long length) throws IOException {
        if (!last || length < 0 || length >= LENGTH_16) {
            throw new ProtocolException("the server sent a control frame that is too long, or in fragments");
        }
        byte[] payload = payload((int) length);
        return switch (opcode) {
            case OpCode.PING -> new Event.Ping(ByteBuffer.wrap(payload));
            case OpCode.PONG -> new Event.Pong();
            case OpCode.CLOSE -> close(payload);
            default -> throw new ProtocolException("the server sent a frame of type " + opcode);
        };
    }

    private static Event close(byte[] payload) throws ProtocolException {
        if (payload.length == 0) {
            return new Event.Close(OpCode.NO_CODE, "");
        }
        if (payload.length < CODE_BYTES) {
            throw new ProtocolException("the server sent a close of one byte");
        }
        String reason = new String(Arrays.copyOfRange(payload, CODE_BYTES, payload.length), UTF_8);
        return new Event.Close(ByteBuffer.wrap(payload).getShort() & 0xffff, reason);
    }

    private long length(int shortLength) throws IOException {
        return switch (shortLength) {
            case LENGTH_16 -> in.readUnsignedShort();
            case LENGTH_64 -> in.readLong();
            default -> shortLength;
        };
    }

    /** Memory is taken as bytes arrive, not as they are announced. */
    private byte[] payload(int length) throws IOException {
        byte[] payload = in.readNBytes(length);
        if (payload.length < length) {
            throw new EOFException("the connection ended in the middle of a frame");
        }
        return payload;
    }
}
