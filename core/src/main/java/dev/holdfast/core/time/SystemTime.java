// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.time;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machine's clocks, and one platform thread that runs the tasks.
 *
 * <p>Each loop that must not be held up by others gets a {@code SystemTime} of its own. The thread is a daemon: it
 * keeps no process alive. Safe for use by any thread.
 */
public final class SystemTime implements Time, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SystemTime.class);

    /** How long {@link #close()} lets a running task finish. */
    private static final Duration CLOSING = Duration.ofSeconds(5);

    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 2);

    private final ScheduledThreadPoolExecutor loop;
    private volatile @Nullable Thread thread;

    private SystemTime(String threadName) {
        loop = new ScheduledThreadPoolExecutor(
                1,
                task -> {
                    Thread fresh = Thread.ofPlatform().daemon().name(threadName).unstarted(task);
                    thread = fresh;
                    return fresh;
                },
                new ThreadPoolExecutor.AbortPolicy());
        loop.setRemoveOnCancelPolicy(true);
        loop.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /**
     * Opens a loop whose tasks run on one platform thread.
     *
     * @param threadName the thread's name, as it shows in a thread dump
     */
    public static SystemTime start(String threadName) {
        return new SystemTime(threadName);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Instant instant() {
        return Instant.now();
    }

    /**
     * {@inheritDoc}
     *
     * <p>After {@link #close()} the task is dropped without an error, as are those that were waiting then.
     */
    @Override
    public Scheduled schedule(Duration delay, Runnable task) {
        Duration wait = delay.compareTo(LONGEST) > 0 ? LONGEST : delay;
        try {
            Future<?> future = loop.schedule(() -> runGuarded(task), wait.toNanos(), TimeUnit.NANOSECONDS);
            return () -> future.cancel(false);
        } catch (RejectedExecutionException closed) {
            log.debug("task dropped: the loop is closed");
            return () -> {};
        }
    }

    @Override
    public void pause(Duration delay) throws InterruptedException {
        Duration wait = delay.compareTo(LONGEST) > 0 ? LONGEST : delay;
        if (loop.awaitTermination(wait.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new InterruptedException("the loop is closed");
        }
    }

    /** Whether the caller runs in one of this loop's tasks, and so must not wait for another of them. */
    public boolean isLoopThread() {
        return Thread.currentThread().equals(thread);
    }

    private static void runGuarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            log.error("a task failed; the loop goes on", e);
        }
    }

    /** Drops the tasks that wait, lets one that runs finish (for 5 s at most) and ends the thread. */
    @Override
    public void close() {
        loop.shutdown();
        try {
            if (!loop.awaitTermination(CLOSING.toNanos(), TimeUnit.NANOSECONDS)) {
                loop.shutdownNow();
            }
        } catch (InterruptedException e) {
            loop.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
