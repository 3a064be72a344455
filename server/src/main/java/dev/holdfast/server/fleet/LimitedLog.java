// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import dev.holdfast.core.policy.LineLimit;
import dev.holdfast.core.time.Time;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Lines about single agents, so few that a herd of them does not flood the log: {@value #BURST} at once and then
 * 10 a second, each saying how many were left out before it. Safe for use by any thread.
 */
public final class LimitedLog {

    private static final int BURST = 100;

    private static final Duration INTERVAL = Duration.ofMillis(100);

    private final Time time;
    private final LineLimit limit;

    /** One with its whole burst to spare. */
    public LimitedLog(Time time) {
        this.time = time;
        this.limit = new LineLimit(BURST, INTERVAL, time.nanoTime());
    }

    /**
     * Writes a line unless there were too many.
     *
     * @param logger where to, such as {@code log::info}
     * @param line what to say; asked for only if it is written
     */
    public void write(Consumer<String> logger, Supplier<String> line) {
        OptionalLong leftOut = admit();
        if (leftOut.isPresent()) {
            long count = leftOut.getAsLong();
            logger.accept(
                    count == 0 ? line.get() : line.get() + " (" + count + " such lines left out before this one)");
        }
    }

    private synchronized OptionalLong admit() {
        return limit.admit(time.nanoTime());
    }
}
