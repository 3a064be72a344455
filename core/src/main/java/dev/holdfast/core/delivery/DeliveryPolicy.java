// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import java.time.Duration;
import java.util.Map;

/**
 * How an outbox is emptied.
 *
 * @param backoff how long a lane waits after each failed delivery in a row, counted from its end
 * @param maxAttempts how many failed deliveries make a record a dead letter; at least 1
 * @param maxAttemptsOf the same for single lanes, by name
 * @param permanentAttempts how many times a record that the server will never take is refused alone before it is a dead
 *     letter; at least 1
 * @param countUnreachable whether being unable to reach the server, or to get an answer, counts as an attempt. A record
 *     given up on so may have reached the server none the less
 * @param window how many batches of a lane may be unanswered; at least 1. After a failure it is one until a batch is
 *     taken
 * @param batchItems how many records and gaps a batch has, at most; at least 1
 * @param batchBytes how large a batch is, at most, unless it is one record; at least 1. It is halved,
 *     down to 8 KiB, each time that a link breaks or an answer fails to come while a batch of about that size is under
 *     way, and doubled again with each that is taken
 * @param answerTimeout how long an answer may take; more than zero
 * @param maxBytesInFlight how much of all lanes together is read and unanswered, at most, unless it is one batch alone;
 *     at least {@code batchBytes}
 * @param maxRetryAfter what longer wishes of a server count as; more than zero, at most {@link Backoff#LONGEST}
 */
public record DeliveryPolicy(
        Backoff backoff,
        int maxAttempts,
        Map<String, Integer> maxAttemptsOf,
        int permanentAttempts,
        boolean countUnreachable,
        int window,
        int batchItems,
        long batchBytes,
        Duration answerTimeout,
        long maxBytesInFlight,
        Duration maxRetryAfter) {

    /**
     * 1 s × 2 up to 30 s, ± 25 %; 100 attempts, 1 where refused for good; one batch a lane in flight, of 500 items and
     * 256 KiB; answers within 30 s; 1 MiB in flight; a server's wishes up to 1 h.
     */
    public static final DeliveryPolicy DEFAULT = new DeliveryPolicy(
            Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(30))
                    .withJitter(Jitter.proportional(0.25)),
            100,
            Map.of(),
            1,
            false,
            1,
            500,
            256 * 1024,
            Duration.ofSeconds(30),
            1024 * 1024,
            Duration.ofHours(1));

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public DeliveryPolicy {
        requireAtLeast("maxAttempts", maxAttempts, 1);
        maxAttemptsOf = Map.copyOf(maxAttemptsOf);
        maxAttemptsOf.forEach((lane, most) -> requireAtLeast("maxAttemptsOf." + lane, most, 1));
        requireAtLeast("permanentAttempts", permanentAttempts, 1);
        requireAtLeast("window", window, 1);
        requireAtLeast("batchItems", batchItems, 1);
        requireAtLeast("batchBytes", batchBytes, 1);
        requirePositive("answerTimeout", answerTimeout);
        if (maxBytesInFlight < batchBytes) {
            throw new IllegalArgumentException("maxBytesInFlight: " + maxBytesInFlight
                    + " (expected: >= batchBytes, which is " + batchBytes + ")");
        }
        requirePositive("maxRetryAfter", maxRetryAfter);
    }

    /** How many failed deliveries make a record of {@code lane} a dead letter. */
    public int maxAttempts(String lane) {
        return maxAttemptsOf.getOrDefault(lane, maxAttempts);
    }

    /** The same with another backoff. */
    public DeliveryPolicy withBackoff(Backoff backoff) {
        return new DeliveryPolicy(
                backoff,
                maxAttempts,
                maxAttemptsOf,
                permanentAttempts,
                countUnreachable,
                window,
                batchItems,
                batchBytes,
                answerTimeout,
                maxBytesInFlight,
                maxRetryAfter);
    }

    /** The same with other limits of attempts. */
    public DeliveryPolicy withAttempts(int maxAttempts, Map<String, Integer> maxAttemptsOf, int permanentAttempts) {
        return new DeliveryPolicy(
                backoff,
                maxAttempts,
                maxAttemptsOf,
                permanentAttempts,
                countUnreachable,
                window,
                batchItems,
                batchBytes,
                answerTimeout,
                maxBytesInFlight,
                maxRetryAfter);
    }

    /** The same, where being unable to reach the server counts as an attempt or does not. */
    public DeliveryPolicy withCountUnreachable(boolean countUnreachable) {
        return new DeliveryPolicy(
                backoff,
                maxAttempts,
                maxAttemptsOf,
                permanentAttempts,
                countUnreachable,
                window,
                batchItems,
                batchBytes,
                answerTimeout,
                maxBytesInFlight,
                maxRetryAfter);
    }

    /** The same with other bounds on what is in flight. */
    public DeliveryPolicy withFlight(int window, int batchItems, long batchBytes, long maxBytesInFlight) {
        return new DeliveryPolicy(
                backoff,
                maxAttempts,
                maxAttemptsOf,
                permanentAttempts,
                countUnreachable,
                window,
                batchItems,
                batchBytes,
                answerTimeout,
                maxBytesInFlight,
                maxRetryAfter);
    }

    /** The same with another time for answers, and another bound on a server's wishes. */
    public DeliveryPolicy withTimes(Duration answerTimeout, Duration maxRetryAfter) {
        return new DeliveryPolicy(
                backoff,
                maxAttempts,
                maxAttemptsOf,
                permanentAttempts,
                countUnreachable,
                window,
                batchItems,
                batchBytes,
                answerTimeout,
                maxBytesInFlight,
                maxRetryAfter);
    }

    private static void requireAtLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= " + least + ")");
        }
    }

    private static void requirePositive(String name, Duration value) {
        if (!value.isPositive() || value.compareTo(Backoff.LONGEST) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: a duration > 0s, such as PT30S)");
        }
    }
}
