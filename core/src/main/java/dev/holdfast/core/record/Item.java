// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;

/** What a lane holds at a place: a record, or the word that there will be none. */
public sealed interface Item {

    /** What a record takes beside its texts and its payload. */
    int RECORD_SIZE = 72;

    /** What a header takes beside its texts. */
    int HEADER_SIZE = 12;

    /** What a gap takes beside its audit. */
    int GAP_SIZE = 56;

    /** The first sequence that this is about. */
    long first();

    /** The last one. */
    long last();

    /** The chain hash at the last one, or 0 if it is not known. See {@link Chain}. */
    long hash();

    /**
     * How many bytes it takes in memory and on the wire, about; rather more than less. All that varies is in it:
     * payload, content type, headers, audit.
     */
    long size();

    /**
     * A record.
     *
     * @param time when it was appended
     * @param replayOf the sequence that it had in this lane before it became a dead letter and was replayed
     * @param payload as it was given; not to be changed
     */
    // Nobody compares records, and a copy of each payload would cost as much as reading it.
    @SuppressWarnings("ArrayRecordComponent")
    record Stored(
            long sequence,
            long hash,
            Instant time,
            String contentType,
            Map<String, String> headers,
            OptionalLong replayOf,
            byte[] payload)
            implements Item {

        @Override
        public long first() {
            return sequence;
        }

        @Override
        public long last() {
            return sequence;
        }

        @Override
        public long size() {
            long headerBytes = 0;
            for (Map.Entry<String, String> header : headers.entrySet()) {
                headerBytes += HEADER_SIZE + encoded(header.getKey()) + encoded(header.getValue());
            }
            return RECORD_SIZE + encoded(contentType) + headerBytes + payload.length;
        }
    }

    /**
     * Sequences that will never come.
     *
     * @param audit what became of them, for people
     */
    record Gap(long first, long last, Why why, long hash, String audit) implements Item {

        @Override
        public long size() {
            return GAP_SIZE + encoded(audit);
        }
    }

    /** Why there is no record. */
    enum Why {
        /** It became a dead letter. */
        DEAD,
        /** There was no room for it any more. */
        DROPPED,
        /** It was older than it was to become. */
        EXPIRED,
        /** The disk does not give it back. */
        DAMAGED
    }

    /** How many bytes of UTF-8 a text takes. */
    private static long encoded(String text) {
        long bytes = text.length();
        for (int at = 0; at < text.length(); at++) {
            char letter = text.charAt(at);
            // Each half of a surrogate pair stands for two of its four bytes.
            bytes += letter < 0x80 ? 0 : letter < 0x800 || Character.isSurrogate(letter) ? 1 : 2;
        }
        return bytes;
    }
}
