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
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is asked for and not yet begun, taken to the {@link Writer} in one task of an executor at a time. Safe for any
 * thread.
 */
final class Requests {

    /** How many bytes of appends are taken in before those before them are over, 8 MiB. */
    static final long MOST_PENDING = 8 << 20;

    private static final Logger log = LoggerFactory.getLogger(Outbox.class);

    private final Writer writer;
    private final OutboxPolicy policy;
    private final Time time;
    private final ReentrantLock lock;
    private final Condition room;
    private final Executor executor;
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    // From here on guarded by the lock.
    private final ArrayDeque<Request<?>> waiting = new ArrayDeque<>();
    private long pending;
    private boolean isRunning;
    private boolean isForceDue;
    private boolean isForceScheduled;
    private boolean isClosed;

    Requests(Writer writer, OutboxPolicy policy, Time time, ReentrantLock lock, Executor executor) {
        this.writer = writer;
        this.policy = policy;
        this.time = time;
        this.lock = lock;
        this.room = lock.newCondition();
        this.executor = executor;
    }

    void start() {
        if (policy.hasMaxAge()) {
            time.schedule(policy.expiryInterval(), this::expire);
        }
    }

    private void expire() {
        // Whatever it is, the writer looks for what is too old before it.
        Request<Boolean> any = new Request.Control<>(false, writer -> List.of(), true);
        add(any);
        if (!any.done.isCompletedExceptionally()) {
            time.schedule(policy.expiryInterval(), this::expire);
        }
    }

    /** Asks for something, which is refused if too much is being written. */
    <T> CompletableFuture<T> submit(Request<T> request) {
        boolean begins = false;
        lock.lock();
        try {
            if (isTooMuch(request)) {
                request.fail(new OutboxFullException("outbox busy: " + pending
                        + " bytes wait to be written (expected: at most " + MOST_PENDING
                        + "; append less at a time, or wait for the appends before)"));
            } else {
                begins = take(request);
            }
        } finally {
            lock.unlock();
        }
        begin(begins);
        return request.done;
    }

    /** Asks for something, as soon as not too much is being written, and waits for it. */
    <T> T call(Request<T> request) throws IOException, InterruptedException {
        boolean begins;
        lock.lockInterruptibly();
        try {
            while (isTooMuch(request) && !isClosed) {
                room.await();
            }
            begins = take(request);
        } finally {
            lock.unlock();
        }
        begin(begins);
        return await(request.done);
    }

    /** Whatever is too much by itself has to be alone. */
    private boolean isTooMuch(Request<?> request) {
        return request.isAppend() && pending > 0 && pending + request.appends() > MOST_PENDING;
    }

    void add(Request<?> request) {
        boolean begins;
        lock.lock();
        try {
            begins = take(request);
        } finally {
            lock.unlock();
        }
        begin(begins);
    }

    /** Takes it in, with the lock; whether a task is to be begun without it. */
    private boolean take(Request<?> request) {
        if (isClosed) {
            request.fail(new IOException("the outbox is closed"));
            return false;
        }
        if (request.isAppend()) {
            pending += request.appends();
            request.whenOver(() -> over(request.appends()));
        }
        waiting.add(request);
        return begins();
    }

    private boolean begins() {
        boolean begins = !isRunning;
        isRunning = true;
        return begins;
    }

    private void begin(boolean begins) {
        if (begins) {
            executor.execute(this::run);
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

    /** Waits for what was asked for, and takes nothing more. An interrupt is kept. */
    void close() {
        boolean begins;
        lock.lock();
        try {
            begins = !isClosed && begins();
            isClosed = true;
            room.signalAll();
        } finally {
            lock.unlock();
        }
        begin(begins);
        ended.join();
    }

    private void run() {
        List<Request<?>> taken = new ArrayList<>();
        try {
            while (next(taken)) {
                writer.write(taken);
                taken.clear();
                scheduleForce();
            }
        } catch (RuntimeException | Error e) {
            log.error("outbox: writing ended by a defect; what is on the disk is read when it is opened anew", e);
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
        ended.complete(false);
        writer.listener.ended();
    }

    /** What is to be written, or forced. The task ends where there is nothing; the last one closes the writer. */
    private boolean next(List<Request<?>> taken) {
        boolean closes;
        lock.lock();
        try {
            if (isForceDue) {
                // However much there is to be written all the time.
                taken.add(Writer.force());
                isForceDue = false;
            }
            taken.addAll(waiting);
            waiting.clear();
            closes = isClosed && taken.isEmpty();
            isRunning = closes || !taken.isEmpty();
        } finally {
            lock.unlock();
        }
        if (closes) {
            writer.close();
            ended.complete(true);
        }
        return !taken.isEmpty();
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
        boolean begins;
        lock.lock();
        try {
            isForceScheduled = false;
            isForceDue = !isClosed;
            begins = !isClosed && begins();
        } finally {
            lock.unlock();
        }
        begin(begins);
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
