// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.work.Terms.Priority;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Every random choice comes from one seed; {@code -Dholdfast.seed=N} plays another. */
class LinesTest {

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);
    private static final List<Priority> PRIORITIES = List.of(Priority.values());

    private final Lines<Integer> lines = new Lines<>();

    @Test
    void firstComeFirstServed() {
        for (int key = 0; key < 5; key++) {
            lines.add(new Entry<>(key, Priority.NORMAL));
        }
        assertThat(keys(6)).containsExactly(0, 1, 2, 3, 4, null);
    }

    @Test
    void aHigherPriorityComesFirst() {
        lines.add(new Entry<>(3, Priority.LOW));
        lines.add(new Entry<>(2, Priority.NORMAL));
        lines.add(new Entry<>(1, Priority.HIGH));
        assertThat(keys(4)).containsExactly(1, 2, 3, null);
    }

    @Test
    void underALoadOfTheHighestBothLowerOnesHaveTheirTurns() {
        for (int key = 0; key < 100; key++) {
            lines.add(new Entry<>(1, Priority.HIGH));
            lines.add(new Entry<>(2, Priority.NORMAL));
            lines.add(new Entry<>(3, Priority.LOW));
        }
        assertThat(keys(16)).containsExactly(1, 1, 1, 1, 1, 1, 2, 3, 1, 1, 1, 1, 1, 2, 1, 3);
    }

    @Test
    void nobodyIsPassedOverMoreThanSevenTurnsInARowWhateverComesAndGoes() {
        for (int run = 0; run < 300; run++) {
            SplittableRandom chance = new SplittableRandom(SEED + run);
            Crowd crowd = new Crowd();
            for (int step = 0; step < 400; step++) {
                Priority priority = PRIORITIES.get((int) (3 * Math.pow(chance.nextDouble(), 1 + run % 4)));
                switch (chance.nextInt(5)) {
                    case 0, 1 -> crowd.add(new Entry<>(step, priority));
                    case 2 -> crowd.removeAny(chance);
                    default -> crowd.serve(SEED + run);
                }
            }
        }
    }

    @Test
    void whoLeavesIsForgottenAtOnce() {
        Entry<Integer> stays = new Entry<>(0, Priority.NORMAL);
        lines.add(stays);
        for (int key = 1; key < 1_000; key++) {
            Entry<Integer> comesAndGoes = new Entry<>(key, Priority.NORMAL);
            lines.add(comesAndGoes);
            lines.remove(comesAndGoes);
            assertThat(comesAndGoes.ahead).isNull();
            assertThat(stays.behind).isNull();
        }
        assertThat(keys(2)).containsExactly(0, null);
    }

    private List<Integer> keys(int count) {
        List<Integer> keys = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Entry<Integer> next = lines.next();
            keys.add(next == null ? null : next.key);
        }
        return keys;
    }

    /** Who stands where, kept in plain lists. */
    private static final class Crowd {
        final Lines<Integer> lines = new Lines<>();
        final Map<Priority, List<Entry<Integer>>> standing = new EnumMap<>(Priority.class);
        final Map<Priority, Integer> passedOver = new EnumMap<>(Priority.class);

        Crowd() {
            for (Priority priority : Priority.values()) {
                standing.put(priority, new ArrayList<>());
                passedOver.put(priority, 0);
            }
        }

        void add(Entry<Integer> entry) {
            lines.add(entry);
            line(entry.priority).add(entry);
        }

        void removeAny(SplittableRandom chance) {
            Priority priority = PRIORITIES.get(chance.nextInt(3));
            List<Entry<Integer>> line = line(priority);
            if (!line.isEmpty()) {
                Entry<Integer> gone = line.remove(chance.nextInt(line.size()));
                lines.remove(gone);
            }
            if (line.isEmpty()) {
                passedOver.put(priority, 0);
            }
        }

        void serve(long seed) {
            Entry<Integer> served = lines.next();
            if (served == null) {
                assertThat(standing.values()).as("seed %s", seed).allMatch(List::isEmpty);
                return;
            }
            assertThat(line(served.priority).removeFirst()).as("seed %s", seed).isSameAs(served);
            for (Priority priority : Priority.values()) {
                boolean passed = priority != served.priority && !line(priority).isEmpty();
                int turns = passed ? Objects.requireNonNull(passedOver.get(priority)) + 1 : 0;
                passedOver.put(priority, turns);
                assertThat(turns).as("%s, seed %s", priority, seed).isLessThanOrEqualTo(Lines.PASSES);
            }
        }

        private List<Entry<Integer>> line(Priority priority) {
            return Objects.requireNonNull(standing.get(priority));
        }
    }
}
