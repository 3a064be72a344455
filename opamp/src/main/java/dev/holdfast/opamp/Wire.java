// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dev.holdfast.core.policy.RetryAfter;
import dev.holdfast.opamp.wire.AgentToServer;
import dev.holdfast.opamp.wire.ServerToAgent;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Messages as bytes, for both of OpAMP's transports.
 *
 * <p>On a WebSocket each binary message is a <em>frame</em>: an unsigned varint header, which is 0, and the message. In
 * HTTP each <em>body</em> is the message alone, compressed with gzip if the sender likes. Nothing at all is a valid
 * message of a server: the one in which every field is left out. An agent's holds its uid at least.
 *
 * <p>No state; safe for use by any thread. No method moves a given buffer's position.
 */
public final class Wire {

    /** The largest message taken, compressed or not, unless told otherwise: 64 MiB. */
    public static final int LIMIT = 64 << 20;

    /** The media type of a body. */
    public static final String MEDIA_TYPE = "application/x-protobuf";

    private static final byte HEADER = 0;

    private static final int COPY_BYTES = 8 << 10;

    private Wire() {}

    /** An agent's message as a frame. */
    public static ByteBuffer frame(AgentMessage message) {
        return frame(Translate.toWire(message));
    }

    /** A server's message as a frame. */
    public static ByteBuffer frame(ServerMessage message) {
        return frame(Translate.toWire(message));
    }

    /** An agent's message as a body, not compressed. */
    public static byte[] body(AgentMessage message) {
        return Translate.toWire(message).toByteArray();
    }

    /** A server's message as a body, not compressed. */
    public static byte[] body(ServerMessage message) {
        return Translate.toWire(message).toByteArray();
    }

    /**
     * Reads an agent's frame.
     *
     * @throws WireException if it is none
     */
    public static AgentMessage readAgentFrame(ByteBuffer frame) throws WireException {
        return readAgentBody(withoutHeader(frame));
    }

    /**
     * Reads a server's frame.
     *
     * @throws WireException if it is none
     */
    public static ServerMessage readServerFrame(ByteBuffer frame) throws WireException {
        return readServerBody(withoutHeader(frame));
    }

    /**
     * Reads an agent's body, not compressed.
     *
     * @throws WireException if it is none
     */
    public static AgentMessage readAgentBody(ByteBuffer body) throws WireException {
        return Translate.fromWire(parse(AgentToServer.parser(), body));
    }

    /**
     * Reads a server's body, not compressed.
     *
     * @throws WireException if it is none
     */
    public static ServerMessage readServerBody(ByteBuffer body) throws WireException {
        return Translate.fromWire(parse(ServerToAgent.parser(), body));
    }

    /**
     * Decompresses a body, and stops at the limit: what a few compressed bytes may grow to is never held.
     *
     * @param limit the largest result taken, in bytes
     * @throws WireException if it is not gzip to its last byte, or grows past the limit
     */
    public static ByteBuffer gunzip(ByteBuffer compressed, int limit) throws WireException {
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        try (Members in = new Members(copy(compressed))) {
            byte[] buffer = new byte[COPY_BYTES];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                long size = (long) plain.size() + read;
                if (size > limit) {
                    throw WireException.tooLarge(size, limit);
                }
                plain.write(buffer, 0, read);
            }
            in.requireEnd();
        } catch (EOFException e) {
            throw notGzip(compressed, "it ends too soon");
        } catch (IOException e) {
            throw notGzip(compressed, String.valueOf(e.getMessage()));
        }
        return ByteBuffer.wrap(plain.toByteArray());
    }

    /** The bytes that remain, without moving the caller's position. */
    static byte[] copy(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return copy;
    }

    private static WireException notGzip(ByteBuffer compressed, String why) {
        return WireException.malformed("body: " + compressed.remaining() + " bytes that are not gzip: " + why
                + " (expected: gzip, as announced)");
    }

    static AgentDescription readDescription(ByteBuffer bytes) throws WireException {
        return Translate.fromWire(parse(dev.holdfast.opamp.wire.AgentDescription.parser(), bytes));
    }

    private static ByteBuffer frame(MessageLite message) {
        int size = message.getSerializedSize();
        byte[] frame = new byte[1 + size];
        frame[0] = HEADER;
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(frame, 1, size);
            message.writeTo(out);
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to an array of the right size", e);
        }
        return ByteBuffer.wrap(frame);
    }

    private static ByteBuffer withoutHeader(ByteBuffer frame) throws WireException {
        if (!frame.hasRemaining()) {
            return frame;
        }
        CodedInputStream in = CodedInputStream.newInstance(frame.duplicate());
        try {
            long header = in.readRawVarint64();
            if (header != HEADER) {
                throw WireException.malformed(
                        "frame header: " + Long.toUnsignedString(header) + " (expected: " + HEADER + ")");
            }
        } catch (IOException e) {
            throw WireException.malformed("frame header: not a varint (expected: " + HEADER + ")");
        }
        return frame.slice(frame.position() + in.getTotalBytesRead(), frame.remaining() - in.getTotalBytesRead());
    }

    /** Fields that are not known are passed over: kept, each would take a hundred times what it is sent in. */
    private static <T extends Message> T parse(Parser<T> parser, ByteBuffer bytes) throws WireException {
        try {
            return DiscardUnknownFieldsParser.wrap(parser).parseFrom(bytes.duplicate());
        } catch (InvalidProtocolBufferException e) {
            throw WireException.malformed("message: not a protobuf of the expected type (" + e.getMessage() + ")");
        }
    }

    /**
     * The JDK's reader passes over what it cannot read behind a member, so that a message whose second member is torn
     * would come out short without a word. With all of the input in its buffer it can be seen how much it passed over.
     */
    private static final class Members extends GZIPInputStream {

        /** The checksum and the length at the end of a member, which the reader leaves to the last in its buffer. */
        private static final int TRAILER_BYTES = 8;

        /** The JDK's reader calls itself for each that follows another, which some ten thousand do not survive. */
        private static final int MOST_EMPTY_IN_A_ROW = 100;

        private int calls;

        Members(byte[] compressed) throws IOException {
            super(new ByteArrayInputStream(compressed), Math.max(1, compressed.length));
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (calls > MOST_EMPTY_IN_A_ROW) {
                throw new ZipException("more than " + MOST_EMPTY_IN_A_ROW + " of its members in a row are empty");
            }
            calls++;
            try {
                return super.read(buffer, offset, length);
            } finally {
                calls--;
            }
        }

        void requireEnd() throws IOException {
            int left = inf.getRemaining() - TRAILER_BYTES;
            if (left != 0) {
                throw new ZipException(left + " bytes follow its end");
            }
        }
    }

    /**
     * Headers of the upgrade request and of a POST. All are optional: a peer that is not Holdfast sends and reads none
     * but the first.
     */
    public static final class Header {

        /** From the agent: its uid, before any body is read. */
        public static final String INSTANCE_UID = "OpAMP-Instance-UID";

        /** From the agent: the hash of its full state, see {@link AgentState#hash}. */
        public static final String STATE = "Holdfast-State";

        /** From the agent: 128 random bits drawn when its process started, to tell a reconnect from a clone. */
        public static final String PROCESS = "Holdfast-Process";

        /** From the server: the precise delay, in milliseconds, beside {@code Retry-After}. */
        public static final String RETRY_AFTER_MS = RetryAfter.MILLISECONDS_HEADER;

        private Header() {}
    }
}
