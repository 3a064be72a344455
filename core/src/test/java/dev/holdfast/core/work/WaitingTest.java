// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.work.Terms.Priority;
import dev.holdfast.core.work.Waiting.Patience;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every random choice comes from one seed; {@code -Dholdfast.seed=N} plays another. */
class WaitingTest {

    private static final List<Patience> PATIENCE = List.of(Patience.values());

    /** What is due within one stretch of a wheel, within one turn of it, within many, and with years between. */
    private static final List<Long> UNITS = List.of(1L, seconds(0.05), seconds(3), seconds(3600));

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);

    @Test
    void itIsASortedListWhateverIsDoneToIt() {
        for (int run = 0; run < 200; run++) {
            SplittableRandom chance = new SplittableRandom(SEED + run);
            Waiting<Integer> waiting = new Waiting<>();
            List<Entry<Integer>> list = new ArrayList<>();
            long range = (1 + chance.nextInt(1_000)) * UNITS.get(chance.nextInt(UNITS.size()));
            int most = 1 + chance.nextInt(200);
            for (int step = 0; step < 500; step++) {
                int what = chance.nextInt(list.size() < most ? 4 : 3);
                if (what == 3 || list.isEmpty()) {
                    Entry<Integer> fresh = new Entry<>(step, Priority.NORMAL);
                    fresh.due = chance.nextLong(range);
                    fresh.place = Entry.Place.BACKING_OFF;
                    fresh.detail().patience = PATIENCE.get(chance.nextInt(PATIENCE.size()));
                    list.add(fresh);
                    waiting.add(fresh);
                } else if (what == 0) {
                    Entry<Integer> first = Objects.requireNonNull(waiting.first());
                    list.remove(first);
                    waiting.removeFirst();
                } else {
                    Entry<Integer> any = list.get(chance.nextInt(list.size()));
                    if (what == 1) {
                        list.remove(any);
                        waiting.remove(any);
                    } else {
                        any.due -= chance.nextLong(range);
                        waiting.movedUp(any);
                    }
                }
                assertSameFirst(waiting, list, SEED + run);
            }
            while (!list.isEmpty()) {
                Entry<Integer> first = Objects.requireNonNull(waiting.first());
                assertThat(list.remove(first)).isTrue();
                waiting.removeFirst();
                assertSameFirst(waiting, list, SEED + run);
            }
        }
    }

    @Test
    void whoHasPatienceIsLookedForTwiceOrTenTimesASecondAndTheOthersAHundredTimes() {
        Waiting<Integer> waiting = new Waiting<>();
        waiting.add(entry(2, Patience.MOST, seconds(4.95)));
        assertThat(waiting.nextLook(seconds(4.95) - 1)).isEqualTo(seconds(5.45) - 1);
        assertThat(waiting.nextLook(seconds(4.4))).isEqualTo(seconds(4.95));

        waiting.add(entry(0, Patience.SOME, seconds(5)));
        assertThat(waiting.nextLook(seconds(5) - 1)).isEqualTo(seconds(5.1) - 1);
        assertThat(waiting.nextLook(seconds(4.5))).isEqualTo(seconds(5));

        waiting.add(entry(1, Patience.NONE, seconds(5.02)));
        assertThat(waiting.nextLook(seconds(5) - 1)).isEqualTo(seconds(5.02));
        assertThat(waiting.nextLook(seconds(5.015))).isEqualTo(seconds(5.025));
    }

    @Test
    void whoIsMovedUpLosesItsPatience() {
        for (Patience patience : List.of(Patience.SOME, Patience.MOST)) {
            Waiting<Integer> waiting = new Waiting<>();
            Entry<Integer> patient = entry(0, patience, seconds(5));
            waiting.add(patient);
            waiting.add(entry(1, patience, seconds(6)));

            patient.due = seconds(4);
            waiting.movedUp(patient);

            assertThat(waiting.nextLook(seconds(4) - 1)).isEqualTo(seconds(4.01) - 1);
            assertThat(waiting.first()).isSameAs(patient);
            waiting.remove(patient);
            assertThat(waiting.nextLook(seconds(6) - 1)).isEqualTo(seconds(6) - 1 + patience.slack.toNanos());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, NONE, 10",
        "1599, NONE, 10",
        "1600, SOME, 100",
        "7999, SOME, 100",
        "8000, MOST, 500",
        "3600000, MOST, 500",
    })
    void nobodyIsMoreThanASixteenthLate(long delayMillis, Patience patience, long slackMillis) {
        Duration delay = Duration.ofMillis(delayMillis);
        assertThat(Patience.of(delay)).isEqualTo(patience);
        assertThat(patience.slack).isEqualTo(Duration.ofMillis(slackMillis));
        assertThat(patience == Patience.NONE || patience.slack.multipliedBy(16).compareTo(delay) <= 0)
                .isTrue();
    }

    private static Entry<Integer> entry(int key, Patience patience, long due) {
        Entry<Integer> entry = new Entry<>(key, Priority.NORMAL);
        entry.place = Entry.Place.BACKING_OFF;
        entry.detail().patience = patience;
        entry.due = due;
        return entry;
    }

    private static long seconds(double seconds) {
        return Math.round(seconds * 1e9);
    }

    private static void assertSameFirst(Waiting<Integer> waiting, List<Entry<Integer>> list, long seed) {
        assertThat(waiting.size()).as("seed %s", seed).isEqualTo(list.size());
        Entry<Integer> first = waiting.first();
        if (first == null) {
            assertThat(list).as("seed %s", seed).isEmpty();
            return;
        }
        long least =
                list.stream().min(Comparator.comparingLong(entry -> entry.due)).orElseThrow().due;
        assertThat(first.due).as("seed %s", seed).isEqualTo(least);
    }
}
