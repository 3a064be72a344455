// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which records tell an agent's status, and what one may be to be shown: one JSON value of at most {@value #LIMIT}
 * bytes, {@value #DEEPEST} deep.
 */
public final class StatusRecords {

    /** The lane of an outbox that they come by. */
    public static final String LANE = "status";

    private static final String TYPE = "application/json";

    private static final int LIMIT = 64 << 10;

    /** How deep its objects and arrays may go: whoever reads it later may be less patient. */
    private static final int DEEPEST = 100;

    private static final ObjectReader READER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    private StatusRecords() {}

    /** The last one of a batch. Those that came in parts are longer than one may be. */
    public static Optional<Item.Data> last(OutboxMessage.Batch batch) {
        return batch.items().reversed().stream()
                .filter(item -> item instanceof Item.Data)
                .map(item -> (Item.Data) item)
                .filter(record -> record.contentType().equals(TYPE) && !record.inParts())
                .findFirst();
    }

    /** Its payload as it was given, or the beginning of it if that is longer than one may be. */
    public static ByteBuffer plain(Item.Data record) {
        if (!record.encoding().equals(Item.Data.DEFLATE)) {
            return record.payload();
        }
        byte[] payload = new byte[record.payload().remaining()];
        record.payload().get(payload);
        try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(payload))) {
            return ByteBuffer.wrap(in.readNBytes(LIMIT + 1));
        } catch (IOException e) {
            return ByteBuffer.allocate(0);
        }
    }

    /** What is wrong with a record, or null if nothing is. */
    public static @Nullable String fault(ByteBuffer data) {
        if (data.remaining() > LIMIT) {
            return data.remaining() + " bytes (expected: <= " + LIMIT + ")";
        }
        try {
            // A new decoder reports what String would replace.
            read(StandardCharsets.UTF_8.newDecoder().decode(data.duplicate()).toString());
            return null;
        } catch (CharacterCodingException e) {
            return "not UTF-8 (expected: JSON in UTF-8)";
        } catch (JacksonException e) {
            return "not JSON (" + e.getOriginalMessage() + ")";
        }
    }

    /** The record as a tree. */
    static JsonNode read(String text) {
        JsonNode tree = READER.readTree(text);
        if (tree.isMissingNode()) {
            throw new EmptyRecordException();
        }
        return tree;
    }

    private static final class EmptyRecordException extends JacksonException {

        private static final long serialVersionUID = 1L;

        EmptyRecordException() {
            super("empty");
        }
    }
}
