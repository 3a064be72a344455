// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.lab.chaos.Fault.Kill;
import dev.holdfast.lab.chaos.Fault.Pause;
import dev.holdfast.lab.chaos.Fault.Target;
import dev.holdfast.lab.chaos.Step.Moment;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What a seed fixes. */
class FaultOptionsTest {

    @Test
    void oneSeedGivesOneScheduleAndAnotherAnother() {
        assertThat(schedule(7, 200)).isEqualTo(schedule(7, 200)).isNotEqualTo(schedule(8, 200));
    }

    @Test
    void thereAreAsManyKillsAsWereAskedFor() {
        for (int kills : new int[] {1, 20, 200}) {
            assertThat(schedule(kills, kills))
                    .filteredOn(step -> step.fault() instanceof Kill)
                    .hasSize(kills);
        }
    }

    @Test
    void everySeedHasFaultsOfEachKindAtEachMomentForEachTarget() {
        for (long seed = 0; seed < 200; seed++) {
            List<Step> steps = schedule(seed, 200);
            assertThat(steps).extracting(Step::moment).as("seed %d", seed).contains(Moment.values());
            assertThat(steps).filteredOn(step -> step.fault() instanceof Pause).isNotEmpty();
            assertThat(steps)
                    .filteredOn(step -> step.fault() instanceof Kill)
                    .extracting(step -> step.fault().target())
                    .as("seed %d", seed)
                    .contains(Target.values());
        }
    }

    @Test
    void nothingWaitsLongerThanItMay() {
        for (Step step : schedule(3, 2_000)) {
            assertThat(step.delay()).isBetween(Duration.ZERO, FaultOptions.LONGEST_WORK);
            switch (step.fault()) {
                case Kill kill -> assertThat(kill.down()).isBetween(Duration.ZERO, FaultOptions.LONGEST_DOWN);
                case Pause pause -> assertThat(pause.length()).isBetween(Duration.ZERO, FaultOptions.LONGEST_PAUSE);
            }
        }
    }

    @Test
    void aPercentileIsTheSmallestThatSoManyDoNotExceed() {
        List<Duration> four = List.of(
                Duration.ofMillis(100), Duration.ofMillis(200), Duration.ofMillis(300), Duration.ofMillis(4_000));
        assertThat(Chaos.percentile(four, 50)).isEqualTo(0.2);
        assertThat(Chaos.percentile(four, 99)).isEqualTo(4);
        assertThat(Chaos.percentile(four.subList(0, 1), 50)).isEqualTo(0.1);
        assertThat(Chaos.percentile(List.of(), 99)).isZero();
    }

    private static List<Step> schedule(long seed, int kills) {
        SplittableRandom chance = new SplittableRandom(seed);
        return FaultOptions.draw(chance).schedule(kills, chance);
    }
}
