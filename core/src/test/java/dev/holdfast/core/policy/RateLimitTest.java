// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateLimitTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    @Test
    void itBeginsWithItsWholeBurstAndThenSpacesOut() {
        RateLimit limit = new RateLimit(10, 3, 77);
        assertThat(reserve(limit, 5, 77)).containsExactly(0L, 0L, 0L, SECOND / 10, SECOND / 5);
    }

    @Test
    void aPauseSavesUpABurstAndNoMore() {
        RateLimit limit = new RateLimit(10, 3, 0);
        reserve(limit, 3, 0);
        long later = 60 * SECOND;
        assertThat(reserve(limit, 5, later)).containsExactly(0L, 0L, 0L, SECOND / 10, SECOND / 5);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 20261122})
    void inAnyPeriodThereAreAtMostTheBurstAndTheRate(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        int burst = 1 + chance.nextInt(5);
        RateLimit limit = new RateLimit(5, burst, 0);
        List<Long> places = new ArrayList<>();
        long now = 0;
        for (int n = 0; n < 400; n++) {
            now += chance.nextLong(SECOND / 2);
            places.add(now + limit.reserve(now));
        }
        for (int from = 0; from < places.size(); from++) {
            for (int to = from; to < places.size(); to++) {
                double seconds = (places.get(to) - places.get(from)) / (double) SECOND;
                assertThat((double) (to - from + 1))
                        .as("seed %s, places %s to %s", seed, from, to)
                        .isLessThanOrEqualTo(burst + 5 * seconds + 1e-6);
            }
        }
    }

    @Test
    void infiniteIsNoLimit() {
        RateLimit limit = new RateLimit(Double.POSITIVE_INFINITY, 1, 0);
        assertThat(reserve(limit, 100, 0)).containsOnly(0L);
    }

    @Test
    void theSlowestStillHoldsBack() {
        RateLimit limit = new RateLimit(1e-9, 1, 0);
        assertThat(reserve(limit, 2, 0)).containsExactly(0L, 1_000_000_000 * SECOND);
    }

    @Test
    void whatIsOutOfRangeIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RateLimit(1e-300, 1, 0))
                .withMessageStartingWith("perSecond: 1.0E-300 (expected: >= 1.0E-9");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RateLimit(Double.NaN, 1, 0))
                .withMessageStartingWith("perSecond: NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RateLimit(1, 0, 0))
                .withMessageStartingWith("burst: 0 (expected: >= 1)");
    }

    private static List<Long> reserve(RateLimit limit, int times, long now) {
        List<Long> waits = new ArrayList<>();
        for (int n = 0; n < times; n++) {
            waits.add(limit.reserve(now));
        }
        return waits;
    }
}
