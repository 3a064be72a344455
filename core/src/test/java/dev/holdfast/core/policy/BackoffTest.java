// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BackoffTest {

    private static final RandomGenerator LEAST = () -> 0L;
    private static final RandomGenerator MOST = () -> -1L;
    private static final Duration NONE = Duration.ZERO;

    @ParameterizedTest
    @CsvSource({
        "1, 500, 375, 625, 10000, 15000",
        "2, 500, 375, 625, 10000, 15000",
        "3, 500, 375, 625, 10000, 15000",
        "4, 1000, 750, 1250, 10000, 15000",
        "5, 2000, 1500, 2500, 10000, 15000",
        "6, 4000, 3000, 5000, 10000, 15000",
        "7, 8000, 6000, 10000, 10000, 15000",
        "8, 15000, 11250, 18750, 11250, 18750",
        "9, 15000, 11250, 18750, 11250, 18750",
        "10, 15000, 11250, 18750, 11250, 18750",
    })
    void theWorkedTableOfTheJavadocHolds(
            int attempt, long envelope, long least, long most, long leastWithFloor, long mostWithFloor) {
        Duration floor = Duration.ofSeconds(10);
        assertThat(Backoff.LINK.envelope(attempt)).isEqualTo(Duration.ofMillis(envelope));
        assertThat(Backoff.LINK.delay(attempt, NONE, LEAST)).isEqualTo(Duration.ofMillis(least));
        assertThat(Backoff.LINK.delay(attempt, NONE, MOST)).isBetween(ms(most).minusNanos(9), ms(most));
        assertThat(Backoff.LINK.delay(attempt, NONE, floor, LEAST)).isEqualTo(ms(leastWithFloor));
        assertThat(Backoff.LINK.delay(attempt, NONE, floor, MOST))
                .isBetween(ms(mostWithFloor).minusNanos(9), ms(mostWithFloor));
    }

    @Test
    void theSchedulesInUseElsewhereComeOutAsWritten() {
        Backoff checkIn = Backoff.exponential(Duration.ofSeconds(5), 2, Duration.ofMinutes(5));
        assertThat(envelopes(checkIn, 8)).containsExactly(5L, 10L, 20L, 40L, 80L, 160L, 300L, 300L);
        Backoff work = Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(60));
        assertThat(envelopes(work, 8)).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L);
        Backoff outbox = Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(30));
        assertThat(envelopes(outbox, 7)).containsExactly(1L, 2L, 4L, 8L, 16L, 30L, 30L);
    }

    @Test
    void everyJitterKeepsItsWidthAtTheCap() {
        Backoff plain = Backoff.exponential(Duration.ofSeconds(1), 3, Duration.ofSeconds(60));
        for (Jitter jitter : List.of(Jitter.full(), Jitter.equal(), Jitter.proportional(0.25), Jitter.decorrelated())) {
            Backoff backoff = plain.withJitter(jitter);
            for (int attempt : new int[] {20, 64, 65, 1025, Integer.MAX_VALUE}) {
                Duration least = backoff.delay(attempt, Duration.ofSeconds(60), LEAST);
                Duration most = backoff.delay(attempt, Duration.ofSeconds(60), MOST);
                assertThat(most.minus(least))
                        .as("%s at attempt %s", jitter, attempt)
                        .isGreaterThan(Duration.ofSeconds(29));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20261122, -7})
    void theLawsHoldForAnyPolicy(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        for (int round = 0; round < 4_000; round++) {
            Backoff backoff = anyBackoff(chance);
            int attempt = anyAttempt(chance);
            Duration previous = Duration.ofNanos(chance.nextLong(backoff.cap().toNanos()));
            Duration floor = chance.nextBoolean() ? NONE : Duration.ofNanos(chance.nextLong(Long.MAX_VALUE));
            String run = "seed %s round %s: %s attempt %s previous %s floor %s"
                    .formatted(seed, round, backoff, attempt, previous, floor);

            Duration delay = backoff.delay(attempt, previous, floor, chance);
            Duration reached = floor.compareTo(Backoff.LONGEST) > 0 ? Backoff.LONGEST : floor;
            assertThat(delay).as(run).isGreaterThanOrEqualTo(reached);
            assertThat(delay)
                    .as(run)
                    .isLessThanOrEqualTo(max(backoff.cap(), reached).multipliedBy(3));
            assertThat(backoff.envelope(attempt)).as(run).isLessThanOrEqualTo(backoff.cap());
            if (attempt > backoff.fastAttempts() && attempt < Integer.MAX_VALUE) {
                assertThat(backoff.envelope(attempt + 1)).as(run).isGreaterThanOrEqualTo(backoff.envelope(attempt));
            }
        }
    }

    @Test
    void thoseWhoAreToldTheSameFloorDoNotReturnTogether() {
        SplittableRandom chance = new SplittableRandom(5);
        Duration floor = Duration.ofSeconds(7);
        long distinct = java.util.stream.IntStream.range(0, 1_000)
                .mapToObj(i -> Backoff.LINK.delay(7, Duration.ofSeconds(4), floor, chance))
                .distinct()
                .count();
        assertThat(distinct).isEqualTo(1_000);
    }

    @Test
    void fullJitterBeginsAtNothingAndTheFloorShiftsIt() {
        Backoff full = Backoff.constant(Duration.ofSeconds(4)).withJitter(Jitter.full());
        assertThat(full.delay(1, NONE, LEAST)).isEqualTo(NONE);
        assertThat(full.delay(1, NONE, Duration.ofSeconds(1), LEAST)).isEqualTo(Duration.ofSeconds(1));
        assertThat(full.delay(1, NONE, Duration.ofSeconds(1), MOST)).isBetween(ms(4_999), ms(5_000));
    }

    @Test
    void decorrelatedGrowsFromThePreviousDelay() {
        Backoff backoff = Backoff.exponential(Duration.ofSeconds(1), 3, Duration.ofSeconds(20))
                .withJitter(Jitter.decorrelated());
        assertThat(backoff.delay(1, NONE, LEAST)).isEqualTo(ms(1_000));
        assertThat(backoff.delay(1, NONE, MOST)).isBetween(ms(2_999), ms(3_000));
        assertThat(backoff.delay(2, Duration.ofSeconds(3), MOST)).isBetween(ms(8_999), ms(9_000));
        assertThat(backoff.delay(9, Duration.ofSeconds(19), MOST)).isBetween(ms(19_999), ms(20_000));
    }

    @Test
    void whatIsOutOfRangeIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.constant(Duration.ofSeconds(-3)))
                .withMessageStartingWith("initial: PT-3S (expected: a duration > 0s");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.exponential(Duration.ofSeconds(1), 0.5, Duration.ofSeconds(9)))
                .withMessageStartingWith("multiplier: 0.5 (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.exponential(Duration.ofSeconds(1), Double.NaN, Duration.ofSeconds(9)))
                .withMessageStartingWith("multiplier: NaN (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.exponential(Duration.ofSeconds(9), 2, Duration.ofSeconds(1)))
                .withMessageStartingWith("cap: PT1S (expected: >= initial");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.LINK.withFastStart(-1, Duration.ofSeconds(1)))
                .withMessageStartingWith("fastAttempts: -1 (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.LINK.withFastStart(1, Duration.ofSeconds(99)))
                .withMessageStartingWith("fastDelay: PT1M39S (expected: <= cap");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.constant(Duration.ofSeconds(1)).withJitter(Jitter.decorrelated()))
                .withMessageStartingWith("jitter: decorrelated");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Jitter.proportional(1.5))
                .withMessageStartingWith("share: 1.5 (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.LINK.envelope(0))
                .withMessageStartingWith("attempt: 0 (expected: >= 1");
    }

    private static List<Long> envelopes(Backoff backoff, int attempts) {
        List<Long> seconds = new ArrayList<>();
        for (int attempt = 1; attempt <= attempts; attempt++) {
            seconds.add(backoff.envelope(attempt).toSeconds());
        }
        return seconds;
    }

    private static Backoff anyBackoff(SplittableRandom chance) {
        Duration initial = Duration.ofNanos(1 + chance.nextLong(1L << chance.nextInt(1, 60)));
        Duration cap = Duration.ofNanos(Math.min(
                Backoff.LONGEST.toNanos(), initial.toNanos() + 1 + chance.nextLong(1L << chance.nextInt(1, 61))));
        Jitter jitter = switch (chance.nextInt(5)) {
            case 0 -> Jitter.none();
            case 1 -> Jitter.full();
            case 2 -> Jitter.equal();
            case 3 -> Jitter.decorrelated();
            default -> Jitter.proportional(1 - chance.nextDouble());
        };
        Backoff backoff = Backoff.exponential(initial, 1.000_1 + chance.nextDouble() * 9, cap)
                .withJitter(jitter);
        return chance.nextBoolean() ? backoff : backoff.withFastStart(chance.nextInt(6), initial);
    }

    private static int anyAttempt(SplittableRandom chance) {
        return chance.nextInt(4) == 0 ? Integer.MAX_VALUE : 1 + chance.nextInt(1 << chance.nextInt(1, 31));
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }

    private static Duration ms(long millis) {
        return Duration.ofMillis(millis);
    }
}
