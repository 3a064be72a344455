// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import dev.holdfast.core.record.Audit;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Point;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a batch consists of. */
public sealed interface Item {

    /** The sequence it begins with. */
    long first();

    /** The sequence it ends with, and the chain hash there. */
    Point last();

    /**
     * One record.
     *
     * @param point its sequence and hash
     * @param time when it was appended; nanoseconds, 1970 to 2554
     * @param contentType what the payload is; empty if nobody said; bounded as in {@link NewRecord}, as what follows is
     * @param headers what else the user gave, in order
     * @param encoding how the payload is compressed: empty or {@link #DEFLATE}, or one this version does not know
     * @param payload the bytes, compressed as {@code encoding} says; empty if they came in parts; read-only
     * @param inParts whether the payload came before this batch, in {@link OutboxMessage.Part}s
     * @param replayOf the sequence that the record had in this lane before it became a dead letter and was replayed; 0
     *     if it is none
     */
    record Data(
            Point point,
            Instant time,
            String contentType,
            Map<String, String> headers,
            String encoding,
            ByteBuffer payload,
            boolean inParts,
            long replayOf)
            implements Item {

        /** The encoding of zlib, RFC 1950. */
        public static final String DEFLATE = "deflate";

        private static final int LONGEST_ENCODING = 32;

        /**
         * Copies the headers and takes a read-only view of the payload.
         *
         * @throws IllegalArgumentException if a component is out of its range; the message names it
         */
        public Data {
            Bounds.requireIn("record.sequence", point.sequence(), 1, Long.MAX_VALUE);
            Bounds.requireIn("record.replay_of", replayOf, 0, Long.MAX_VALUE);
            Bounds.requireLength("record.encoding", encoding, LONGEST_ENCODING);
            requireRecord(contentType, headers, payload);
            headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
            payload = payload.slice().asReadOnlyBuffer();
        }

        private static void requireRecord(String contentType, Map<String, String> headers, ByteBuffer payload) {
            try {
                NewRecord.requireBounds(contentType, headers, payload.remaining());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("record." + e.getMessage(), e);
            }
        }

        /** A view of its own for each caller. */
        @Override
        public ByteBuffer payload() {
            return payload.duplicate();
        }

        @Override
        public long first() {
            return point.sequence();
        }

        @Override
        public Point last() {
            return point;
        }

        /** The same without its payload, which goes before it {@linkplain OutboxMessage.Part#of in parts}. */
        public Data withPayloadInParts() {
            return new Data(point, time, contentType, headers, encoding, ByteBuffer.allocate(0), true, replayOf);
        }

        /** The same with its payload, put together from parts. */
        public Data withPayload(ByteBuffer whole) {
            return new Data(point, time, contentType, headers, encoding, whole, false, replayOf);
        }
    }

    /**
     * Sequences that will never come.
     *
     * @param first the first of them
     * @param last the last of them and the chain hash there, 0 if it is not known
     * @param audit what became of them, for people; cut to {@value Audit#MOST} characters. For a record given up it is
     *     JSON: {@code bytes} of its payload, {@code content_type}, {@code attempts}, {@code first} and {@code last}
     *     (when those attempts ended, in ISO 8601), and {@code reasons}, each with how often it was given
     */
    record Gap(long first, Point last, Why why, String audit) implements Item {

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Gap {
            Bounds.requireIn("gap.first", first, 1, Long.MAX_VALUE);
            Bounds.requireIn("gap.last", last.sequence(), first, Long.MAX_VALUE);
            audit = Bounds.cut(audit, Audit.MOST);
        }

        /** Why they do not come. */
        public enum Why {
            /** Given up on, and kept as dead letters. */
            DEAD,
            /** Given up for want of room. */
            DROPPED,
            /** Too old. */
            EXPIRED,
            /** The agent's disk lost them. */
            DAMAGED,
            /** Something that this version does not know. */
            UNKNOWN
        }
    }
}
