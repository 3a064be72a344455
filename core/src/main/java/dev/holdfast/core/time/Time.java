// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.time;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A clock and a loop. Everything in Holdfast that measures, dates or waits does it through the {@code Time} it was
 * given.
 *
 * <p>Tasks given to one {@code Time} run one at a time, ordered by when they fall due and, where that is equal, by when
 * they were given. State touched only from such tasks therefore needs no lock. A task that throws does not stop the
 * ones after it: {@link SystemTime} logs what was thrown, {@link VirtualTime} throws it on to whoever steps it.
 *
 * <p>All methods may be called from any thread unless an implementation says otherwise.
 */
public interface Time {

    /**
     * Monotonic time in nanoseconds from an arbitrary origin; only differences mean anything, and they are to be taken
     * by subtraction so that an overflow does no harm (see {@link System#nanoTime()}).
     */
    long nanoTime();

    /** The date. For records and for people; never for measuring, since it may jump either way. */
    Instant instant();

    /**
     * Runs {@code task} once, no sooner than {@code delay} from now.
     *
     * @param delay how long to wait; zero or less means as soon as the tasks before it are done
     * @param task short work that does not wait
     * @return a handle that can call the task off
     */
    Scheduled schedule(Duration delay, Runnable task);

    /** Runs {@code task} as soon as those before it are done. */
    default void execute(Runnable task) {
        schedule(Duration.ZERO, task);
    }

    /**
     * Holds the calling thread up. For drivers whose caller wants to wait, never for logic, and never from a task of
     * this {@code Time}.
     *
     * @param delay how long; zero or less ends at once
     * @throws InterruptedException if the thread was interrupted before or is meanwhile, or if the loop was closed
     */
    default void pause(Duration delay) throws InterruptedException {
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        Scheduled alarm = schedule(delay, () -> over.complete(true));
        try {
            // A future that is done would not look at the thread's interrupt.
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            over.get();
        } catch (ExecutionException never) {
            throw new AssertionError(never);
        } finally {
            alarm.cancel();
        }
    }

    /** A task that was scheduled. */
    @FunctionalInterface
    interface Scheduled {

        /** Calls the task off if it has not begun; without effect otherwise. */
        void cancel();
    }
}
