// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import dev.holdfast.core.record.Point;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What agent and server say to each other about an outbox. */
public sealed interface OutboxMessage {

    /** What it is about. */
    StreamId stream();

    /**
     * From the agent, before the first batch of a lane on each link that it is attached by: where the lane stands.
     *
     * @param ask a number of the agent's, which the answer bears
     * @param acknowledged up to where the server has answered
     * @param last the newest record's sequence; 0 if there never was one
     * @param points what the server is to compare, at most {@value #MOST_POINTS}
     */
    record Resume(StreamId stream, long ask, Point acknowledged, long last, List<Point> points)
            implements OutboxMessage {

        static final int VERSION = 1;

        private static final int MOST_POINTS = 32;

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Resume {
            points = List.copyOf(points);
            Bounds.requireIn("resume.last", last, 0, Long.MAX_VALUE);
            Bounds.requireIn("resume.points", points.size(), 0, MOST_POINTS);
        }
    }

    /**
     * From the server, in answer to a resume or a batch: up to where it has the stream.
     *
     * @param ask that of what it answers
     * @param known whether it has this stream at all
     * @param at up to where everything is stored, or named as a gap
     * @param matched in answer to a resume: the highest of its sequences at which the server has the very hash, in this
     *     stream or, where it does not know it, in another of this outbox and lane; 0 if there is none
     * @param retryAfter how long to wait at least before the next batch of this lane; whole milliseconds
     */
    record Mark(StreamId stream, long ask, boolean known, Point at, long matched, Duration retryAfter)
            implements OutboxMessage {

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Mark {
            Bounds.requireIn("mark.matched", matched, 0, Long.MAX_VALUE);
            requireDelay(retryAfter);
        }

        /** That of a stream which the server does not have. */
        public static Mark unknown(StreamId stream, long ask, long matched) {
            return new Mark(stream, ask, false, Point.START, matched, Duration.ZERO);
        }
    }

    /**
     * From the agent: what follows a point, at most 4,096 items. Whether they do follow it without holes is for the
     * server to judge.
     *
     * @param ask a number of the agent's, which the answer bears
     * @param opens whether the agent was told that the server does not know the stream
     * @param follows the point before the first item
     */
    record Batch(StreamId stream, long ask, boolean opens, Point follows, List<Item> items) implements OutboxMessage {

        static final int MOST_ITEMS = 4096;

        /** @throws IllegalArgumentException if there are too many items */
        public Batch {
            items = List.copyOf(items);
            Bounds.requireIn("batch.items", items.size(), 0, MOST_ITEMS);
        }

        /** The point that it reaches. */
        public Point reaches() {
            return items.isEmpty() ? follows : items.getLast().last();
        }
    }

    /**
     * From the agent: a piece of a payload that no batch has room for. They come in order, and right after the last of
     * them the batch of that one record, which says {@link Item.Data#inParts}. A part is never answered; the batch is.
     *
     * @param offset where in the payload it belongs
     * @param total how long the payload is
     * @param data the piece, not empty; read-only
     */
    record Part(StreamId stream, long sequence, long offset, long total, ByteBuffer data) implements OutboxMessage {

        /** How much of a payload goes in one: what names it has room beside that. */
        private static final int ROOM = OutboxWire.LIMIT - 1024;

        /**
         * Takes a read-only view of the data.
         *
         * @throws IllegalArgumentException if a component is out of its range; the message names it
         */
        public Part {
            Bounds.requireIn("part.sequence", sequence, 1, Long.MAX_VALUE);
            Bounds.requireIn("part.total", total, 1, Integer.MAX_VALUE);
            Bounds.requireIn("part.offset", offset, 0, total - 1);
            Bounds.requireIn("part.data", data.remaining(), 1, total - offset);
            data = data.slice().asReadOnlyBuffer();
        }

        /**
         * All of a payload, in as few as can be.
         *
         * @param most how large a piece may be, if that is less than a message has room for
         * @throws IllegalArgumentException if the payload is empty
         */
        public static List<Part> of(StreamId stream, long sequence, ByteBuffer payload, long most) {
            List<Part> parts = new ArrayList<>();
            int total = payload.remaining();
            int size = (int) Math.min(ROOM, most);
            for (int offset = 0; offset < total || parts.isEmpty(); offset += size) {
                ByteBuffer piece = payload.slice(payload.position() + offset, Math.min(size, total - offset));
                parts.add(new Part(stream, sequence, offset, total, piece));
            }
            return List.copyOf(parts);
        }

        /** A view of its own for each caller. */
        @Override
        public ByteBuffer data() {
            return data.duplicate();
        }
    }

    /**
     * From the server, in answer to a resume or a batch: it did not take it. Nothing of a batch was stored.
     *
     * @param ask that of what it answers
     * @param first the first sequence of what is to blame: that of the batch, or of a part in it; 0 of a resume
     * @param last the last one; 0 of a resume
     * @param detail why, for people; cut to 1,024 characters
     * @param retryAfter how long to wait at least before the next try; whole milliseconds
     */
    record Refused(StreamId stream, long ask, long first, long last, Why why, String detail, Duration retryAfter)
            implements OutboxMessage {

        private static final int LONGEST_DETAIL = 1024;

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Refused {
            Bounds.requireIn("refused.first", first, 0, Long.MAX_VALUE);
            Bounds.requireIn("refused.last", last, 0, Long.MAX_VALUE);
            detail = Bounds.cut(detail, LONGEST_DETAIL);
            requireDelay(retryAfter);
        }

        /** Why it was not taken. */
        public enum Why {
            /** It is wrong and will stay so. */
            BAD_RECORD,
            /** It is more than the server takes. */
            TOO_LARGE,
            /** The server has too much to do; later it will. */
            OVERLOAD,
            /** The server cannot store it now; later it will. */
            STORAGE,
            /** Something that this version does not know; to be tried again later. */
            UNKNOWN
        }
    }

    private static void requireDelay(Duration delay) {
        if (delay.isNegative()) {
            throw new IllegalArgumentException("retryAfter: " + delay + " (expected: >= 0s)");
        }
    }
}
