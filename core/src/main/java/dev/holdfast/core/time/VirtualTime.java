// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.time;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Time that stands still until it is stepped. A year passes in the time that its tasks take to run.
 *
 * <p>Nothing waits and no thread is involved: {@link #advance} and {@link #step} run the tasks that fall due on the
 * caller's thread, each at the instant that it was due. A task that throws ends the step with its exception, so that a
 * test sees it.
 *
 * <p>Not safe for use by several threads.
 */
public final class VirtualTime implements Time {

    /**
     * Where virtual time begins unless told otherwise: a fixed date, so that a transcript reads the same every time.
     */
    public static final Instant BEGINNING = Instant.parse("2026-01-01T00:00:00Z");

    private static final Comparator<Task> BY_DUE_THEN_GIVEN =
            Comparator.comparingLong((Task task) -> task.due).thenComparingLong(task -> task.order);

    /** A set, since a fleet calls off most of what it schedules, and a queue looks through all it holds for that. */
    private final NavigableSet<Task> tasks = new TreeSet<>(BY_DUE_THEN_GIVEN);

    private final Instant beginning;
    private Duration wallOffset = Duration.ZERO;
    private long now;
    private long given;

    /** Begins at {@link #BEGINNING}. */
    public VirtualTime() {
        this(BEGINNING);
    }

    /** Begins at {@code beginning}. */
    public VirtualTime(Instant beginning) {
        this.beginning = beginning;
    }

    /** Nanoseconds since the beginning. */
    @Override
    public long nanoTime() {
        return now;
    }

    @Override
    public Instant instant() {
        return beginning.plusNanos(now).plus(wallOffset);
    }

    /** How much time has passed since the beginning. */
    public Duration elapsed() {
        return Duration.ofNanos(now);
    }

    @Override
    public Scheduled schedule(Duration delay, Runnable task) {
        Task entry = new Task(dueAfter(delay), given++, task);
        tasks.add(entry);
        return () -> tasks.remove(entry);
    }

    /** {@inheritDoc} Here that is to {@link #advance}: the thread that steps time is the one that waits. */
    @Override
    public void pause(Duration delay) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (delay.isPositive()) {
            advance(delay);
        }
    }

    private long dueAfter(Duration delay) {
        Duration left = Duration.ofNanos(Long.MAX_VALUE - now);
        return delay.compareTo(left) > 0 ? Long.MAX_VALUE : now + Math.max(0, delay.toNanos());
    }

    /**
     * Moves {@code by} forward and runs what falls due on the way, what those tasks add included.
     *
     * @throws IllegalArgumentException if {@code by} is negative
     */
    public void advance(Duration by) {
        if (by.isNegative()) {
            throw new IllegalArgumentException("by: " + by + " (expected: >= 0s; time does not run backwards)");
        }
        long end = Math.addExact(now, by.toNanos());
        while (!tasks.isEmpty() && tasks.first().due <= end) {
            step();
        }
        // A task may have moved on further by itself.
        now = Math.max(now, end);
    }

    /**
     * Moves to the next task and runs it.
     *
     * @return whether there was one
     */
    public boolean step() {
        Task next = tasks.pollFirst();
        if (next == null) {
            return false;
        }
        now = next.due;
        next.work.run();
        return true;
    }

    /** How many tasks wait. */
    public int waiting() {
        return tasks.size();
    }

    /**
     * Sets the date forward or (negative) back, as a clock that is corrected does; monotonic time goes on undisturbed.
     */
    public void shiftWallClock(Duration by) {
        wallOffset = wallOffset.plus(by);
    }

    private record Task(long due, long order, Runnable work) {}
}
