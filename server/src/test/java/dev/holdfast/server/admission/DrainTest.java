// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DrainTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final long BEGINNING = -5;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void eachAgentIsDealtAnotherTimeOneStepApartInNoOrder(long seed) {
        Drain drain = drain(100, 20, 5, seed);
        List<Duration> dealt =
                IntStream.range(0, 25).mapToObj(i -> drain.deal()).toList();

        assertThat(dealt.stream().sorted().toList())
                .isEqualTo(IntStream.range(0, 25)
                        .mapToObj(place -> Drain.SOONEST.plusMillis(10L * place))
                        .toList())
                .isNotEqualTo(dealt);
        assertThat(drain.deal()).as("one that comes later").isEqualTo(Drain.SOONEST.plusMillis(250));
        assertThat(drain.report(BEGINNING).last()).isEqualTo(Drain.SOONEST.plusMillis(240));
    }

    @Test
    void ordersDifferFromOneLeaveToTheNext() {
        List<List<Duration>> orders = new ArrayList<>();
        for (long seed = 0; seed < 2; seed++) {
            Drain drain = drain(100, 50, 0, seed);
            orders.add(IntStream.range(0, 50).mapToObj(i -> drain.deal()).toList());
        }
        assertThat(orders.get(0)).isNotEqualTo(orders.get(1));
    }

    @Test
    void withoutALimitTheTimesLieAsFarApartAsTheDefaultHasThem() {
        Drain drain = drain(AdmissionConfig.UNLIMITED, 2, 0, 1);
        assertThat(List.of(drain.deal(), drain.deal()))
                .containsExactlyInAnyOrder(Drain.SOONEST, Drain.SOONEST.plusMillis(1));
    }

    @Test
    void withNobodyThereItIsOverAtOnce() {
        assertThat(drain(10, 0, 0, 1).isOver(BEGINNING)).isTrue();
    }

    @Test
    void itIsOverOnceAllAreGone() {
        Drain drain = drain(10, 2, 1, 1);
        drain.gone(true, true);
        drain.gone(false, true);
        assertThat(drain.isOver(BEGINNING + TIMEOUT.toNanos() - 1)).isFalse();
        drain.gone(true, false);
        assertThat(drain.isOver(BEGINNING)).isTrue();

        Drain.Report report = drain.report(BEGINNING + 5_000_000);
        assertThat(report.guests()).isEqualTo(3);
        assertThat(report.answered()).isEqualTo(2);
        assertThat(report.silent()).isEqualTo(1);
        assertThat(report.took()).isEqualTo(Duration.ofMillis(5));
    }

    @Test
    void whoDoesNotGoIsWaitedForUntilTheTimeoutAndNoLonger() {
        Drain drain = drain(10, 1, 1, 1);
        assertThat(drain.isOver(BEGINNING + TIMEOUT.toNanos() - 1)).isFalse();
        assertThat(drain.isOver(BEGINNING + TIMEOUT.toNanos())).isTrue();
        assertThat(drain.report(BEGINNING + TIMEOUT.toNanos()).silent()).isEqualTo(1);
        assertThat(drain.report(BEGINNING + TIMEOUT.toNanos()).untold()).isEqualTo(1);
    }

    @Test
    void whoPollsIsWaitedForALittleOnly() {
        Drain drain = drain(10, 1, 3, 1);
        drain.gone(true, true);
        assertThat(drain.isOver(BEGINNING + Drain.POLLS.toNanos() - 1)).isFalse();
        assertThat(drain.isOver(BEGINNING + Drain.POLLS.toNanos())).isTrue();
    }

    private static Drain drain(int rate, int listening, int polling, long seed) {
        return new Drain(
                new AdmissionConfig(rate, 1), TIMEOUT, listening, polling, new SplittableRandom(seed), BEGINNING);
    }
}
