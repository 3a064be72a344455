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

/** What is asked for and not yet begun, and the one thread that takes it to the {@link Writer}. Safe for any thread. */
final class Requests {

    private final Writer writer;
    private final Time time;
    private final ReentrantLock lock;
    private final Condition work;
    private final Thread thread;

    // From here on guarded by the lock.
    private final ArrayDeque<Request<?>> waiting = new ArrayDeque<>();
    private boolean isForceDue;
    private boolean isForceScheduled;
    private boolean isClosed;

    Requests(Writer writer, Time time, ReentrantLock lock) {
        this.writer = writer;
        this.time = time;
        this.lock = lock;
        this.work = lock.newCondition();
        this.thread = Thread.ofPlatform().name("outbox").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    <T> CompletableFuture<T> submit(Request<T> request) {
        add(request);
        return request.done;
    }

    void add(Request<?> request) {
        lock.lock();
        try {
            if (isClosed) {
                request.done.completeExceptionally(new IOException("the outbox is closed"));
            } else {
                waiting.add(request);
                work.signal();
            }
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
        while (take(taken)) {
            writer.write(taken);
            taken.clear();
            scheduleForce();
        }
        writer.close();
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
