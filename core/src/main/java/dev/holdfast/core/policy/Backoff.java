// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait after a failed attempt: a pure function of the attempt, the delay before it, and chance.
 *
 * <p>The <em>envelope</em> is the delay without jitter. The first {@link #fastAttempts} failures wait
 * {@link #fastDelay} each; after those the envelope of attempt {@code n} is
 *
 * <pre>{@code min(cap, initial × multiplier^(n − fastAttempts − 1))}</pre>
 *
 * <p>{@link Jitter} is then drawn around it. It is applied after the cap, so a delay may exceed the cap by the jitter's
 * width, and a fleet at the cap stays spread.
 *
 * <p>A <em>floor</em> is a delay that a server asked for. No delay undercuts it, and jitter only adds to it: where the
 * jitter's range would begin below the floor, the whole range is shifted up to begin there, so that those who were all
 * told the same floor still do not return together.
 *
 * <p>Worked example, the link's default {@link #LINK}: 3 × 500 ms, then 1 s × 2 up to 15 s, ± 25 %.
 *
 * <table>
 *   <caption>Delays after each failed attempt, in milliseconds</caption>
 *   <tr><th>attempt</th><th>envelope</th><th>least</th><th>most</th><th>with a floor of 10 s</th></tr>
 *   <tr><td>1</td><td>500</td><td>375</td><td>625</td><td>10000 to 15000</td></tr>
 *   <tr><td>2</td><td>500</td><td>375</td><td>625</td><td>10000 to 15000</td></tr>
 *   <tr><td>3</td><td>500</td><td>375</td><td>625</td><td>10000 to 15000</td></tr>
 *   <tr><td>4</td><td>1000</td><td>750</td><td>1250</td><td>10000 to 15000</td></tr>
 *   <tr><td>5</td><td>2000</td><td>1500</td><td>2500</td><td>10000 to 15000</td></tr>
 *   <tr><td>6</td><td>4000</td><td>3000</td><td>5000</td><td>10000 to 15000</td></tr>
 *   <tr><td>7</td><td>8000</td><td>6000</td><td>10000</td><td>10000 to 15000</td></tr>
 *   <tr><td>8</td><td>15000</td><td>11250</td><td>18750</td><td>11250 to 18750</td></tr>
 *   <tr><td>9</td><td>15000</td><td>11250</td><td>18750</td><td>11250 to 18750</td></tr>
 *   <tr><td>10</td><td>15000</td><td>11250</td><td>18750</td><td>11250 to 18750</td></tr>
 * </table>
 *
 * <p>Immutable; safe for use by any thread. Defined and free of overflow for every attempt from 1 to
 * {@link Integer#MAX_VALUE}.
 *
 * @param initial the envelope of the first attempt after the fast start; more than zero
 * @param multiplier what the envelope grows by from one attempt to the next; finite, at least 1
 * @param cap the largest envelope; at least {@code initial} and at most {@link #LONGEST}
 * @param jitter how delays are spread
 * @param fastAttempts how many attempts wait only {@code fastDelay}; at least 0
 * @param fastDelay the envelope of those attempts; more than zero if there are any, at most {@code cap}
 */
public record Backoff(
        Duration initial, double multiplier, Duration cap, Jitter jitter, int fastAttempts, Duration fastDelay) {

    /** The longest cap, and the longest floor that is told from a longer one: about 73 years. */
    public static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 4);

    /** The link's default: 3 × 500 ms, then 1 s × 2 up to 15 s, ± 25 %. */
    public static final Backoff LINK = exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(15))
            .withJitter(Jitter.proportional(0.25))
            .withFastStart(3, Duration.ofMillis(500));

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public Backoff {
        Durations.requirePositive("initial", initial);
        if (!(multiplier >= 1) || Double.isInfinite(multiplier)) {
            throw new IllegalArgumentException("multiplier: " + multiplier + " (expected: a finite number >= 1)");
        }
        if (cap.compareTo(initial) < 0 || cap.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "cap: " + cap + " (expected: >= initial, which is " + initial + ", and <= " + LONGEST + ")");
        }
        if (jitter instanceof Jitter.Decorrelated
                && (multiplier == 1 || cap.equals(initial) || (fastAttempts > 0 && fastDelay.equals(cap)))) {
            throw new IllegalArgumentException("jitter: decorrelated with multiplier " + multiplier + " and cap " + cap
                    + " (expected: multiplier > 1 and cap > initial and > fastDelay, or it has no room to spread)");
        }
        if (fastAttempts < 0) {
            throw new IllegalArgumentException("fastAttempts: " + fastAttempts + " (expected: >= 0)");
        }
        if (fastAttempts > 0) {
            Durations.requirePositive("fastDelay", fastDelay);
            if (fastDelay.compareTo(cap) > 0) {
                throw new IllegalArgumentException(
                        "fastDelay: " + fastDelay + " (expected: <= cap, which is " + cap + ")");
            }
        }
    }

    /** The same delay after every attempt, without jitter. */
    public static Backoff constant(Duration delay) {
        return exponential(delay, 1, delay);
    }

    /** Delays that grow by {@code multiplier} from {@code initial} up to {@code cap}, without jitter or fast start. */
    public static Backoff exponential(Duration initial, double multiplier, Duration cap) {
        return new Backoff(initial, multiplier, cap, Jitter.none(), 0, Duration.ZERO);
    }

    /** The same with {@code jitter}. */
    public Backoff withJitter(Jitter jitter) {
        return new Backoff(initial, multiplier, cap, jitter, fastAttempts, fastDelay);
    }

    /** The same with the first {@code attempts} failures waiting only {@code delay}. */
    public Backoff withFastStart(int attempts, Duration delay) {
        return new Backoff(initial, multiplier, cap, jitter, attempts, delay);
    }

    /**
     * The delay without jitter after the given attempt failed.
     *
     * @param attempt which attempt failed, from 1
     * @throws IllegalArgumentException if {@code attempt} is less than 1
     */
    public Duration envelope(int attempt) {
        return Duration.ofNanos(envelopeNanos(attempt));
    }

    /**
     * The delay after the given attempt failed.
     *
     * @param attempt which attempt failed, from 1
     * @param previous the delay before that attempt, zero before the first; only decorrelated jitter looks at it
     * @param chance where jitter is drawn from
     * @throws IllegalArgumentException if {@code attempt} is less than 1
     */
    public Duration delay(int attempt, Duration previous, RandomGenerator chance) {
        return delay(attempt, previous, Duration.ZERO, chance);
    }

    /**
     * The delay after the given attempt failed, where a server asked not to be tried again before {@code floor}.
     *
     * @param attempt which attempt failed, from 1
     * @param previous the delay before that attempt, zero before the first; only decorrelated jitter looks at it
     * @param floor never undercut; more than {@link #LONGEST} counts as that, zero or less as none
     * @param chance where jitter is drawn from
     * @throws IllegalArgumentException if {@code attempt} is less than 1
     */
    public Duration delay(int attempt, Duration previous, Duration floor, RandomGenerator chance) {
        long floorNanos = clampedNanos(floor);
        long base = Math.max(envelopeNanos(attempt), floorNanos);
        long low;
        long width;
        switch (jitter) {
            case Jitter.None none -> {
                low = base;
                width = 0;
            }
            case Jitter.Full full -> {
                low = 0;
                width = base;
            }
            case Jitter.Equal equal -> {
                low = base - base / 2;
                width = base / 2;
            }
            case Jitter.Proportional proportional -> {
                low = (long) (base * (1 - proportional.share()));
                width = (long) (base * 2 * proportional.share());
            }
            case Jitter.Decorrelated decorrelated -> {
                long start = attempt <= fastAttempts ? fastDelay.toNanos() : initial.toNanos();
                double grown = multiplier * Math.max(start, clampedNanos(previous));
                low = start;
                width = Math.min(cap.toNanos(), (long) grown) - start;
            }
        }
        long drawn = (long) (chance.nextDouble() * width);
        return Duration.ofNanos(Math.max(low, floorNanos) + drawn);
    }

    private long envelopeNanos(int attempt) {
        if (attempt < 1) {
            throw new IllegalArgumentException("attempt: " + attempt + " (expected: >= 1; attempts count from 1)");
        }
        if (attempt <= fastAttempts) {
            return fastDelay.toNanos();
        }
        // Past about 2^1024 the power is infinite, which the cap turns into the cap.
        double grown = initial.toNanos() * Math.pow(multiplier, attempt - (double) fastAttempts - 1);
        return grown < cap.toNanos() ? (long) grown : cap.toNanos();
    }

    private static long clampedNanos(Duration duration) {
        if (duration.compareTo(LONGEST) > 0) {
            return LONGEST.toNanos();
        }
        return duration.isNegative() ? 0 : duration.toNanos();
    }
}
