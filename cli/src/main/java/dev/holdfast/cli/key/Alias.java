// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.cli.value.Type;
import dev.holdfast.cli.value.Types;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A name that the configuration of another system has for one of an agent's keys, so that such a file is taken as it
 * is.
 *
 * @param name words joined by dots, as in a file
 * @param key what it is read as; null for a name whose only value that is taken is what holds anyway
 * @param reading from what was written to what the key takes
 */
public record Alias(String name, @Nullable Key<?> key, Type<String> reading) {

    private static final Type<String> SECONDS = Types.countOf(Duration.ofSeconds(1), "seconds");
    private static final Type<String> MINUTES = Types.countOf(Duration.ofMinutes(1), "minutes");

    /** Those of the policy of a check-in, which here is polling, and of a reconnect over WebSocket. */
    public static final List<Alias> ALL = List.of(
            same("resilience.max_retries", LinkKeys.POLLING_TRIES),
            new Alias("resilience.initial_delay_seconds", LinkKeys.POLLING_INITIAL_DELAY, SECONDS),
            new Alias("resilience.max_delay_minutes", LinkKeys.POLLING_MAX_DELAY, MINUTES),
            same("resilience.backoff_factor", LinkKeys.POLLING_MULTIPLIER),
            same("resilience.circuit_breaker_threshold", LinkKeys.POLLING_BREAKER_FAILURES),
            new Alias("resilience.circuit_breaker_timeout_minutes", LinkKeys.POLLING_BREAKER_OPEN, MINUTES),
            same("pipeops.reconnect.initial_delay", AgentKeys.INITIAL_DELAY),
            same("pipeops.reconnect.max_delay", AgentKeys.MAX_DELAY),
            same("pipeops.reconnect.multiplier", AgentKeys.MULTIPLIER),
            same("pipeops.reconnect.fast_retry_count", AgentKeys.FAST_ATTEMPTS),
            new Alias(
                    "pipeops.reconnect.max_attempts",
                    null,
                    Types.only(
                            "0",
                            "0, which is no limit: an agent never gives up for good; leave it out, and set"
                                    + " reconnect.max_delay for how rarely it may try")));

    private static Alias same(String name, Key<?> key) {
        return new Alias(name, key, Types.TEXT);
    }

    /** What it is read as, in words. */
    public String meaning() {
        return key == null ? "what holds anyway" : key.name();
    }
}
