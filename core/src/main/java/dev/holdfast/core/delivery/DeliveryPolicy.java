// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.Map;

/**
 * How an outbox is emptied.
 *
 * @param backoff how long a lane waits after each failed delivery in a row, counted from its end
 * @param attempts when a record is given up on
 * @param flight how much is under way at a time
 * @param answerTimeout how long an answer may take, from when a batch was sent or the one before it was answered; more
 *     than zero
 * @param maxRetryAfter what longer wishes of a server count as; more than zero, at most {@link Backoff#LONGEST}
 */
public record DeliveryPolicy(
        Backoff backoff, AttemptLimits attempts, Flight flight, Duration answerTimeout, Duration maxRetryAfter) {

    /**
     * 1 s × 2 up to 30 s, ± 25 %; the defaults of {@link AttemptLimits} and {@link Flight}; answers within 30 s; a
     * server's wishes up to 1 h.
     */
    public static final DeliveryPolicy DEFAULT = new DeliveryPolicy(
            Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(30))
                    .withJitter(Jitter.proportional(0.25)),
            AttemptLimits.DEFAULT,
            Flight.DEFAULT,
            Duration.ofSeconds(30),
            Duration.ofHours(1));

    /**
     * When a record becomes a dead letter.
     *
     * @param max after how many failed deliveries; at least 1
     * @param maxOf the same for single lanes, by name
     * @param permanent after how many times that the server refused it alone, and for good; at least 1
     * @param countUnreachable whether being unable to reach the server, or to get an answer, counts as an attempt. A
     *     record given up on so may have reached the server none the less
     */
    public record AttemptLimits(int max, Map<String, Integer> maxOf, int permanent, boolean countUnreachable) {

        /** 100 attempts, 10 of a system event, which is in lane {@code system}; 1 where refused for good. */
        public static final AttemptLimits DEFAULT = new AttemptLimits(100, Map.of("system", 10), 1, false);

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public AttemptLimits {
            requireAtLeast("attempts.max", max, 1);
            maxOf = Map.copyOf(maxOf);
            maxOf.forEach((lane, most) -> requireAtLeast("attempts.maxOf." + lane, most, 1));
            requireAtLeast("attempts.permanent", permanent, 1);
        }

        /** How many failed deliveries make a record of {@code lane} a dead letter. */
        public int max(String lane) {
            return maxOf.getOrDefault(lane, max);
        }

        /** The same, where being unable to reach the server counts as an attempt or does not. */
        public AttemptLimits withCountUnreachable(boolean counts) {
            return new AttemptLimits(max, maxOf, permanent, counts);
        }
    }

    /**
     * How much is under way at a time.
     *
     * @param window how many batches of a lane may be unanswered; at least 1. After a failure it is one until a batch
     *     is taken, and as long as the server asks for time between batches
     * @param batchItems how many records and gaps a batch has, at most; at least 1
     * @param batchBytes how large a batch is, at most, unless it is one record; at least 1. It is halved, down to 8
     *     KiB, each time that a link breaks or an answer fails to come while a batch of about that size is under way,
     *     and doubled again with each that is taken
     * @param maxBytes how much of all lanes together is read and unanswered, at most, unless it is one batch alone; at
     *     least {@code batchBytes}
     */
    public record Flight(int window, int batchItems, long batchBytes, long maxBytes) {

        /** One batch a lane, of 500 items and 256 KiB; 1 MiB of all lanes. */
        public static final Flight DEFAULT = new Flight(1, 500, 256 * 1024, 1024 * 1024);

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Flight {
            requireAtLeast("flight.window", window, 1);
            requireAtLeast("flight.batchItems", batchItems, 1);
            requireAtLeast("flight.batchBytes", batchBytes, 1);
            if (maxBytes < batchBytes) {
                throw new IllegalArgumentException(
                        "flight.maxBytes: " + maxBytes + " (expected: >= batchBytes, which is " + batchBytes + ")");
            }
        }
    }

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public DeliveryPolicy {
        Durations.requirePositive("answerTimeout", answerTimeout, Backoff.LONGEST);
        Durations.requirePositive("maxRetryAfter", maxRetryAfter, Backoff.LONGEST);
    }

    /** The same with another backoff. */
    public DeliveryPolicy withBackoff(Backoff other) {
        return new DeliveryPolicy(other, attempts, flight, answerTimeout, maxRetryAfter);
    }

    /** The same with other limits of attempts. */
    public DeliveryPolicy withAttempts(AttemptLimits other) {
        return new DeliveryPolicy(backoff, other, flight, answerTimeout, maxRetryAfter);
    }

    /** The same with other bounds on what is in flight. */
    public DeliveryPolicy withFlight(Flight other) {
        return new DeliveryPolicy(backoff, attempts, other, answerTimeout, maxRetryAfter);
    }

    /** The same with another time for answers, and another bound on a server's wishes. */
    public DeliveryPolicy withTimes(Duration answerTimeout, Duration maxRetryAfter) {
        return new DeliveryPolicy(backoff, attempts, flight, answerTimeout, maxRetryAfter);
    }

    private static void requireAtLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= " + least + ")");
        }
    }
}
