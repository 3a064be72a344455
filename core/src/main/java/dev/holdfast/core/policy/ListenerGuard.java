// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls listeners so that none of them can spoil what it hears of: what one throws is logged, some lines a minute, and
 * goes no further. Errors do. Safe for use by any thread.
 */
public final class ListenerGuard {

    private static final Logger log = LoggerFactory.getLogger(ListenerGuard.class);
    private static final int BURST = 3;
    private static final Duration INTERVAL = Duration.ofSeconds(20);

    private final String whose;
    private final LongSupplier clock;
    private final LineLimit lines;

    /**
     * A guard.
     *
     * @param whose what the listeners listen to, for the log
     * @param clock monotonic nanoseconds, such as {@code time::nanoTime}
     */
    public ListenerGuard(String whose, LongSupplier clock) {
        this.whose = whose;
        this.clock = clock;
        this.lines = new LineLimit(BURST, INTERVAL, clock.getAsLong());
    }

    /** Runs {@code call}, which is a call of a listener. */
    public void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException thrown) {
            OptionalLong leftOut;
            synchronized (lines) {
                leftOut = lines.admit(clock.getAsLong());
            }
            leftOut.ifPresent(before -> log.error(
                    "a listener of {} failed and is left at that ({} left out before)", whose, before, thrown));
        }
    }
}
