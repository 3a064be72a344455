// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/** What a status record may be: one JSON value of at most {@value #LIMIT} bytes, {@value #DEEPEST} deep. */
final class StatusRecords {

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

    /** What is wrong with a record, or null if nothing is. */
    static @Nullable String fault(ByteBuffer data) {
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
