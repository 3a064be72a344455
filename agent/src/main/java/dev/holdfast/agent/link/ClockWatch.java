// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.time.Time;
import java.time.Duration;
import java.time.Instant;

/**
 * Notices that the machine slept: the date went on, and the monotonic clock, which does not count sleep, stood still. A
 * date that somebody set forward by less than a month looks the same, and does no harm. Not safe for use by several
 * threads.
 */
final class ClockWatch {

    /** How often it is to be asked at least. */
    static final Duration INTERVAL = Duration.ofSeconds(10);

    /** Less is a clock that is being corrected. */
    private static final Duration LEAST = Duration.ofSeconds(5);

    /** More is a clock that was set. */
    private static final Duration MOST = Duration.ofDays(30);

    private final Time time;
    private long lastNanos;
    private Instant lastDate;

    ClockWatch(Time time) {
        this.time = time;
        this.lastNanos = time.nanoTime();
        this.lastDate = time.instant();
    }

    /** How long the machine slept since this was last asked; zero if it did not. */
    Duration slept() {
        long nanos = time.nanoTime();
        Instant date = time.instant();
        Duration gap = Duration.between(lastDate, date).minusNanos(nanos - lastNanos);
        lastNanos = nanos;
        lastDate = date;
        return gap.compareTo(LEAST) < 0 || gap.compareTo(MOST) > 0 ? Duration.ZERO : gap;
    }
}
