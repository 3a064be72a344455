// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Lines of one kind, so few that what goes on failing does not flood the log; each says how many were left out before
 * it. Safe for use by any thread.
 */
public final class LimitedLog {

    private final LongSupplier clock;
    private final LineLimit limit;

    /**
     * One with its whole burst to spare.
     *
     * @param burst how many lines may follow each other at once; at least 1
     * @param interval how long until one more is allowed; more than zero
     * @param clock monotonic nanoseconds, such as {@code time::nanoTime}
     * @throws IllegalArgumentException if a parameter is out of its range
     */
    public LimitedLog(int burst, Duration interval, LongSupplier clock) {
        this.clock = clock;
        this.limit = new LineLimit(burst, interval, clock.getAsLong());
    }

    /**
     * Writes a line unless there were too many.
     *
     * @param logger where to, such as {@code log::warn}
     * @param line what to say; asked for only if it is written
     */
    public void write(Consumer<String> logger, Supplier<String> line) {
        OptionalLong admitted;
        synchronized (limit) {
            admitted = limit.admit(clock.getAsLong());
        }
        if (admitted.isPresent()) {
            long leftOut = admitted.getAsLong();
            logger.accept(leftOut == 0 ? line.get() : line.get() + " (" + leftOut + " such lines left out before it)");
        }
    }
}
