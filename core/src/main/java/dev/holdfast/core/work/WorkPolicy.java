// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import java.time.Duration;

/**
 * How a queue treats its keys.
 *
 * @param backoff how long a key waits after each failure in a row
 * @param maxRetries how many times a key that failed is tried again before it is terminal; at least 0
 * @param capacity how many keys there may be: due, waiting, running and terminal together; at least 1
 * @param retriesPerSecond how many retries a second all keys together may make, beside each key's own backoff; a
 *     key whose backoff is over takes the next free place. More than 0, infinite for no limit
 * @param retryBurst how many of them may come at once; at least 1
 */
public record WorkPolicy(Backoff backoff, int maxRetries, int capacity, double retriesPerSecond, int retryBurst) {

    /** 1 s × 2 up to 60 s with equal jitter, 10 retries, 1,000,000 keys, no limit on all retries together. */
    public static final WorkPolicy DEFAULT = new WorkPolicy(
            Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(60))
                    .withJitter(Jitter.equal()),
            10,
            1_000_000,
            Double.POSITIVE_INFINITY,
            1);

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public WorkPolicy {
        requireAtLeast("maxRetries", maxRetries, 0);
        requireAtLeast("capacity", capacity, 1);
        requireAtLeast("retryBurst", retryBurst, 1);
        if (!(retriesPerSecond > 0)) {
            throw new IllegalArgumentException(
                    "retriesPerSecond: " + retriesPerSecond + " (expected: > 0, or infinity for no limit)");
        }
    }

    /** The same with another backoff. */
    public WorkPolicy withBackoff(Backoff backoff) {
        return new WorkPolicy(backoff, maxRetries, capacity, retriesPerSecond, retryBurst);
    }

    /** The same with another limit of retries. */
    public WorkPolicy withMaxRetries(int maxRetries) {
        return new WorkPolicy(backoff, maxRetries, capacity, retriesPerSecond, retryBurst);
    }

    /** The same with another capacity. */
    public WorkPolicy withCapacity(int capacity) {
        return new WorkPolicy(backoff, maxRetries, capacity, retriesPerSecond, retryBurst);
    }

    /** The same with another rate of retries. */
    public WorkPolicy withRetryRate(double retriesPerSecond, int retryBurst) {
        return new WorkPolicy(backoff, maxRetries, capacity, retriesPerSecond, retryBurst);
    }

    private static void requireAtLeast(String name, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= " + least + ")");
        }
    }
}
