// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

import dev.holdfast.core.breaker.CircuitBreaker;
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
 * @param delay how long until the next attempt
 * @param breaker what the breaker of {@code next} is doing
 * @param way which way the next attempt goes
 * @param next whom it is for
 */
public record Delay(
        Failure failure, int attempt, Source source, Duration delay, CircuitBreaker.State breaker, Way way, URI next) {

    /** Where a delay can come from. */
    public enum Source {
        /** The policy for the cause. */
        BACKOFF,
        /** The server's word, and jitter on top of it. */
        SERVER,
        /** Every server's breaker is open, and none can be asked for its health. */
        BREAKER,
        /** It is not cut short: the server will not have this agent, unless a probe brings news before. */
        REJECTED
    }

    /** The line that explains it in a log. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "cause=%s attempt=%d delay=%s from=%s left=unlimited breaker=%s way=%s next=%s detail=\"%s\"",
                failure.cause(),
                attempt,
                seconds(delay),
                word(source),
                word(breaker),
                way,
                next,
                failure.detail());
    }

    /** A duration as seconds with three decimals, such as {@code 0.488s}. */
    public static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.3fs", duration.toNanos() / 1e9);
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
