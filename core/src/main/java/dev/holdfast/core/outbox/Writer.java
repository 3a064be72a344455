// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.policy.ListenerGuard;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.SegmentLog;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts what is asked for on the disk, as many requests at a time as there are, with one {@code fsync} for all of them.
 * Its methods are called by one thread; the index is changed under the lock alone, so that others may read it there.
 */
final class Writer {

    private static final Logger log = LoggerFactory.getLogger(Outbox.class);

    private final SegmentLog segments;
    private final OutboxPolicy policy;
    private final Time time;
    private final RandomGenerator chance;
    private final Executor background;
    private final ReentrantLock lock;
    final Index index;

    private final Map<String, Draft> drafts = new HashMap<>();
    private final List<Group> pending = new ArrayList<>();
    private final Deque<Request<?>> roomless = new ArrayDeque<>();
    private boolean isTidying;
    private boolean isUnforced;

    /** The lanes of records that a power loss would take, by number. */
    private final Set<Integer> unforced = new LinkedHashSet<>();

    private final ListenerGuard guard;
    volatile Outbox.Listener listener = new Outbox.Listener() {};

    /** A lane as it will be once everything that is pending is written. */
    static final class Draft {
        final int id;
        final long epoch;
        long next;
        long hash;

        /** Whether nothing has said its name yet. */
        boolean isNew;

        private Draft(int id, long epoch, long next, long hash, boolean isNew) {
            this.id = id;
            this.epoch = epoch;
            this.next = next;
            this.hash = hash;
            this.isNew = isNew;
        }
    }

    private static final class Group {
        final Request<?> request;
        final List<Frame> frames;
        long position;

        Group(Request<?> request, List<Frame> frames) {
            this.request = request;
            this.frames = frames;
        }
    }

    Writer(
            SegmentLog segments,
            Index index,
            OutboxPolicy policy,
            Time time,
            RandomGenerator chance,
            Executor background,
            ReentrantLock lock) {
        this.segments = segments;
        this.index = index;
        this.policy = policy;
        this.time = time;
        this.chance = chance;
        this.background = background;
        this.lock = lock;
        this.guard = new ListenerGuard("an outbox", time::nanoTime);
    }

    /** Writes requests, in order but for those that wait for room. */
    void write(List<Request<?>> requests) {
        for (Request<?> request : requests) {
            if (request.isAppend() && !roomless.isEmpty()) {
                roomless.add(request);
            } else {
                write(request);
            }
        }
        commit();
        dropUnwanted();
        for (int left = roomless.size(); left > 0 && hasRoom(); left--) {
            write(roomless.remove());
        }
        commit();
    }

    /** What puts everything on the disk that is not. */
    static Request<Boolean> force() {
        return new Request.Control<>(true, writer -> List.of(), true);
    }

    /** Whether something is written that a power loss would take. */
    boolean isUnforced() {
        return isUnforced;
    }

    /** Puts everything on the disk, says so there, and ends what waits for room. */
    void close() {
        write(List.of(new Request.Control<>(true, writer -> List.of(Codec.closed(writer.index.all())), true)));
        roomless.forEach(request -> request.done.completeExceptionally(new IOException("the outbox is closed")));
        roomless.clear();
    }

    private void write(Request<?> request) {
        if (!request.isAppend() && request.isDurable()) {
            // What is let go of, and by what id, depends on what was let go of before.
            commit();
        }
        try {
            // What an append is depends on what was written before it; whether there is room comes first.
            List<Frame> frames = request.isAppend() ? List.of() : request.frames(this);
            int size = request.isAppend() ? request.appends() : SegmentLog.size(frames);
            if (!segments.fits(size)) {
                commit();
                if (request.isAppend() && !hasRoom() && !makeRoom()) {
                    full(request);
                    return;
                }
                if (!segments.fits(size)) {
                    begin();
                    tidy();
                }
                if (!segments.fits(size)) {
                    // What was moved into it took the room, or could not be written.
                    begin();
                }
            }
            frames = request.isAppend() ? request.frames(this) : frames;
            Group group = new Group(request, frames);
            if (!frames.isEmpty()) {
                group.position = segments.put(frames);
            }
            pending.add(group);
        } catch (IOException | RuntimeException e) {
            request.done.completeExceptionally(e);
        }
    }

    private void full(Request<?> request) {
        if (policy.whenFull() == WhenFull.BLOCK) {
            roomless.add(request);
        } else {
            request.done.completeExceptionally(new OutboxFullException("outbox full: " + bytes() + " bytes on disk"
                    + " (expected: at most " + policy.quota()
                    + "; deliver or purge what is there, or raise the quota)"));
        }
    }

    /** A lane as it will be when the next record is written, made if there is none. */
    Draft draft(String name) throws IOException {
        Draft draft = drafts.get(name);
        if (draft == null) {
            Lane lane = index.lanes.get(name);
            if (lane == null && index.lanes.size() + drafts.size() >= Index.MOST_LANES) {
                throw new IOException(
                        "lane: " + name + " would be one too many (expected: at most " + Index.MOST_LANES + " lanes)");
            }
            draft = lane == null
                    ? new Draft(index.freeId(drafts.values()), chance.nextLong(), 1, 0, true)
                    : new Draft(lane.id, lane.epoch, lane.next, lane.lastHash, false);
            drafts.put(name, draft);
        }
        return draft;
    }

    /** Writes what is pending, takes it into the index and tells those who asked. */
    private void commit() {
        if (pending.isEmpty()) {
            return;
        }
        boolean isForced = pending.stream().anyMatch(group -> group.request.isDurable());
        try {
            if (isForced) {
                segments.force();
            } else {
                segments.flush();
            }
        } catch (IOException e) {
            log.warn("outbox: writing failed, going on in a new segment: {}", String.valueOf(e.getMessage()));
            if (!rewrite(e)) {
                return;
            }
            isForced = true;
        }
        isUnforced = !isForced;
        apply(isForced);
    }

    private void apply(boolean isForced) {
        List<Group> done = List.copyOf(pending);
        List<Runnable> news = new ArrayList<>();
        pending.clear();
        lock.lock();
        try {
            for (Group group : done) {
                long position = group.position;
                for (Frame frame : group.frames) {
                    index.apply(frame, true, position, frame.size());
                    position += frame.size();
                    if (frame.type() == Codec.RECORD) {
                        unforced.add(frame.lane());
                    }
                }
            }
            drafts.clear();
            news(isForced, news);
        } catch (IOException e) {
            throw new IllegalStateException("frames of our own that cannot be read", e);
        } finally {
            lock.unlock();
        }
        news.forEach(guard::tell);
        for (Group group : done) {
            group.request.complete();
        }
    }

    /** What there is to tell the listener of. */
    private void news(boolean isForced, List<Runnable> news) {
        Outbox.Listener told = listener;
        for (Index.LetGo gone : index.letGo) {
            news.add(() -> told.letGo(gone.lane(), gone.gap()));
        }
        index.letGo.clear();
        if (isForced) {
            for (int id : unforced) {
                Lane lane = Objects.requireNonNull(index.byId.get(id));
                long last = lane.next - 1;
                lane.durable = last;
                news.add(() -> told.durable(lane.name, last));
            }
            unforced.clear();
        }
    }

    /** Puts what is pending into a new segment, since nobody can say what the old one has of it. */
    private boolean rewrite(IOException why) {
        List<Group> groups = List.copyOf(pending);
        try {
            begin();
            for (Group group : groups) {
                if (!group.frames.isEmpty()) {
                    if (!segments.fits(SegmentLog.size(group.frames))) {
                        throw new IOException("no room to write it once more", why);
                    }
                    group.position = segments.put(group.frames);
                }
            }
            segments.force();
            return true;
        } catch (IOException e) {
            pending.clear();
            drafts.clear();
            for (Group group : groups) {
                group.request.done.completeExceptionally(e);
            }
            return false;
        }
    }

    /** Begins a segment. Nothing must be pending that was written to another. */
    void begin() throws IOException {
        List<Frame> checkpoint;
        lock.lock();
        try {
            checkpoint = Checkpoint.frames(index);
        } finally {
            lock.unlock();
        }
        int number = segments.begin(checkpoint, time.instant());
        lock.lock();
        try {
            index.segments.put(number, segments.end());
        } finally {
            lock.unlock();
        }
        background.execute(this::prepare);
    }

    private void prepare() {
        try {
            segments.prepare();
        } catch (IOException e) {
            log.debug("outbox: the next segment cannot be prepared yet: {}", String.valueOf(e.getMessage()));
        }
    }

    private boolean hasRoom() {
        return bytes() + 2L * policy.segment() <= policy.quota();
    }

    /** What is on the disk, in bytes. */
    long bytes() {
        return (long) index.segments.size() * policy.segment();
    }

    private boolean makeRoom() throws IOException {
        dropUnwanted();
        if (!hasRoom()) {
            new Cleaner(segments, index).leastWanted().ifPresent(this::clear);
        }
        if (!hasRoom() && policy.whenFull() == WhenFull.DROP_OLDEST) {
            new Cleaner(segments, index).oldest().ifPresent(this::clear);
        }
        return hasRoom();
    }

    /** Moves what is still wanted out of the way of what is not, before that takes more room than the former. */
    private void tidy() throws IOException {
        if (!isTidying && index.segments.size() > 4 && 2 * index.wantedBytes() < bytes()) {
            new Cleaner(segments, index).leastWanted().ifPresent(this::clear);
        }
    }

    /** Writes what takes the place of a segment, and removes it. */
    private void clear(Cleaner.Plan plan) {
        Request.Control<Integer> request = new Request.Control<>(true, writer -> plan.frames(), plan.segment());
        isTidying = true;
        write(request);
        isTidying = false;
        commit();
        if (request.done.isDone() && !request.done.isCompletedExceptionally()) {
            delete(plan.segment());
        }
    }

    private void dropUnwanted() {
        if (!index.mayHaveUnwanted) {
            return;
        }
        index.mayHaveUnwanted = false;
        for (int segment : index.unwanted()) {
            clear(new Cleaner.Plan(segment, List.of(new Frame(Codec.GONE, 0, segment, 0, Codec.NOTHING))));
        }
    }

    private void delete(int segment) {
        try {
            segments.delete(segment);
        } catch (IOException e) {
            log.warn(
                    "outbox: a segment that is no longer wanted cannot be removed: {}", String.valueOf(e.getMessage()));
        }
    }
}
