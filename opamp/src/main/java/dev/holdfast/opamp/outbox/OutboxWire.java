// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.WireException;
import dev.holdfast.opamp.wire.OutboxProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Messages of an outbox as custom messages of OpAMP, and back.
 *
 * <p>No state; safe for use by any thread. No method moves a given buffer's position.
 */
public final class OutboxWire {

    /** The largest message read and written, in bytes: with what carries it, it stays below 256 KiB. */
    public static final int LIMIT = 255 << 10;

    private static final String RESUME = "resume";
    private static final String MARK = "mark";
    private static final String BATCH = "batch";
    private static final String PART = "part";
    private static final String REFUSED = "refused";

    private OutboxWire() {}

    /** How many bytes a message takes: a batch, to be compared with {@link #LIMIT} before it is written. */
    public static int size(OutboxMessage message) {
        return toWire(message).getSerializedSize();
    }

    /**
     * A message to be sent.
     *
     * @throws IllegalArgumentException if it is larger than {@link #LIMIT}, which only a batch can be
     */
    public static CustomMessage write(OutboxMessage message) {
        byte[] bytes = toWire(message).toByteArray();
        if (bytes.length > LIMIT) {
            throw new IllegalArgumentException(type(message) + ": " + bytes.length + " bytes (expected: <= " + LIMIT
                    + ", with fewer items, or with a payload in parts)");
        }
        return new CustomMessage(Capabilities.OUTBOX, type(message), ByteBuffer.wrap(bytes));
    }

    /**
     * Reads a message.
     *
     * @return nothing if it is of another capability, or of a type that this version does not know
     * @throws WireException if it is too large, or a field of it is wrong
     */
    public static Optional<OutboxMessage> read(CustomMessage message) throws WireException {
        if (!message.capability().equals(Capabilities.OUTBOX)) {
            return Optional.empty();
        }
        ByteBuffer data = message.data();
        if (data.remaining() > LIMIT) {
            throw WireException.tooLarge(data.remaining(), LIMIT);
        }
        try {
            return switch (message.type()) {
                case RESUME -> Optional.of(FromWire.resume(parse(OutboxProto.Resume.parser(), data)));
                case MARK -> Optional.of(FromWire.mark(parse(OutboxProto.Mark.parser(), data)));
                case BATCH -> {
                    requireFewItems(data);
                    yield Optional.of(FromWire.batch(parse(OutboxProto.Batch.parser(), data)));
                }
                case PART -> Optional.of(FromWire.part(parse(OutboxProto.Part.parser(), data)));
                case REFUSED -> Optional.of(FromWire.refused(parse(OutboxProto.Refused.parser(), data)));
                default -> Optional.empty();
            };
        } catch (IllegalArgumentException e) {
            throw WireException.malformed(message.type() + ": " + e.getMessage());
        }
    }

    private static <T extends Message> T parse(Parser<T> parser, ByteBuffer data) {
        try {
            return DiscardUnknownFieldsParser.wrap(parser).parseFrom(data.duplicate());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("not a protobuf of the expected type (" + e.getMessage() + ")", e);
        }
    }

    /** Before anything is made of them: an empty item takes two bytes there, and a hundred here. */
    private static void requireFewItems(ByteBuffer data) {

        int items = 0;
        try {
            CodedInputStream in = CodedInputStream.newInstance(data.duplicate());
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                items += WireFormat.getTagFieldNumber(tag) == OutboxProto.Batch.ITEMS_FIELD_NUMBER ? 1 : 0;
                in.skipField(tag);
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("not a protobuf (" + e.getMessage() + ")", e);
        }
        Bounds.requireIn("items", items, 0, OutboxMessage.Batch.MOST_ITEMS);
    }

    private static String type(OutboxMessage message) {
        return switch (message) {
            case OutboxMessage.Resume resume -> RESUME;
            case OutboxMessage.Mark mark -> MARK;
            case OutboxMessage.Batch batch -> BATCH;
            case OutboxMessage.Part part -> PART;
            case OutboxMessage.Refused refused -> REFUSED;
        };
    }

    private static MessageLite toWire(OutboxMessage message) {
        return switch (message) {
            case OutboxMessage.Resume resume -> ToWire.resume(resume);
            case OutboxMessage.Mark mark -> ToWire.mark(mark);
            case OutboxMessage.Batch batch -> ToWire.batch(batch);
            case OutboxMessage.Part part -> ToWire.part(part);
            case OutboxMessage.Refused refused -> ToWire.refused(refused);
        };
    }
}
