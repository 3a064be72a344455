// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.SegmentLog;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

    private static final Logger log = LoggerFactory.getLogger(Outbox.class);

    private final SegmentLog segments;
    private final OutboxPolicy policy;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Writer writer;
    private final Reader reader;
    private final Thread thread;

    // From here on guarded by the lock.
    private final ArrayDeque<Request<?>> requests = new ArrayDeque<>();
    private boolean isForceDue;
    private boolean isForceScheduled;
    private boolean isClosed;

    private Outbox(
            SegmentLog segments,
            Index index,
            OutboxPolicy policy,
            Time time,
            RandomGenerator chance,
            Executor background) {
        this.segments = segments;
        this.policy = policy;
        this.time = time;
        this.writer = new Writer(segments, index, policy, time, chance, background, lock);
        this.reader = new Reader(segments, index, lock);
        this.thread = Thread.ofPlatform().name("outbox").daemon().unstarted(this::run);
    }

    /**
     * Opens the outbox on a disk, a new one if there is none. What is damaged is logged and counted, and does not keep
     * the rest from being read.
     *
     * @throws IOException if the disk cannot be read or written, or holds an outbox of a later version
     */
    public static Outbox open(Disk disk, OutboxPolicy policy, Time time, RandomGenerator chance) throws IOException {
        return open(
                disk,
                policy,
                time,
                chance,
                task -> Thread.ofPlatform().name("outbox-prepare").daemon().start(task));
    }

    /** @param background what may take its time runs there */
    static Outbox open(Disk disk, OutboxPolicy policy, Time time, RandomGenerator chance, Executor background)
            throws IOException {
        SegmentLog segments = SegmentLog.open(disk, policy.segment(), chance);
        Recovery.Found found = segments.segments().isEmpty() ? null : Recovery.read(segments);
        Index index = found == null ? new Index() : found.index();
        Outbox outbox = new Outbox(segments, index, policy, time, chance, background);
        if (found == null) {
            outbox.writer.begin();
        } else {
            outbox.resume(found, disk);
        }
        outbox.thread.start();
        return outbox;
    }

    private void resume(Recovery.Found found, Disk disk) throws IOException {
        if (found.damaged() > 0
                || found.unfinished() > 0
                || !segments.unreadable().isEmpty()) {
            log.warn(
                    "outbox in {}: {} bytes do not verify, {} more at the end were being written when it stopped,"
                            + " {} segments cannot be read, {} records are lost so far; the rest is kept and delivered",
                    disk,
                    found.damaged(),
                    found.unfinished(),
                    segments.unreadable().size(),
                    found.index().lost);
        }
        if (found.isClean()) {
            segments.resume(found.newest(), found.end());
            segments.force();
        } else {
            // What was not forced then cannot be any more; and nothing is overwritten that somebody may want to see.
            writer.begin();
        }
        List<Integer> leftOver = new ArrayList<>(segments.segments());
        leftOver.removeAll(writer.index.segments.keySet());
        for (int segment : leftOver) {
            segments.delete(segment);
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
        return await(appendAsync(List.of(record))).getFirst();
    }

    /**
     * Appends records that hold together: after a failure all are there or none.
     *
     * @return their sequences, once they are kept; or what {@link #append} throws
     * @throws IllegalArgumentException if they do not fit into half a segment
     */
    public CompletableFuture<List<Long>> appendAsync(List<NewRecord> records) {
        return submit(new Request.Append(policy, time.instant(), records, OptionalLong.empty(), List.of()));
    }

    /**
     * What a lane holds from a sequence on: records, and the word of those that will never come.
     *
     * @param maxCount how many items at most
     * @param maxBytes how many bytes of payload at most; one item comes whatever its size
     * @return nothing if there is nothing, or no such lane
     */
    public List<Item> read(String lane, long from, int maxCount, long maxBytes) throws IOException {
        return reader.read(lane, from, maxCount, maxBytes);
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
            List<Item> items = reader.read(lane, sequence, 1, 0);
            if (items.isEmpty() || !(items.getFirst() instanceof Stored record) || record.sequence() != sequence) {
                return List.of();
            }
            byte[] kept = Codec.record(
                    new NewRecord(lane, record.contentType(), record.headers(), record.payload()),
                    record.replayOf(),
                    record.time(),
                    policy.compressFrom());
            byte[] body = Codec.bytes(out -> {
                Codec.write(attempts, out);
                out.writeLong(record.hash());
                out.write(kept);
            });
            String told = "failed " + attempts.total() + " times from " + attempts.first() + " to " + attempts.last()
                    + ": " + String.join("; ", attempts.reasons().keySet());
            Gap gap = new Gap(
                    sequence,
                    sequence,
                    Why.DEAD,
                    record.hash(),
                    told.substring(0, Math.min(told.length(), Codec.MOST_AUDIT)));
            return List.of(
                    new Frame(Codec.DEAD, known.id, sequence, writer.index.nextDead, body), Codec.gap(known.id, gap));
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
        return Optional.of(await(submit(append)).getFirst());
    }

    /** Forgets a dead letter for good. */
    public CompletableFuture<Boolean> purge(long id) {
        return submit(new Request.Control<>(
                true,
                any -> any.index.dead.containsKey(id)
                        ? List.of(new Frame(Codec.PURGE, 0, 0, id, Codec.NOTHING))
                        : List.of(),
                true));
    }

    /** All lanes, in the order in which they were first appended to. */
    public List<LaneState> lanes() {
        lock.lock();
        try {
            return writer.index.all().stream().map(Lane::state).toList();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for what was asked for, puts everything on the disk and closes it. */
    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            isClosed = true;
            work.signal();
        } finally {
            lock.unlock();
        }
        boolean wasInterrupted = Thread.interrupted();
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                wasInterrupted = true;
            }
        }
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
        segments.close();
    }

    private CompletableFuture<Boolean> control(boolean isDurable, String lane, LaneFrames frames) {
        NewRecord.requireLane(lane);
        return submit(new Request.Control<>(
                isDurable,
                any -> {
                    Lane known = any.index.lanes.get(lane);
                    return known == null ? List.of() : frames.of(known);
                },
                true));
    }

    /** What there is to write about a lane, now. */
    @FunctionalInterface
    private interface LaneFrames {
        List<Frame> of(Lane lane) throws IOException;
    }

    private <T> CompletableFuture<T> submit(Request<T> request) {
        lock.lock();
        try {
            if (isClosed) {
                request.done.completeExceptionally(new IOException("the outbox is closed"));
            } else {
                requests.add(request);
                work.signal();
            }
        } finally {
            lock.unlock();
        }
        return request.done;
    }

    private void run() {
        List<Request<?>> taken = new ArrayList<>();
        while (take(taken)) {
            if (taken.isEmpty()) {
                writer.force();
            } else {
                writer.write(taken);
            }
            taken.clear();
            scheduleForce();
        }
        writer.close();
    }

    private boolean take(List<Request<?>> taken) {
        lock.lock();
        try {
            while (requests.isEmpty() && !isClosed && !isForceDue) {
                work.awaitUninterruptibly();
            }
            taken.addAll(requests);
            requests.clear();
            if (taken.isEmpty()) {
                isForceDue = false;
            }
            return !taken.isEmpty() || !isClosed;
        } finally {
            lock.unlock();
        }
    }

    private void scheduleForce() {
        lock.lock();
        try {
            if (!writer.isUnforced() || isForceScheduled) {
                return;
            }
            isForceScheduled = true;
        } finally {
            lock.unlock();
        }
        time.schedule(OutboxPolicy.RELAXED_FOR, this::requireForce);
    }

    private void requireForce() {
        lock.lock();
        try {
            isForceScheduled = false;
            isForceDue = true;
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    private static <T> T await(CompletableFuture<T> future) throws IOException, InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            Throwable why = Objects.requireNonNull(e.getCause());
            String told = String.valueOf(why.getMessage());
            throw why instanceof OutboxFullException ? new OutboxFullException(told) : new IOException(told, why);
        }
    }
}
