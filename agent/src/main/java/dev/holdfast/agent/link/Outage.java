// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.Route;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How long a link has been gone, and what it took. Belongs to one {@link LinkMachine}. */
final class Outage {

    private @Nullable Long since;
    private int failures;

    /** The link is not there; without effect if that was known. */
    void begin(long now) {
        since = since == null ? Long.valueOf(now) : since;
    }

    /** An attempt failed. */
    void failed() {
        failures = failures == Integer.MAX_VALUE ? failures : failures + 1;
    }

    /** The link is there. */
    Recovery end(Route route, long now) {
        Duration down = Duration.ofNanos(since == null ? 0 : now - since);
        Recovery recovery = new Recovery(route.server(), route.way(), down, failures, route.attached(now));
        since = null;
        failures = 0;
        return recovery;
    }
}
