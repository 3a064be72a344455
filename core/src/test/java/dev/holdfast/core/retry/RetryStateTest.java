// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.Jitter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetryStateTest {

    private static final RandomGenerator LEAST = () -> 0L;
    private static final RandomGenerator MOST = () -> -1L;
    private static final Failure REFUSED = Failure.of(Cause.NETWORK, "Connection refused");

    @Test
    void theCheckInTriesFiveTimesARound() {
        assertThat(seconds(RetryPolicy.CHECK_IN, LEAST, 9)).containsExactly(3.75, 7.5, 15.0, 30.0);
        assertThat(seconds(RetryPolicy.CHECK_IN, MOST, 9)).containsExactly(6.25, 12.5, 25.0, 50.0);
        Backoff ladder = Objects.requireNonNull(RetryPolicy.CHECK_IN.ladders().get(Cause.NETWORK));
        assertThat(seconds(RetryPolicy.of(ladder.withJitter(Jitter.none())), LEAST, 8))
                .containsExactly(5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0);
    }

    @Test
    void theWorkLadderDoublesUpToAMinute() {
        RetryPolicy work = RetryPolicy.of(Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(60)))
                .withMaxAttempts(11);
        assertThat(seconds(work, LEAST, 99)).containsExactly(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0);
    }

    @Test
    void theLinkStartsFastAndThenDoublesUpToFifteenSeconds() {
        RetryPolicy link = RetryPolicy.of(Backoff.LINK);
        assertThat(seconds(link, LEAST, 9)).containsExactly(.375, .375, .375, .75, 1.5, 3.0, 6.0, 11.25, 11.25);
        assertThat(seconds(link, MOST, 9)).containsExactly(.625, .625, .625, 1.25, 2.5, 5.0, 10.0, 18.75, 18.75);
    }

    @Test
    void theOutboxDoublesUpToHalfAMinute() {
        RetryPolicy outbox = RetryPolicy.of(Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(30)));
        assertThat(seconds(outbox, LEAST, 7)).containsExactly(1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20261122, -7})
    void theLawsHoldForAnyPolicy(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        for (int round = 0; round < 500; round++) {
            RetryPolicy policy = anyPolicy(chance);
            long begun = chance.nextLong();
            long now = begun;
            RetryState state = RetryState.begin(now);
            for (int attempt = 1; ; attempt++) {
                now += chance.nextLong(Duration.ofSeconds(5).toNanos());
                Failure failure = anyFailure(chance);
                SplittableRandom drawn = chance.split();
                SplittableRandom again = drawn.split();
                long replay = again.nextLong();
                String run = "seed %s round %s attempt %s: %s %s".formatted(seed, round, attempt, policy, failure);
                RetryState.Next next = state.failed(policy, failure, now, new SplittableRandom(replay));
                assertThat(state.failed(policy, failure, now, new SplittableRandom(replay)))
                        .as("pure: %s", run)
                        .isEqualTo(next);
                assertThat(state.attempt()).as(run).isEqualTo(attempt);
                if (!(next instanceof RetryState.Again more) || attempt == 40) {
                    break;
                }
                checkLaws(run, policy, failure, attempt, now - begun, state.previous(), more);
                now += more.delay().toNanos();
                state = more.state();
            }
        }
    }

    private static void checkLaws(
            String run,
            RetryPolicy policy,
            Failure failure,
            int attempt,
            long elapsed,
            Duration previous,
            RetryState.Again more) {
        assertThat(policy.ladders()).as(run).containsKey(failure.cause());
        Backoff ladder = Objects.requireNonNull(policy.ladders().get(failure.cause()));
        Duration delay = more.delay();
        assertThat(attempt).as(run).isLessThan(policy.maxAttempts());
        assertThat(more.attemptsLeft()).as(run).isEqualTo(policy.maxAttempts() - attempt);
        assertThat(delay).as(run).isGreaterThanOrEqualTo(failure.floor());
        Duration at = Duration.ofNanos(elapsed).plus(delay);
        assertThat(at).as(run).isLessThanOrEqualTo(policy.maxElapsed());
        assertThat(more.timeLeft()).as(run).isEqualTo(policy.maxElapsed().minus(at));
        assertThat(delay)
                .as(run)
                .isBetween(
                        ladder.delay(attempt, previous, failure.floor(), LEAST),
                        ladder.delay(attempt, previous, failure.floor(), MOST));
    }

    @Test
    void eachCauseHasItsLadderAndChangingCausesNeverMakesACallerFaster() {
        RetryPolicy policy = RetryPolicy.of(Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(60)))
                .withLadder(Cause.AUTH, Backoff.constant(Duration.ofMillis(1)))
                .withLadder(Cause.OVERLOAD, Backoff.exponential(Duration.ofSeconds(10), 2, Duration.ofMinutes(5)))
                .withoutRetry(Cause.PROTOCOL);
        RetryState state = RetryState.begin(0);
        RetryState.Again auth = again(state, policy, Failure.of(Cause.AUTH, "401"));
        assertThat(auth.delay()).isEqualTo(Duration.ofMillis(1));
        RetryState.Again network = again(auth.state(), policy, REFUSED);
        assertThat(network.delay()).isEqualTo(Duration.ofSeconds(2));
        assertThat(again(network.state(), policy, Failure.of(Cause.OVERLOAD, "503"))
                        .delay())
                .isEqualTo(Duration.ofSeconds(40));
        assertThat(state.failed(policy, Failure.of(Cause.PROTOCOL, "garbage"), 0, LEAST))
                .isEqualTo(new RetryState.GiveUp(RetryState.Reason.NOT_RETRIED));
        assertThat(state.failed(policy, Failure.of(Cause.REJECTED, "404"), 0, LEAST))
                .isEqualTo(new RetryState.GiveUp(RetryState.Reason.NOT_RETRIED));
    }

    @Test
    void anAttemptMayBeginAtTheLimitButNoLater() {
        RetryPolicy policy =
                RetryPolicy.of(Backoff.constant(Duration.ofSeconds(4))).withMaxElapsed(Duration.ofSeconds(10));
        long six = Duration.ofSeconds(6).toNanos();
        RetryState state = RetryState.begin(-1);
        assertThat(state.failed(policy, REFUSED, six - 1, LEAST)).isInstanceOf(RetryState.Again.class);
        assertThat(state.failed(policy, REFUSED, six, LEAST))
                .isEqualTo(new RetryState.GiveUp(RetryState.Reason.ELAPSED));
    }

    @Test
    void withoutLimitsItGoesOnForEver() {
        RetryPolicy policy = RetryPolicy.of(Backoff.constant(Duration.ofSeconds(4)));
        RetryState late = new RetryState(Integer.MAX_VALUE, 0, Duration.ZERO);
        RetryState.Again more = again(late, policy, new Failure(Cause.OVERLOAD, Backoff.LONGEST, "a long time"));
        assertThat(more.state().attempt()).isEqualTo(Integer.MAX_VALUE);
        assertThat(more.attemptsLeft()).isEqualTo(Integer.MAX_VALUE);
        assertThat(more.timeLeft()).isEqualTo(Backoff.LONGEST);
    }

    @Test
    void whatIsOutOfRangeIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryPolicy.CHECK_IN.withMaxAttempts(0))
                .withMessage("maxAttempts: 0 (expected: >= 1)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryPolicy.CHECK_IN.withMaxElapsed(Duration.ZERO))
                .withMessageStartingWith("maxElapsed: PT0S (expected: a duration > 0s");
    }

    private static RetryState.Again again(RetryState state, RetryPolicy policy, Failure failure) {
        return (RetryState.Again) state.failed(policy, failure, 0, LEAST);
    }

    /** The delays after attempts that all fail, at most {@code most} of them, to the millisecond. */
    private static List<Double> seconds(RetryPolicy policy, RandomGenerator chance, int most) {
        List<Double> delays = new ArrayList<>();
        RetryState state = RetryState.begin(0);
        while (delays.size() < most && state.failed(policy, REFUSED, 0, chance) instanceof RetryState.Again more) {
            delays.add(Math.round(more.delay().toNanos() / 1e6) / 1e3);
            state = more.state();
        }
        return delays;
    }

    private static RetryPolicy anyPolicy(SplittableRandom chance) {
        Jitter[] jitters = {
            Jitter.none(), Jitter.full(), Jitter.equal(), Jitter.decorrelated(), Jitter.proportional(0.25)
        };
        Map<Cause, Backoff> ladders = new EnumMap<>(Cause.class);
        for (Cause cause : Cause.values()) {
            if (chance.nextInt(10) > 0) {
                Duration initial = Duration.ofMillis(1 + chance.nextInt(5_000));
                Backoff ladder = Backoff.exponential(initial, 1.5 + chance.nextDouble(), initial.multipliedBy(20))
                        .withJitter(jitters[chance.nextInt(jitters.length)]);
                ladders.put(cause, chance.nextBoolean() ? ladder : ladder.withFastStart(2, initial));
            }
        }
        return new RetryPolicy(ladders, 1 + chance.nextInt(30), Duration.ofMillis(1 + chance.nextInt(600_000)));
    }

    private static Failure anyFailure(SplittableRandom chance) {
        List<Cause> causes = List.of(Cause.values());
        Cause cause = causes.get(chance.nextInt(causes.size()));
        Duration asked = chance.nextInt(3) == 0 ? Duration.ofMillis(chance.nextInt(30_000)) : null;
        return new Failure(cause, asked, "drawn");
    }
}
