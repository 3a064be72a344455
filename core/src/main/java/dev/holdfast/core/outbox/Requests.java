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
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is asked for and not yet begun, taken to the {@link Writer} in one task of an executor at a time. Safe for any
 * thread.
 */
final class Requests {

    private static final Logger log = LoggerFactory.getLogger(Outbox.class);

    private final Writer writer;
    private final Time time;
    private final ReentrantLock lock;
    private final Executor executor;
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    // From here on guarded by the lock.
    private final ArrayDeque<Request<?>> waiting = new ArrayDeque<>();
    private boolean isRunning;
    private boolean isForceDue;
    private boolean isForceScheduled;
    private boolean isClosed;

    Requests(Writer writer, Time time, ReentrantLock lock, Executor executor) {
        this.writer = writer;
        this.time = time;
        this.lock = lock;
        this.executor = executor;
    }

    <T> CompletableFuture<T> submit(Request<T> request) {
        add(request);
        return request.done;
    }

    void add(Request<?> request) {
        boolean begins = false;
        lock.lock();
        try {
            if (isClosed) {
                request.done.completeExceptionally(new IOException("the outbox is closed"));
            } else {
                waiting.add(request);
                begins = begins();
            }
        } finally {
            lock.unlock();
        }
        if (begins) {
            executor.execute(this::run);
        }
    }

    /** Whether a task is to be begun. To be called with the lock. */
    private boolean begins() {
        boolean begins = !isRunning;
        isRunning = true;
        return begins;
    }

    /** Waits for what was asked for, and takes nothing more. */
    void close() {
        boolean begins;
        lock.lock();
        try {
            begins = !isClosed && begins();
            isClosed = true;
        } finally {
            lock.unlock();
        }
        if (begins) {
            executor.execute(this::run);
        }
        ended.join();
    }

    private void run() {
        List<Request<?>> taken = new ArrayList<>();
        while (take(taken)) {
            try {
                writer.write(taken);
            } catch (RuntimeException | Error e) {
                log.error("outbox: a fault of its own; what was to be written may be there or not", e);
                taken.forEach(request -> request.done.completeExceptionally(e));
            }
            taken.clear();
            scheduleForce();
        }
    }

    /** What is to be written, or forced; the task ends where there is nothing, and closes the writer if that is over. */
    private boolean take(List<Request<?>> taken) {
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
            isRunning = !taken.isEmpty() || closes;
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
        if (begins) {
            executor.execute(this::run);
        }
    }

    static <T> T await(CompletableFuture<T> future) throws IOException, InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            Throwable why = Objects.requireNonNull(e.getCause());
            String told = String.valueOf(why.getMessage());
            throw why instanceof OutboxFullException ? new OutboxFullException(told) : new IOException(told, why);
        }
    }
}
