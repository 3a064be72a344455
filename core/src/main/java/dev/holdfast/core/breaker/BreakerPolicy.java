// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.Set;

/**
 * When a {@link CircuitBreaker} trips, for how long, and what closes it again. A value: any number of breakers may
 * share it.
 *
 * @param trip what makes it trip
 * @param slowCall a call that takes at least this long counts as failed, however it went; zero: none does
 * @param openTime how long it stays open: the n-th delay if it was half-open and failed n − 1 times in between; never
 *     less than the other side asked for in a {@link Permit#failure(dev.holdfast.core.policy.Failure) failure}
 * @param trials how many calls decide, while it is half-open, whether it closes; at least 1
 * @param successes how many of those must go well; from 1 to {@code trials}. It opens again as soon as so many can no
 *     longer be reached
 * @param trialTimeout after how long a trial that nobody settled is taken for abandoned, and its place is given to
 *     another; more than zero
 * @param ramp how long after its trials went well it still holds back calls: it lets a tenth through at first and
 *     all at the end, more and more in between; zero: it lets all through at once
 * @param ignored failures with these causes say nothing about the other side; see {@link CircuitBreaker#call}
 */
public record BreakerPolicy(
        Trip trip,
        Duration slowCall,
        Backoff openTime,
        int trials,
        int successes,
        Duration trialTimeout,
        Duration ramp,
        Set<Cause> ignored) {

    /** A place that nobody settled is free again after this long: {@value} s. */
    private static final int TRIAL_TIMEOUT_SECONDS = 60;

    /** How an agent's link breaks by default: 10 failures within 5 min open it for 60 s ± 10 %. */
    public static final BreakerPolicy LINK =
            of(Trip.within(10, Duration.ofMinutes(5)), Duration.ofSeconds(60)).withIgnored(Set.of());

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public BreakerPolicy {
        requireZeroOrMore("slowCall", slowCall);
        requireZeroOrMore("ramp", ramp);
        Durations.requirePositive("trialTimeout", trialTimeout, Backoff.LONGEST);
        if (trials < 1) {
            throw new IllegalArgumentException("trials: " + trials + " (expected: >= 1)");
        }
        if (successes < 1 || successes > trials) {
            throw new IllegalArgumentException(
                    "successes: " + successes + " (expected: 1 to trials, which is " + trials + ")");
        }
        ignored = Set.copyOf(ignored);
    }

    /**
     * A policy whose one trial decides, without a ramp and with no call slow. What the other side rejects by no fault
     * of its own ({@link Cause#REJECTED}, {@link Cause#AUTH}) is ignored.
     *
     * @param trip what makes it trip
     * @param openTime how long it stays open, ± 10 %; more than zero
     * @throws IllegalArgumentException if {@code openTime} is out of its range
     */
    public static BreakerPolicy of(Trip trip, Duration openTime) {
        return new BreakerPolicy(
                trip,
                Duration.ZERO,
                Backoff.constant(openTime).withJitter(Jitter.proportional(0.1)),
                1,
                1,
                Duration.ofSeconds(TRIAL_TIMEOUT_SECONDS),
                Duration.ZERO,
                Set.of(Cause.REJECTED, Cause.AUTH));
    }

    /** The same with calls of {@code slowCall} and more counted as failed. */
    public BreakerPolicy withSlowCall(Duration slowCall) {
        return new BreakerPolicy(trip, slowCall, openTime, trials, successes, trialTimeout, ramp, ignored);
    }

    /** The same with another open time. */
    public BreakerPolicy withOpenTime(Backoff openTime) {
        return new BreakerPolicy(trip, slowCall, openTime, trials, successes, trialTimeout, ramp, ignored);
    }

    /** The same with other trials. */
    public BreakerPolicy withTrials(int trials, int successes, Duration trialTimeout) {
        return new BreakerPolicy(trip, slowCall, openTime, trials, successes, trialTimeout, ramp, ignored);
    }

    /** The same with a ramp. */
    public BreakerPolicy withRamp(Duration ramp) {
        return new BreakerPolicy(trip, slowCall, openTime, trials, successes, trialTimeout, ramp, ignored);
    }

    /** The same with other causes ignored. */
    public BreakerPolicy withIgnored(Set<Cause> ignored) {
        return new BreakerPolicy(trip, slowCall, openTime, trials, successes, trialTimeout, ramp, ignored);
    }

    private static void requireZeroOrMore(String name, Duration value) {
        if (value.isNegative() || value.compareTo(Backoff.LONGEST) > 0) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: 0s for none, at most " + Backoff.LONGEST + ")");
        }
    }
}
