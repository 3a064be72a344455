// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is asked for and not yet begun, and the one thread that takes it to the {@link Writer}. Safe for any thread. */
final class Requests {

    /** How many bytes of appends are taken in before those before them are over, 8 MiB. */
    static final long MOST_PENDING = 8 << 20;

    private static final Logger log = LoggerFactory.getLogger(Outbox.class);

    private final Writer writer;
    private final OutboxPolicy policy;
    private final Time time;
    private final ReentrantLock lock;
    private final Condition work;
    private final Condition room;
    private final Thread thread;

    // From here on guarded by the lock.
    private final ArrayDeque<Request<?>> waiting = new ArrayDeque<>();
    private long pending;
    private boolean isForceDue;
    private boolean isForceScheduled;
    private boolean isClosed;

    Requests(Writer writer, OutboxPolicy policy, Time time, ReentrantLock lock) {
        this.writer = writer;
        this.policy = policy;
        this.time = time;
        this.lock = lock;
        this.work = lock.newCondition();
        this.room = lock.newCondition();
        this.thread = Thread.ofPlatform().name("outbox").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
        if (policy.hasMaxAge()) {
            time.schedule(policy.expiryInterval(), this::expire);
        }
    }

    private void expire() {
        lock.lock();
        try {
            if (!isClosed) {
                // Whatever it is, the writer looks for what is too old before it.
                add(new Request.Control<>(false, any -> List.of(), true));
                time.schedule(policy.expiryInterval(), this::expire);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Asks for something, which is refused if too much is being written. */
    <T> CompletableFuture<T> submit(Request<T> request) {
        lock.lock();
        try {
            if (isTooMuch(request)) {
                request.fail(new OutboxFullException("outbox busy: " + pending
                        + " bytes wait to be written (expected: at most " + MOST_PENDING
                        + "; append less at a time, or wait for the appends before)"));
            } else {
                add(request);
            }
        } finally {
            lock.unlock();
        }
        return request.done;
    }

    /** Asks for something, as soon as not too much is being written, and waits for it. */
    <T> T call(Request<T> request) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            while (isTooMuch(request) && !isClosed) {
                room.await();
            }
            add(request);
        } finally {
            lock.unlock();
        }
        return await(request.done);
    }

    /** Whatever is too much by itself has to be alone. */
    private boolean isTooMuch(Request<?> request) {
        return request.isAppend() && pending > 0 && pending + request.appends() > MOST_PENDING;
    }

    void add(Request<?> request) {
        lock.lock();
        try {
            if (isClosed) {
                request.fail(new IOException("the outbox is closed"));
                return;
            }
            if (request.isAppend()) {
                pending += request.appends();
                request.whenOver(() -> over(request.appends()));
            }
            waiting.add(request);
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    private void over(long bytes) {
        lock.lock();
        try {
            pending -= bytes;
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for what was asked for, and ends the thread. */
    void close() {
        lock.lock();
        try {
            isClosed = true;
            work.signal();
            room.signalAll();
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
    }

    private void run() {
        List<Request<?>> taken = new ArrayList<>();
        try {
            while (take(taken)) {
                writer.write(taken);
                taken.clear();
                scheduleForce();
            }
            writer.close();
        } catch (RuntimeException | Error e) {
            log.error("outbox: writing ended by a defect; what is on the disk is read anew at the next start", e);
            end(taken, new IOException("the outbox ended by a defect: " + e, e));
            throw e;
        }
    }

    /** Nobody waits for what will not be. */
    private void end(List<Request<?>> taken, IOException why) {
        lock.lock();
        try {
            isClosed = true;
            taken.addAll(waiting);
            waiting.clear();
            room.signalAll();
        } finally {
            lock.unlock();
        }
        taken.forEach(request -> request.fail(why));
        writer.giveUp(why);
    }

    /** Waits until there is something to be written, or forced. */
    private boolean take(List<Request<?>> taken) {
        lock.lock();
        try {
            while (waiting.isEmpty() && !isClosed && !isForceDue) {
                work.awaitUninterruptibly();
            }
            if (isForceDue) {
                // However much there is to be written all the time.
                taken.add(Writer.force());
                isForceDue = false;
            }
            taken.addAll(waiting);
            waiting.clear();
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
