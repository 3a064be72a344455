// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When and how urgently an added key is to run.
 *
 * @param priority before which others it runs once it is due
 * @param delay how long until it is due; zero or less: it is due now
 * @param within by when it must have been tried for the last time, counted from when it is added, or null if there is
 *     no such time; no backoff puts an attempt off past it. More than zero
 */
public record Terms(
        Priority priority, Duration delay, @Nullable Duration within) {

    /**
     * Which of the keys that are due runs first. None starves: after seven turns that passed it over, one is its own.
     */
    public enum Priority {
        /** Before the others. */
        HIGH,
        /** The default. */
        NORMAL,
        /** When there is nothing else to do, or it has been passed over often enough. */
        LOW;

        Priority orHigher(@Nullable Priority other) {
            return other == null || compareTo(other) <= 0 ? this : other;
        }
    }

    /** Due now, with normal priority and no deadline. */
    public static final Terms NOW = new Terms(Priority.NORMAL, Duration.ZERO, null);

    /** @throws IllegalArgumentException if {@code within} is not more than zero */
    public Terms {
        if (within != null && !within.isPositive()) {
            throw new IllegalArgumentException("within: " + within + " (expected: a duration > 0s, or none)");
        }
    }

    /** Due after {@code delay}. */
    public static Terms after(Duration delay) {
        return new Terms(Priority.NORMAL, delay, null);
    }

    boolean isTimeless() {
        return within == null && !delay.isPositive();
    }

    /** The same with another priority. */
    public Terms withPriority(Priority priority) {
        return new Terms(priority, delay, within);
    }

    /** The same with a deadline. */
    public Terms withDeadline(Duration within) {
        return new Terms(priority, delay, within);
    }
}
