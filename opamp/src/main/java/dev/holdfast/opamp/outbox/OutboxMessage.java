// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import dev.holdfast.core.record.Point;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

/** What agent and server say to each other about an outbox. */
public sealed interface OutboxMessage {

    /** From the agent, first on each link that it is attached by: where its lanes stand. At most 256 lanes. */
    record Resume(OutboxId outbox, List<Lane> lanes) implements OutboxMessage {

        static final int VERSION = 1;

        static final int MOST_LANES = 256;

        private static final int MOST_CANDIDATES = 32;

        /** @throws IllegalArgumentException if there are too many lanes, or one of another outbox */
        public Resume {
            lanes = List.copyOf(lanes);
            Bounds.requireIn("resume.lanes", lanes.size(), 0, MOST_LANES);
            for (Lane lane : lanes) {
                requireOf(outbox, lane.stream());
            }
        }

        /**
         * Where one lane stands.
         *
         * @param acknowledged up to where the server has answered
         * @param last the newest record's sequence, 0 if none waits
         * @param candidates points of records that wait, newest first, at most 32
         */
        public record Lane(StreamId stream, Point acknowledged, long last, List<Point> candidates) {

            /** @throws IllegalArgumentException if a component is out of its range; the message names it */
            public Lane {
                candidates = List.copyOf(candidates);
                Bounds.requireIn("lane.last", last, 0, Long.MAX_VALUE);
                Bounds.requireIn("lane.candidates", candidates.size(), 0, MOST_CANDIDATES);
            }
        }
    }

    /** From the server: up to where it has what. In answer to a resume for all its lanes, to a batch for its one. */
    record Marks(OutboxId outbox, List<Mark> marks) implements OutboxMessage {

        /** @throws IllegalArgumentException if there are too many marks, or one of another outbox */
        public Marks {
            marks = List.copyOf(marks);
            Bounds.requireIn("mark.marks", marks.size(), 0, Resume.MOST_LANES);
            for (Mark mark : marks) {
                requireOf(outbox, mark.stream());
            }
        }

        /** That of one stream. */
        public static Marks of(Mark mark) {
            return new Marks(mark.stream().outbox(), List.of(mark));
        }
    }

    /**
     * Up to where the server has one stream.
     *
     * @param known whether it has this stream at all
     * @param at up to where everything is stored, or named as a gap
     * @param matched the highest sequence that a resume named with the very hash the server has there; 0 if none is
     * @param retryAfter how long to wait at least before the next batch; whole milliseconds
     */
    record Mark(StreamId stream, boolean known, Point at, long matched, Duration retryAfter) {

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Mark {
            Bounds.requireIn("mark.matched", matched, 0, Long.MAX_VALUE);
            requireDelay(retryAfter);
        }

        /** That of a stream which the server does not have. */
        public static Mark unknown(StreamId stream) {
            return new Mark(stream, false, Point.START, 0, Duration.ZERO);
        }
    }

    /**
     * From the agent: what follows a point, at most 4,096 items. Whether they do follow it without holes is for the
     * server to judge.
     *
     * @param opens whether the agent was told that the server does not know the stream
     * @param follows the point before the first item
     */
    record Batch(StreamId stream, boolean opens, Point follows, List<Item> items) implements OutboxMessage {

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
     * From the agent: a piece of a payload that no batch has room for, in order, before its record's batch.
     *
     * @param offset where in the payload it belongs
     * @param total how long the payload is
     * @param data the piece, not empty; read-only
     */
    record Part(StreamId stream, long sequence, long offset, long total, ByteBuffer data) implements OutboxMessage {

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

        /** A view of its own for each caller. */
        @Override
        public ByteBuffer data() {
            return data.duplicate();
        }
    }

    /**
     * From the server: what it did not take. Nothing of the batch was stored.
     *
     * @param first the first sequence of what is refused; 0 where it is a resume that was not answered, with all its
     *     lanes, of which the stream is one
     * @param last the last
     * @param detail why, for people; cut to 1,024 characters
     * @param retryAfter how long to wait at least before the next try; whole milliseconds
     */
    record Refused(StreamId stream, long first, long last, Why why, String detail, Duration retryAfter)
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

    private static void requireOf(OutboxId outbox, StreamId stream) {
        if (!stream.outbox().equals(outbox)) {
            throw new IllegalArgumentException("stream: " + stream + " (expected: one of outbox " + outbox + ")");
        }
    }

    private static void requireDelay(Duration delay) {
        if (delay.isNegative()) {
            throw new IllegalArgumentException("retryAfter: " + delay + " (expected: >= 0s)");
        }
    }
}
