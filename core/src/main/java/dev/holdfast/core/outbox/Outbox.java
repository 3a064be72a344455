// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.Words;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.SegmentLog;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Keeps records on disk, in lanes, until they are acknowledged.
 *
 * <pre>{@code
 * Outbox outbox = Outbox.open(SystemDisk.of(directory), OutboxPolicy.DEFAULT, time, chance);
 * outbox.append(NewRecord.of("metrics", "application/json", bytes));
 * for (Item item : outbox.read("metrics", 1, 500, 256 * 1024)) { … }
 * outbox.acknowledge("metrics", sequence, hash);
 * }</pre>
 *
 * <p>One thread of its own writes; whoever appends waits for it, together with all who do so at the same time, so that
 * one {@code fsync} serves them all. Records of a lane get the sequences 1, 2, 3 and so on in the order in which they
 * were appended. Safe for use by any thread. One process at a time may have it open: see
 * {@link dev.holdfast.core.disk.DataDirectory}.
 */
public final class Outbox implements AutoCloseable {

    private final SegmentLog segments;
    private final OutboxPolicy policy;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Writer writer;
    private final Reader reader;
    private final Requests requests;
    private final Runnable ended;

    private Outbox(
            Disk disk,
            SegmentLog segments,
            Index index,
            OutboxPolicy policy,
            Time time,
            RandomGenerator chance,
            Threads threads) {
        this.segments = segments;
        this.policy = policy;
        this.time = time;
        this.writer =
                new Writer("outbox in " + disk, segments, index, policy, time, chance, threads.background(), lock);
        this.reader = new Reader(segments, index, lock);
        this.requests = new Requests(writer, policy, time, lock, threads.writing());
        this.ended = threads.ended();
    }

    /**
     * Opens the outbox on a disk, a new one if there is none. What is damaged is logged and counted, and does not keep
     * the rest from being read.
     *
     * @throws IOException if the disk cannot be read or written, or holds an outbox of a later version
     */
    public static Outbox open(Disk disk, OutboxPolicy policy, Time time, RandomGenerator chance) throws IOException {
        return open(disk, policy, time, chance, Threads.ofItsOwn());
    }

    /** The same on threads of somebody else's, as a simulation has it. */
    public static Outbox open(Disk disk, OutboxPolicy policy, Time time, RandomGenerator chance, Threads threads)
            throws IOException {
        SegmentLog segments = SegmentLog.open(disk, policy.segment(), chance);
        try {
            Recovery.Found found = segments.segments().isEmpty() ? null : Recovery.read(segments);
            Index index = found == null ? new Index() : found.index();
            Outbox outbox = new Outbox(disk, segments, index, policy, time, chance, threads);
            if (found == null) {
                outbox.writer.begin(0);
            } else {
                Recovery.resume(found, segments, outbox.writer, disk);
            }
            outbox.requests.start();
            return outbox;
        } catch (IOException e) {
            segments.close();
            throw Words.explained("outbox in " + disk, e);
        } catch (RuntimeException e) {
            segments.close();
            throw e;
        }
    }

    /** @param background what may take its time runs there */
    static Outbox open(Disk disk, OutboxPolicy policy, Time time, RandomGenerator chance, Executor background)
            throws IOException {
        Threads own = Threads.ofItsOwn();
        return open(disk, policy, time, chance, new Threads(own.writing(), background, own.ended()));
    }

    /**
     * Where an outbox does its work.
     *
     * @param writing takes one task at a time, which writes what there is to be written
     * @param background takes what may take its time
     * @param ended called once it is closed
     */
    public record Threads(Executor writing, Executor background, Runnable ended) {

        /** One thread that writes, ended with the outbox, and one for each thing that may take its time. */
        public static Threads ofItsOwn() {
            ExecutorService writing = Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().name("outbox").daemon().factory());
            return new Threads(
                    writing,
                    task -> Thread.ofPlatform().name("outbox-prepare").daemon().start(task),
                    writing::shutdown);
        }

        /** Whatever thread asks for something does it. */
        public static Threads none() {
            return new Threads(Runnable::run, Runnable::run, () -> {});
        }
    }

    /** What the other side tells this outbox by; drawn when it was made. */
    public UUID id() {
        return segments.id();
    }

    /**
     * Appends a record and waits until it is kept, as the policy's durability says.
     *
     * @return its sequence
     * @throws OutboxFullException if there is no room for it
     * @throws IOException if the disk does not take it; it may be there after a restart all the same
     * @throws InterruptedException if interrupted while it waits; it may be appended
     */
    public long append(NewRecord record) throws IOException, InterruptedException {
        return append(List.of(record)).getFirst();
    }

    /**
     * The same for records that hold together: after a failure all are there or none. At most 8 MiB of records are
     * being written at a time; who appends more waits for that too.
     *
     * @return their sequences, in the same order
     * @throws IllegalArgumentException if they do not fit into half a segment
     */
    public List<Long> append(List<NewRecord> records) throws IOException, InterruptedException {
        return requests.call(appending(records));
    }

    /**
     * The same without waiting. It is refused, by an {@link OutboxFullException}, where more than 8 MiB would be being
     * written.
     *
     * @return their sequences, once they are kept; or what {@link #append} throws
     * @throws IllegalArgumentException if they do not fit into half a segment
     */
    public CompletableFuture<List<Long>> appendAsync(List<NewRecord> records) {
        return requests.submit(appending(records));
    }

    private Request<List<Long>> appending(List<NewRecord> records) {
        return new Request.Append(policy, time.instant(), records, OptionalLong.empty(), List.of());
    }

    /** The same to the lane's end, whether or not a power loss may still take it. */
    public List<Item> read(String lane, long from, int maxCount, long maxBytes) throws IOException {
        return read(lane, from, Long.MAX_VALUE, maxCount, maxBytes);
    }

    /**
     * What a lane holds from a sequence on: records, and the word of those that will never come. There is at least one
     * item if there is anything, and none after it goes beyond a bound. A gap may be cut at its front.
     *
     * @param from the first sequence, at least 1; or the first that is not acknowledged, if that comes later
     * @param upTo the last one
     * @param maxCount how many items at most, at least 1
     * @param maxBytes how large they may be together, see {@link Item#size}
     * @return nothing if there is nothing, or no such lane
     * @throws IOException if the disk does not give it; nothing is known of the records then
     */
    public List<Item> read(String lane, long from, long upTo, int maxCount, long maxBytes) throws IOException {
        List<Item> items = reader.read(lane, from, upTo, maxCount, maxBytes);
        for (Item item : items) {
            if (item instanceof Gap gap && reader.isNews(lane, gap)) {
                // So that it is counted and told, once.
                requests.add(Request.about(
                        false,
                        lane,
                        known -> Reader.isNews(known, gap) ? List.of(Codec.gap(known.id, gap)) : List.of()));
            }
        }
        return items;
    }

    /**
     * For each sequence the newest record at or before it, or end of a gap, whose hash is known; where there is none
     * that is not acknowledged, the point up to which the lane is acknowledged. For a sequence before that one it is
     * that too, unless the record is still there.
     *
     * @throws IOException if the disk does not give it
     */
    public List<Point> points(String lane, List<Long> sequences) throws IOException {
        return reader.points(lane, sequences);
    }

    /**
     * Has a listener told what happens from now on, in place of the one before. What was so before is known to
     * {@link #lanes}.
     */
    public void listen(Listener listener) {
        writer.listener = listener;
    }

    /**
     * Hears what becomes of records: on the thread that writes, so in the order in which it happens, and in little
     * time. It must not wait for what it asks this outbox for. What it throws is logged and spoils nothing.
     */
    public interface Listener {

        /**
         * Everything of a lane up to a record is safely on the disk. Told before whoever appended it is.
         *
         * @param last its sequence
         */
        default void durable(String lane, long last) {}

        /**
         * Records of a lane will never come: there was no room for them, they grew too old, or they are damaged. Dead
         * letters are not told of.
         */
        default void letGo(String lane, Gap gap) {}

        /** Writing ended by a defect. Nothing more is taken; once closed, the outbox can be opened anew. */
        default void ended() {}
    }

    /**
     * What an outbox holds.
     *
     * @param bytes what it takes on the disk, for which there is a quota
     * @param segments how many files that is
     * @param dead how many dead letters there are
     * @param lost how many records were found damaged or missing since the outbox was made
     * @param dropped how many were given up for want of room
     * @param expired how many were given up since they were too old
     */
    public record Figures(
            long bytes,
            long quota,
            int segments,
            int dead,
            long lost,
            long dropped,
            long expired,
            List<LaneFigures> lanes) {}

    /**
     * What a lane holds.
     *
     * @param oldest when the oldest record that waits was appended; null if none waits, or if that is not known before
     *     it is read
     */
    public record LaneFigures(LaneState state, @Nullable Instant oldest) {}

    /** How much of everything there is, now. Reads nothing from the disk. */
    public Figures figures() {
        lock.lock();
        try {
            return writer.index.figures(segments.bytes(), policy.quota());
        } finally {
            lock.unlock();
        }
    }

    /** The other side has everything of a lane up to a sequence. What it has already been told of is not told again. */
    public CompletableFuture<Boolean> acknowledge(String lane, long sequence, long hash) {
        return control(false, lane, known -> {
            if (sequence < known.acked || sequence >= known.next) {
                return List.of();
            }
            return List.of(new Frame(Codec.ACK, known.id, sequence, hash, Codec.NOTHING));
        });
    }

    /** A delivery failed: that is kept for the next start, in place of what was kept of the lane before. */
    public CompletableFuture<Boolean> attempted(String lane, Attempts attempts) {
        byte[] body = Codec.bytes(out -> Codec.write(attempts, out));
        return control(false, lane, known -> List.of(new Frame(Codec.ATTEMPT, known.id, attempts.sequence(), 0, body)));
    }

    /**
     * A lane goes on as another stream, since the other side has a different one of the same name.
     *
     * @param after the sequence that the stream follows
     */
    public CompletableFuture<Boolean> startEpoch(String lane, long after, long epoch) {
        return control(true, lane, known -> List.of(new Frame(Codec.EPOCH, known.id, after, epoch, Codec.NOTHING)));
    }

    /** Makes a dead letter of the record that these attempts are about; nothing if it is not there any more. */
    public CompletableFuture<Boolean> bury(String lane, Attempts attempts) {
        long sequence = attempts.sequence();
        return control(true, lane, known -> {
            Frame record = reader.record(known, sequence);
            return record == null ? List.of() : Codec.dead(writer.index.nextDead, attempts, record);
        });
    }

    /** The dead letters from an id on, the oldest first. */
    public List<DeadLetter> dead(long from, int maxCount) throws IOException {
        return reader.dead(from, maxCount);
    }

    /**
     * Appends a dead letter anew, to the end of its lane, and forgets it as one.
     *
     * @return its new sequence; nothing if there is no such dead letter
     */
    public synchronized Optional<Long> replay(long id) throws IOException, InterruptedException {
        List<DeadLetter> found = reader.dead(id, 1);
        if (found.isEmpty() || found.getFirst().id() != id) {
            return Optional.empty();
        }
        DeadLetter letter = found.getFirst();
        Stored record = letter.record();
        NewRecord again = new NewRecord(letter.lane(), record.contentType(), record.headers(), record.payload());
        Frame purge = new Frame(Codec.PURGE, 0, 0, id, Codec.NOTHING);
        Request.Append append = new Request.Append(
                policy, time.instant(), List.of(again), OptionalLong.of(record.sequence()), List.of(purge));
        return Optional.of(requests.call(append).getFirst());
    }

    /** Forgets a dead letter for good. */
    public CompletableFuture<Boolean> purge(long id) {
        return requests.submit(new Request.Control<>(
                true,
                any -> any.index.dead.containsKey(id)
                        ? List.of(new Frame(Codec.PURGE, 0, 0, id, Codec.NOTHING))
                        : List.of(),
                true));
    }

    /** All lanes, in the order in which they were first appended to. */
    public List<LaneState> lanes() {
        return figures().lanes().stream().map(LaneFigures::state).toList();
    }

    /**
     * Reads all of it and says what does not verify, while it goes on working: what is written or removed meanwhile is
     * not looked at. A repair needs it to be closed, see {@link Repair}.
     *
     * @throws IOException if the disk does not let it be read
     */
    public Verification verify() throws IOException {
        Index copy;
        lock.lock();
        try {
            copy = Checkpoint.copy(writer.index);
        } finally {
            lock.unlock();
        }
        return Verifier.verify(segments, copy);
    }

    /** Waits for what was asked for, puts everything on the disk and closes it. */
    @Override
    public void close() throws IOException {
        requests.close();
        ended.run();
        segments.close();
    }

    private CompletableFuture<Boolean> control(boolean isDurable, String lane, Request.LaneFrames frames) {
        return requests.submit(Request.about(isDurable, lane, frames));
    }
}
