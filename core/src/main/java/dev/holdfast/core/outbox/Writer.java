// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.disk.Words;
import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.policy.LimitedLog;
import dev.holdfast.core.policy.ListenerGuard;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.SegmentLog;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.time.Duration;
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

    /** How many lines of the same kind may follow each other, and how long until there may be one more. */
    private static final int LINES = 3;

    private static final Duration LINE_INTERVAL = Duration.ofSeconds(20);

    /** How often it looks for what is too old, at most, however much there is. */
    private static final int MOST_ROUNDS = 64;

    /** What share of a segment appends leave alone while there is no file for the next. */
    private static final int KEPT_BACK = 8;

    private final String where;
    private final SegmentLog segments;
    private final Cleaner cleaner;
    private final OutboxPolicy policy;
    private final Time time;
    private final RandomGenerator chance;
    private final Executor background;
    private final ReentrantLock lock;
    final Index index;

    private final Map<String, Lane.Draft> drafts = new HashMap<>();
    private final List<Request<?>> pending = new ArrayList<>();
    private final Deque<Request<?>> roomless = new ArrayDeque<>();
    private boolean isTidying;
    private boolean isUnforced;
    private long nextExpiry;

    /** The lanes of records that a power loss would take, by number. */
    private final Set<Integer> unforced = new LinkedHashSet<>();

    private final ListenerGuard guard;
    private final LimitedLog failures;
    private final LimitedLog losses;
    volatile Outbox.Listener listener = new Outbox.Listener() {};

    /** @param where what people know the outbox by */
    Writer(
            String where,
            SegmentLog segments,
            Index index,
            OutboxPolicy policy,
            Time time,
            RandomGenerator chance,
            Executor background,
            ReentrantLock lock) {
        this.where = where;
        this.segments = segments;
        this.cleaner = new Cleaner(segments, index);
        this.index = index;
        this.policy = policy;
        this.time = time;
        this.chance = chance;
        this.background = background;
        this.lock = lock;
        this.guard = new ListenerGuard("an outbox", time::nanoTime);
        this.failures = new LimitedLog(LINES, LINE_INTERVAL, time::nanoTime);
        this.losses = new LimitedLog(LINES, LINE_INTERVAL, time::nanoTime);
        this.nextExpiry = time.nanoTime();
    }

    /** Writes requests, in order but for those that wait for room. */
    void write(List<Request<?>> requests) {
        expire();
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
        giveUp(new IOException("the outbox is closed"));
    }

    /** Ends what was begun and is not over. */
    void giveUp(IOException why) {
        pending.forEach(request -> request.fail(why));
        pending.clear();
        roomless.forEach(request -> request.fail(why));
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
            boolean isGrowth = request.isAppend() || Codec.isGrowth(frames);
            if (isGrowth && segments.fits(size) && !segments.fits(size + policy.segment() / KEPT_BACK)) {
                // The rest is for what makes room, unless there is a file to go on in.
                segments.prepare();
            }
            if (!segments.fits(size)) {
                commit();
                if (request.isAppend() && !hasRoom() && !makeRoom()) {
                    full(request);
                    return;
                }
                if (!segments.fits(size)) {
                    begin(size);
                    tidy();
                }
                if (!segments.fits(size)) {
                    // What was moved into it took the room, or could not be written.
                    begin(size);
                }
            }
            frames = request.isAppend() ? request.frames(this) : frames;
            request.written = frames;
            if (!frames.isEmpty()) {
                request.position = segments.put(frames);
            }
            pending.add(request);
        } catch (IOException e) {
            request.fail(Words.explained(where, e));
        } catch (RuntimeException e) {
            request.fail(e);
        }
    }

    private void full(Request<?> request) {
        if (policy.whenFull() == WhenFull.BLOCK) {
            // What came after it does not go before it.
            roomless.addFirst(request);
        } else {
            request.fail(new OutboxFullException("outbox full: " + segments.bytes() + " bytes on disk"
                    + " (expected: at most " + policy.quota()
                    + "; deliver or purge what is there, or raise the quota)"));
        }
    }

    /** A lane as it will be when the next record is written, made if there is none. */
    Lane.Draft draft(String name) throws IOException {
        Lane.Draft draft = drafts.get(name);
        if (draft == null) {
            draft = index.draft(name, drafts.values(), chance);
            drafts.put(name, draft);
        }
        return draft;
    }

    /** Writes what is pending, takes it into the index and tells those who asked. */
    private void commit() {
        if (pending.isEmpty()) {
            return;
        }
        boolean isForced = pending.stream().anyMatch(request -> request.isDurable());
        try {
            if (isForced) {
                segments.force();
            } else {
                segments.flush();
            }
        } catch (IOException e) {
            failed("writing failed, going on in a new segment", e);
            if (!rewrite(e)) {
                return;
            }
            isForced = true;
        }
        isUnforced = !isForced && (isUnforced || pending.stream().anyMatch(request -> !request.written.isEmpty()));
        apply(isForced);
    }

    private void apply(boolean isForced) {
        List<Request<?>> done = List.copyOf(pending);
        List<Runnable> news = new ArrayList<>();
        pending.clear();
        lock.lock();
        try {
            for (Request<?> request : done) {
                long position = request.position;
                for (Frame frame : request.written) {
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
        for (Request<?> request : done) {
            request.complete();
        }
    }

    /** What there is to tell the listener of. */
    private void news(boolean isForced, List<Runnable> news) {
        Outbox.Listener told = listener;
        for (Index.LetGo gone : index.letGo) {
            losses.write(log::warn, () -> where + ": " + gone);
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
        List<Request<?>> requests = List.copyOf(pending);
        try {
            begin(SegmentLog.size(requests.stream()
                    .flatMap(request -> request.written.stream())
                    .toList()));
            for (Request<?> request : requests) {
                request.position = segments.put(request.written);
            }
            segments.force();
            return true;
        } catch (IOException e) {
            e.addSuppressed(why);
            pending.clear();
            drafts.clear();
            for (Request<?> request : requests) {
                request.fail(Words.explained(where, e));
            }
            return false;
        }
    }

    /** Begins a segment with room for so much, and for half of one. Nothing must be pending that another has. */
    void begin(int room) throws IOException {
        int number = segments.begin(Checkpoint.frames(index), time.instant(), Math.max(room, policy.segment() / 2));
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
        return segments.bytes() + 2L * policy.segment() <= policy.quota();
    }

    private boolean makeRoom() throws IOException {
        dropUnwanted();
        if (!hasRoom()) {
            cleaner.leastWanted(index.wanted()).ifPresent(this::clear);
        }
        if (policy.whenFull() == WhenFull.DROP_OLDEST) {
            // Of one that is full of dead letters nothing is gained.
            for (int left = index.segments.size(), before = 0; left > 0 && !hasRoom(); left--) {
                var oldest = cleaner.oldest();
                if (oldest.isEmpty() || oldest.get().segment() == before) {
                    break;
                }
                before = oldest.get().segment();
                clear(oldest.get());
            }
        }
        return hasRoom();
    }

    /** Moves what is still wanted out of the way of what is not, before that takes more room than the former. */
    private void tidy() throws IOException {
        if (!isTidying && index.segments.size() > 4) {
            Map<Integer, Long> wanted = index.wanted();
            if (2 * wanted.values().stream().mapToLong(Long::longValue).sum() < segments.bytes()) {
                cleaner.leastWanted(wanted).ifPresent(this::clear);
            }
        }
    }

    /** Gives up what is too old, if it is time to look for that. */
    private void expire() {
        if (!policy.hasMaxAge() || time.nanoTime() - nextExpiry < 0) {
            return;
        }
        nextExpiry = time.nanoTime() + policy.expiryInterval().toNanos();
        long before = time.instant().minus(policy.maxAge()).toEpochMilli();
        try {
            List<Frame> expired = cleaner.expired(before);
            for (int round = 1; !expired.isEmpty() && round < MOST_ROUNDS; round++) {
                List<Frame> frames = expired;
                write(new Request.Control<>(true, writer -> frames, true));
                commit();
                expired = cleaner.expired(before);
            }
            dropUnwanted();
        } catch (IOException e) {
            failed("what is too old cannot be looked for", e);
        }
    }

    private void failed(String what, IOException why) {
        failures.write(log::warn, () -> where + ": " + what + ": " + Words.reason(why));
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
        if (index.mayHaveUnwanted) {
            index.mayHaveUnwanted = false;
            index.unwanted().forEach(segment -> clear(Cleaner.unwanted(segment)));
        }
    }

    private void delete(int segment) {
        try {
            segments.delete(segment);
        } catch (IOException e) {
            failed("a segment that is no longer wanted cannot be removed", e);
        }
    }
}
