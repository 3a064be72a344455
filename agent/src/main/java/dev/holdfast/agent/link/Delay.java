// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.policy.Failure;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;

/**
 * Why a link waits, and for how long.
 *
 * @param failure what went wrong
 * @param attempt how many attempts have failed in a row, this one included
 * @param source where the delay came from
 * @param delay how long until the next dial
 * @param next whom the next dial is for
 */
public record Delay(Failure failure, int attempt, Source source, Duration delay, URI next) {

    /** Where a delay can come from. */
    public enum Source {
        /** The policy for the cause. */
        BACKOFF,
        /** The server's word, and jitter on top of it. */
        SERVER
    }

    /** The line that explains it in a log. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "cause=%s attempt=%d delay=%s from=%s left=unlimited next=%s detail=\"%s\"",
                failure.cause(),
                attempt,
                seconds(delay),
                source.name().toLowerCase(Locale.ROOT),
                next,
                failure.detail());
    }

    static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.3fs", duration.toNanos() / 1e9);
    }
}
