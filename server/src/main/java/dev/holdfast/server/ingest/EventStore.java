// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.StreamId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where events, marks and the past of streams are kept.
 *
 * <p>One thread writes and asks for {@link #mark}, {@link #hash} and {@link #has}; any thread reads the rest meanwhile.
 */
public interface EventStore extends AutoCloseable {

    /**
     * Runs work in one transaction: what it wrote is durable when this returns, or is not there at all.
     *
     * @throws EventStoreException if nothing was written, for reasons of the disk or the file
     */
    void write(Work work) throws EventStoreException;

    /** Up to where a stream is stored; empty if it is not known. */
    Optional<Point> mark(StreamId stream) throws EventStoreException;

    /** The chain hash at a sequence of a stream; 0 where it is not known. */
    long hash(StreamId stream, long sequence) throws EventStoreException;

    /** Whether a lane of an outbox has a known hash at a sequence, in whichever epoch. */
    boolean has(OutboxId outbox, String lane, Point point) throws EventStoreException;

    /** Events in the order they were stored in. */
    Page<Event> events(Query query) throws EventStoreException;

    /** An agent's last pushes, newest first, some {@value #PUSHES} at most. */
    List<Push> pushes(InstanceUid agent) throws EventStoreException;

    /** What agents said will never come, in the order they said so. The query's type and times are those of that. */
    Page<Drop> drops(Query query) throws EventStoreException;

    /** How much is kept. */
    Totals totals() throws EventStoreException;

    /** Lets go of what it holds. Without effect the second time. */
    @Override
    void close();

    /** How many pushes are kept of an agent. */
    int PUSHES = 100;

    /** What the events of a page come to at most, in bytes, unless one alone is more. */
    long PAGE_BYTES = 8 << 20;

    /** How many hashes of events that went are kept of a stream, at least. */
    int PAST = 1_000_000;

    /** What a transaction does. */
    @FunctionalInterface
    interface Work {

        /** Does it. */
        void on(Tables tables) throws EventStoreException;
    }

    /** What a transaction may do; it sees what it wrote. */
    interface Tables {

        /** Up to where a stream is stored; empty if it is not known. */
        Optional<Point> mark(StreamId stream) throws EventStoreException;

        /** How many epochs of a stream's lane are known. */
        long epochs(StreamId stream) throws EventStoreException;

        /**
         * Stores what is not there yet of a batch that was judged to fit, and moves its stream's mark to where it
         * reaches. What is there is what another epoch of the lane has, or had, at the same sequence with the same
         * known hash: records by records, gaps by gaps.
         *
         * @return what was stored of it
         */
        List<Item> add(InstanceUid agent, Instant now, Batch batch) throws EventStoreException;

        /**
         * Removes the oldest events, drops and pushes, as long as they are from before an instant, and keeps the hashes
         * of the first two. Events go too as long as they are more than a size, and drops as long as there are more
         * than {@link #mostDrops} of them.
         *
         * @param most how many of each to look at
         */
        Retired retire(Instant before, long size, int most) throws EventStoreException;
    }

    /**
     * What went.
     *
     * @param events how many events
     * @param isMore whether more may be to go
     */
    record Retired(int events, boolean isMore) {}

    /** How many drops are kept at most where events may take a size: they have some KiB at most. */
    static long mostDrops(long size) {
        return Math.max(LEAST_DROPS, size / DROP_SIZE);
    }

    /** How many drops are kept for want of room at least. */
    int LEAST_DROPS = 1_000;

    /** What the longest audit counts as. */
    int DROP_SIZE = 4 << 10;

    /**
     * One record, stored.
     *
     * @param id its place in the order of storing; rises, with holes
     * @param agent who sent it
     * @param at when it was stored
     */
    record Event(long id, StreamId stream, InstanceUid agent, Instant at, Item.Data data) {

        /** What keeping it counts as, in bytes. */
        public static long size(Item.Data data) {
            long headers = data.headers().entrySet().stream()
                    .mapToLong(header ->
                            header.getKey().length() + header.getValue().length())
                    .sum();
            return OVERHEAD + data.payload().remaining() + data.contentType().length() + headers;
        }

        /** What an event takes beside what the agent sent: about as much, in SQLite. */
        private static final int OVERHEAD = 80;
    }

    /**
     * Sequences that will never come.
     *
     * @param id its place in the order of storing; rises, with holes
     * @param agent who said so
     * @param at when it was stored
     */
    record Drop(long id, StreamId stream, InstanceUid agent, Instant at, Item.Gap gap) {}

    /**
     * A batch that was taken.
     *
     * @param records how many of it were stored, gaps not counted
     * @param bytes of their payloads, as sent
     */
    record Push(Instant at, StreamId stream, long first, long last, int records, long bytes) {}

    /**
     * What is asked for. A field that is null is not asked after.
     *
     * @param after the id after which to begin; 0 from the oldest
     * @param limit how many at most, 1 to 10,000
     * @param agent who sent it
     * @param since stored then or later
     * @param until stored before
     * @param type the content type, or why there is a gap
     */
    record Query(
            long after,
            int limit,
            @Nullable InstanceUid agent,
            @Nullable String lane,
            @Nullable Instant since,
            @Nullable Instant until,
            @Nullable String type) {

        /** The largest limit. */
        public static final int MOST = 10_000;

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Query {
            if (after < 0) {
                throw new IllegalArgumentException("after: " + after + " (expected: >= 0)");
            }
            if (limit < 1 || limit > MOST) {
                throw new IllegalArgumentException("limit: " + limit + " (expected: 1 to " + MOST + ")");
            }
        }

        /** Everything after an id. */
        public static Query after(long id, int limit) {
            return new Query(id, limit, null, null, null, null, null);
        }
    }

    /**
     * What a query gave.
     *
     * @param next the id to go on after: also where fewer than asked for were found, since a query does not look
     *     through all there is at once
     * @param end whether there was no more when it was asked
     */
    record Page<T>(List<T> items, long next, boolean end) {}

    /** How many events there are, and what they count as in bytes. */
    record Totals(long events, long bytes) {}
}
