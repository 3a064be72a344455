// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.metrics;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How much of the time an agent counted as there: attached, or gone for no longer than is allowed. Of a longer gap, the
 * time beyond what is allowed counts as missed. Times are monotonic nanoseconds. Immutable.
 *
 * @param start when it began
 * @param allowed how long a gap counts as none, in nanoseconds
 * @param downSince when the gap began that lasts; null while attached
 * @param missed the nanoseconds that gaps before took beyond what is allowed
 */
record Uptime(long start, long allowed, @Nullable Long downSince, long missed) {

    /** An agent that has just started, and is not attached yet. */
    static Uptime start(long now, Duration allowed) {
        return new Uptime(now, allowed.toNanos(), now, 0);
    }

    /** The same once the link is attached; it may be already. */
    Uptime attached(long now) {
        return new Uptime(start, allowed, null, missed(now));
    }

    /** The same once the link is lost; it may be already. */
    Uptime lost(long now) {
        return downSince == null ? new Uptime(start, allowed, now, missed) : this;
    }

    /** How long the gap has lasted that there is, in nanoseconds; 0 while attached. */
    long down(long now) {
        return downSince == null ? 0 : now - downSince;
    }

    /** From 0 to 1; an instant after the start it is 1. */
    double share(long now) {
        long total = now - start;
        return total <= 0 ? 1 : 1 - (double) missed(now) / total;
    }

    private long missed(long now) {
        return missed + Math.max(0, down(now) - allowed);
    }
}
