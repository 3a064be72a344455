// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;

/** What a lane holds at a place: a record, or the word that there will be none. */
public sealed interface Item {

    /** The first sequence that this is about. */
    long first();

    /** The last one. */
    long last();

    /** The chain hash at the last one, or 0 if it is not known. See {@link Chain}. */
    long hash();

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
    }

    /**
     * Sequences that will never come.
     *
     * @param audit what became of them, for people
     */
    record Gap(long first, long last, Why why, long hash, String audit) implements Item {}

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
}
