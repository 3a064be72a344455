// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * How often, and how far apart, a call is made again. A value: any number of callers may share it.
 *
 * @param ladders the delays after a failure, by its cause; one that has none is not tried again
 * @param maxAttempts how many attempts there are at most, the first included; at least 1,
 *     {@link Integer#MAX_VALUE} for no limit
 * @param maxElapsed no attempt begins later than this after the first one; more than zero, {@link Backoff#LONGEST} for
 *     no limit
 */
public record RetryPolicy(Map<Cause, Backoff> ladders, int maxAttempts, Duration maxElapsed) {

    // Above what is made with it.
    private static final Set<Cause> OWN_FAULTS = Set.of(Cause.REJECTED, Cause.AUTH);

    /** How an agent checks in by default: 5 s × 2 up to 5 min, ± 25 %, 5 attempts a round. */
    public static final RetryPolicy CHECK_IN = of(Backoff.exponential(Duration.ofSeconds(5), 2, Duration.ofMinutes(5))
                    .withJitter(Jitter.proportional(0.25)))
            .withMaxAttempts(5);

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public RetryPolicy {
        ladders = Map.copyOf(ladders);
        if (maxAttempts < 1) {
            throw new IllegalArgumentException("maxAttempts: " + maxAttempts + " (expected: >= 1)");
        }
        Durations.requirePositive("maxElapsed", maxElapsed, Backoff.LONGEST);
    }

    /**
     * The same delays after every failure, without a limit. What the other side will not have however often it is asked
     * ({@link Cause#REJECTED}, {@link Cause#AUTH}) is not tried again.
     */
    public static RetryPolicy of(Backoff backoff) {
        Map<Cause, Backoff> ladders = new EnumMap<>(Cause.class);
        for (Cause cause : EnumSet.complementOf(EnumSet.copyOf(OWN_FAULTS))) {
            ladders.put(cause, backoff);
        }
        return new RetryPolicy(ladders, Integer.MAX_VALUE, Backoff.LONGEST);
    }

    /** The same with other delays after failures with {@code cause}. */
    public RetryPolicy withLadder(Cause cause, Backoff backoff) {
        Map<Cause, Backoff> changed = new EnumMap<>(Cause.class);
        changed.putAll(ladders);
        changed.put(cause, backoff);
        return new RetryPolicy(changed, maxAttempts, maxElapsed);
    }

    /** The same, with no further attempt after a failure with {@code cause}. */
    public RetryPolicy withoutRetry(Cause cause) {
        Map<Cause, Backoff> changed = new EnumMap<>(Cause.class);
        changed.putAll(ladders);
        changed.remove(cause);
        return new RetryPolicy(changed, maxAttempts, maxElapsed);
    }

    /** The same with another limit of attempts. */
    public RetryPolicy withMaxAttempts(int maxAttempts) {
        return new RetryPolicy(ladders, maxAttempts, maxElapsed);
    }

    /** The same with another limit of time. */
    public RetryPolicy withMaxElapsed(Duration maxElapsed) {
        return new RetryPolicy(ladders, maxAttempts, maxElapsed);
    }
}
