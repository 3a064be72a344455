// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetryBudgetTest {

    private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

    private final VirtualTime time = new VirtualTime();

    @Test
    void theFloorIsThereWithoutASuccess() {
        RetryBudget budget = new RetryBudget(0.2, 0.5, TEN_SECONDS, time::nanoTime);
        assertThat(granted(budget, 20)).isEqualTo(5);
        time.advance(TEN_SECONDS);
        assertThat(granted(budget, 20)).isEqualTo(5);
    }

    @Test
    void successesAllowTheirShareAndExpire() {
        RetryBudget budget = new RetryBudget(0.2, 0, TEN_SECONDS, time::nanoTime);
        assertThat(granted(budget, 1)).isZero();
        for (int n = 0; n < 50; n++) {
            budget.success();
        }
        assertThat(granted(budget, 20)).isEqualTo(10);
        time.advance(TEN_SECONDS);
        assertThat(granted(budget, 1)).isZero();
    }

    @Test
    void aShareIsNotLostToARounding() {
        // 0.29 × 100 is a little less than 29 in doubles.
        RetryBudget budget = new RetryBudget(0.29, 0, TEN_SECONDS, time::nanoTime);
        for (int n = 0; n < 100; n++) {
            budget.success();
        }
        assertThat(granted(budget, 40)).isEqualTo(29);
    }

    @Test
    void theStandardOneAllowsAHundredWithinTenSeconds() {
        assertThat(granted(RetryBudget.standard(time::nanoTime), 200)).isEqualTo(100);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 20261122})
    void retriesStayBelowTheShareAndTheFloorInAnyNineTenthsOfThePeriod(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        RetryBudget budget = new RetryBudget(0.25, 1, TEN_SECONDS, time::nanoTime);
        List<Long> successes = new ArrayList<>();
        List<Long> retries = new ArrayList<>();
        for (int step = 0; step < 3_000; step++) {
            time.advance(Duration.ofMillis(chance.nextInt(100)));
            long now = time.nanoTime();
            if (chance.nextInt(3) > 0) {
                budget.success();
                successes.add(now);
            } else if (budget.tryRetry()) {
                retries.add(now);
                double allowed = 0.25 * since(successes, now - TEN_SECONDS.toNanos()) + 10;
                assertThat((double) since(retries, now - TEN_SECONDS.toNanos() * 9 / 10))
                        .as("seed %s step %s", seed, step)
                        .isLessThanOrEqualTo(allowed);
            }
        }
        assertThat(retries).hasSizeGreaterThan(300);
    }

    @Test
    void whatIsOutOfRangeIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RetryBudget(-1, 0, TEN_SECONDS, time::nanoTime))
                .withMessageStartingWith("share: -1.0 (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RetryBudget(0, Double.NaN, TEN_SECONDS, time::nanoTime))
                .withMessageStartingWith("floorPerSecond: NaN (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RetryBudget(0, 0, Duration.ofSeconds(Long.MAX_VALUE), time::nanoTime))
                .withMessageStartingWith("period: ");
    }

    private static int granted(RetryBudget budget, int asked) {
        int granted = 0;
        for (int n = 0; n < asked; n++) {
            granted += budget.tryRetry() ? 1 : 0;
        }
        return granted;
    }

    private static long since(List<Long> instants, long from) {
        return instants.stream().filter(at -> at > from).count();
    }
}
