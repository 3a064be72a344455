// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    /** Near where the clock's numbers begin anew. */
    private static final long BEGINNING = Long.MAX_VALUE - 5 * SECOND;

    private long now = BEGINNING;

    @Test
    void theBurstIsAdmittedAtOnceAndTheNthWhoIsRefusedIsToldNSteps() {
        Admission admission = new Admission(new AdmissionConfig(10, 5), now);
        for (int who = 0; who < 5; who++) {
            assertThat(admission.ask(who, now)).isZero();
        }
        for (int refused = 1; refused <= 20; refused++) {
            assertThat(admission.ask("refused " + refused, now)).isEqualTo(Duration.ofMillis(100L * refused));
        }
    }

    @Test
    void whoComesAtTheTimeItWasToldIsAdmittedHoweverManyOthersCome() {
        Admission admission = new Admission(new AdmissionConfig(10, 1), now);
        admission.ask("first", now);
        Duration promised = admission.ask("promised", now);
        for (int other = 0; other < 1000; other++) {
            now += promised.toNanos() / 1000;
            assertThat(admission.ask("other " + other, now)).isPositive();
        }
        assertThat(admission.ask("promised", BEGINNING + promised.toNanos())).isZero();
    }

    @Test
    void whoComesTooEarlyIsToldTheSameTimeAgainAndCostsNobodyAPlace() {
        Admission admission = new Admission(new AdmissionConfig(1, 1), now);
        admission.ask("first", now);
        assertThat(admission.ask("hasty", now)).isEqualTo(Duration.ofSeconds(1));
        for (int again = 1; again <= 8; again++) {
            now = BEGINNING + again * SECOND / 10;
            assertThat(admission.ask("hasty", now)).isEqualTo(Duration.ofMillis(1000 - 100L * again));
        }
        assertThat(admission.ask("next", BEGINNING)).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void aPromiseIsKeptForAsLongAsJitterMayTakeAndItsPlaceIsFreeAfterThat() {
        Admission admission = new Admission(new AdmissionConfig(1, 1), now);
        admission.ask("first", now);
        admission.ask("late", now);
        admission.ask("gone", now);
        // Half as much again as it was told, and a second for the header.
        now = BEGINNING + 2 * SECOND + SECOND / 2;
        assertThat(admission.ask("late", now)).isZero();
        assertThat(admission.ask("third", now)).isEqualTo(Duration.ofMillis(500));

        now = BEGINNING + 5 * SECOND;
        assertThat(admission.size()).isEqualTo(2);
        assertThat(admission.ask("takes the place of the one that is gone", now))
                .isZero();
        assertThat(admission.ask("third", now)).isZero();
    }

    @Test
    void thoseThatDoNotSayWhoTheyAreKeepTheirPromisesInCommon() {
        Admission admission = new Admission(new AdmissionConfig(1, 1), now);
        assertThat(admission.ask(null, now)).isZero();
        assertThat(admission.ask(null, now)).isEqualTo(Duration.ofSeconds(1));
        assertThat(admission.ask(null, now)).isEqualTo(Duration.ofSeconds(2));
        now += SECOND;
        assertThat(admission.ask("named", now)).isEqualTo(Duration.ofSeconds(2));
        assertThat(admission.ask(null, now)).isZero();
        now += SECOND;
        assertThat(admission.ask(null, now)).isZero();
    }

    @Test
    void whoWasAdmittedMayGoOnWithAnotherRequest() {
        Admission admission = new Admission(new AdmissionConfig(1, 1), now);
        assertThat(admission.ask("poller", now)).isZero();
        admission.expect("poller", now);
        assertThat(admission.ask("other", now)).isPositive();
        assertThat(admission.ask("poller", now + SECOND / 2)).isZero();
        assertThat(admission.ask("poller", now + SECOND / 2)).isPositive();
    }

    @Test
    void withoutALimitWhoeverComesIsAdmittedAndNothingIsRemembered() {
        Admission admission = new Admission(new AdmissionConfig(AdmissionConfig.UNLIMITED, 1), now);
        for (int who = 0; who < 100_000; who++) {
            assertThat(admission.ask(who, now)).isZero();
            admission.expect(who, now);
        }
        assertThat(admission.size()).isZero();
    }

    @Test
    void aFloodIsRememberedUpToABoundAndSpreadBeyondIt() {
        Admission admission = new Admission(new AdmissionConfig(1000, 1), now);
        Set<Duration> told = new HashSet<>();
        Duration longest = Duration.ZERO;
        for (int who = 0; who < 4 * Admission.MOST_PROMISES; who++) {
            Duration after = admission.ask(who, now);
            told.add(after);
            longest = longest.compareTo(after) > 0 ? longest : after;
        }
        assertThat(admission.size()).isEqualTo(Admission.MOST_PROMISES);
        assertThat(told).hasSize(4 * Admission.MOST_PROMISES);
        assertThat(longest).isLessThanOrEqualTo(Admission.LONGEST.multipliedBy(2));
    }

    @Test
    void nobodyIsToldToStayAwayForLongerThanTwiceTheLongestHoweverLongAFloodLasts() {
        Admission admission = new Admission(new AdmissionConfig(1, 1), now);
        for (int who = 0; who < 100_000; who++) {
            assertThat(admission.ask(who, now)).isLessThanOrEqualTo(Admission.LONGEST.multipliedBy(2));
            now += SECOND / 1000;
        }
        assertThat(admission.size()).isLessThanOrEqualTo(Admission.MOST_PROMISES);
    }

    /** An agent that comes when it was told, or somewhat later. */
    private record Visit(long at, @Nullable Object who, boolean promised) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aFleetThatDoesAsItIsToldIsInAfterTheTimeItTakesAndEachAfterOneRefusalAtMost(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        int rate = chance.nextInt(10, 2000);
        int burst = chance.nextInt(1, 2 * rate);
        int agents = chance.nextInt(1, 20 * rate);
        boolean jitter = chance.nextBoolean();
        Admission admission = new Admission(new AdmissionConfig(rate, burst), now);
        PriorityQueue<Visit> visits =
                new PriorityQueue<>((one, other) -> Long.compare(one.at() - BEGINNING, other.at() - BEGINNING));
        for (int who = 0; who < agents; who++) {
            visits.add(new Visit(BEGINNING + chance.nextLong(SECOND), who, false));
        }
        List<Long> admitted = new ArrayList<>();
        while (!visits.isEmpty()) {
            Visit visit = visits.remove();
            Duration after = admission.ask(visit.who(), visit.at());
            if (after.isZero()) {
                admitted.add(visit.at() - BEGINNING);
                continue;
            }
            assertThat(visit.promised()).as("seed %d: refused twice", seed).isFalse();
            long more = jitter ? chance.nextLong(after.toNanos() / 2 + 1) : chance.nextLong(SECOND);
            visits.add(new Visit(visit.at() + after.toNanos() + more, visit.who(), true));
        }
        assertThat(admitted).hasSize(agents);
        double bound = Math.max(0, agents - burst) / (double) rate;
        double last = admitted.getLast() / (double) SECOND;
        assertThat(last).as("seed %d", seed).isLessThanOrEqualTo(1 + 1.5 * (bound + 1) + 1);
        assertNoSecondHasMoreThan(burst + 2L * rate, admitted, seed);
    }

    private static void assertNoSecondHasMoreThan(long most, List<Long> admitted, long seed) {
        int from = 0;
        for (int to = 0; to < admitted.size(); to++) {
            while (admitted.get(to) - admitted.get(from) > SECOND) {
                from++;
            }
            assertThat(to - from + 1L).as("seed %d: within a second", seed).isLessThanOrEqualTo(most);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void whateverComesTheRateIsKeptInTheLongRun(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        int rate = chance.nextInt(1, 500);
        int burst = chance.nextInt(1, 500);
        Admission admission = new Admission(new AdmissionConfig(rate, burst), now);
        long admitted = 0;
        int seconds = 60;
        while (now - BEGINNING < seconds * SECOND) {
            now += chance.nextLong(SECOND / (3L * rate));
            Object who = chance.nextInt(3) == 0 ? null : chance.nextInt(20 * rate);
            admitted += admission.ask(who, now).isZero() ? 1 : 0;
        }
        assertThat(admitted)
                .as("seed %d", seed)
                .isBetween((long) (0.5 * rate * seconds), (long) rate * seconds + 2L * burst + 1);
    }
}
