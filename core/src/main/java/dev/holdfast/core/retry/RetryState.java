// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Failure;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Where in a policy a call is: a pure stepper, for those who drive retries themselves.
 *
 * <pre>{@code
 * RetryState state = RetryState.begin(now);
 * // the attempt failed
 * switch (state.failed(policy, failure, now, chance)) {
 *     case RetryState.Again again -> // after again.delay() try again, and go on with again.state()
 *     case RetryState.GiveUp end -> // end.reason() says why
 * }
 * }</pre>
 *
 * @param attempt which attempt is under way, from 1; it is also how far up its ladder a failure is, whatever the causes
 *     of those before it were, so that changing causes never make a caller faster
 * @param begun when the first attempt began, in monotonic nanoseconds
 * @param previous the delay before this attempt; zero before the first
 */
public record RetryState(int attempt, long begun, Duration previous) {

    /** What follows a failed attempt. */
    public sealed interface Next {}

    /**
     * Another attempt.
     *
     * @param state to go on with
     * @param delay how long to wait before it
     * @param attemptsLeft how many there may be yet, it included; {@link Integer#MAX_VALUE} for no limit
     * @param timeLeft how long after it another one may yet begin; {@link Backoff#LONGEST} for no limit
     */
    public record Again(RetryState state, Duration delay, int attemptsLeft, Duration timeLeft) implements Next {}

    /**
     * No other attempt.
     *
     * @param reason why not
     */
    public record GiveUp(Reason reason) implements Next {}

    /** Why there is no other attempt. */
    public enum Reason {
        /** The failure's cause has no ladder. */
        NOT_RETRIED,
        /** There have been as many attempts as the policy allows. */
        ATTEMPTS,
        /** The next attempt would begin too late. */
        ELAPSED,
        /** The budget for retries is used up. */
        BUDGET
    }

    /** Before the first attempt. */
    public static RetryState begin(long now) {
        return new RetryState(1, now, Duration.ZERO);
    }

    /**
     * What follows the failure of the attempt under way.
     *
     * @param now in monotonic nanoseconds
     */
    public Next failed(RetryPolicy policy, Failure failure, long now, RandomGenerator chance) {
        Backoff ladder = policy.ladders().get(failure.cause());
        if (ladder == null) {
            return new GiveUp(Reason.NOT_RETRIED);
        }
        int most = policy.maxAttempts();
        boolean counted = most != Integer.MAX_VALUE;
        if (counted && attempt >= most) {
            return new GiveUp(Reason.ATTEMPTS);
        }
        Duration delay = ladder.delay(attempt, previous, failure.floor(), chance);
        Duration left = policy.maxElapsed();
        if (!left.equals(Backoff.LONGEST)) {
            left = left.minus(delay).minusNanos(now - begun);
            if (left.isNegative()) {
                return new GiveUp(Reason.ELAPSED);
            }
        }
        int next = attempt == Integer.MAX_VALUE ? attempt : attempt + 1;
        return new Again(new RetryState(next, begun, delay), delay, counted ? most - attempt : most, left);
    }
}
