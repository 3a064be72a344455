// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What of an agent's is asked for.
 *
 * @param path where it is found
 * @param lane only this one; null for all
 * @param since only what was stored since then; null for all
 * @param limit how many at most
 */
record EventQuery(
        String path,
        String agent,
        @Nullable String lane,
        @Nullable Instant since,
        long limit) {

    static final String EVENTS = "/api/events";

    static final String DROPS = "/api/drops";

    /** How many a server is asked for at once, at most. */
    private static final int PAGE = 500;

    /** The same of an agent. */
    EventQuery of(String uid) {
        return new EventQuery(path, uid, lane, since, limit);
    }

    /** Where the page is that goes on after an id. */
    String page(long after, long left) {
        return path + "?agent=" + agent + "&after=" + after + "&limit=" + Math.min(PAGE, left)
                + (lane == null ? "" : "&lane=" + URLEncoder.encode(lane, StandardCharsets.UTF_8))
                + (since == null ? "" : "&since=" + since);
    }
}
