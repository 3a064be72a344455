// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.time.Time;
import java.time.Instant;

/**
 * What time it is.
 *
 * @param nanos monotonic nanoseconds from an arbitrary origin; measures
 * @param date the date; only written down, and looked at once, when a lane is restored
 */
public record Moment(long nanos, Instant date) {

    /** What {@code time} says now. */
    public static Moment of(Time time) {
        return new Moment(time.nanoTime(), time.instant());
    }
}
