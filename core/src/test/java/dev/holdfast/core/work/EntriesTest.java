// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.work.Terms.Priority;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Every random choice comes from one seed; {@code -Dholdfast.seed=N} plays another. */
class EntriesTest {

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);

    /** A key, most of which have the hash of others. */
    private record Key(int number) {
        @Override
        public int hashCode() {
            return number % 7;
        }
    }

    @Test
    void itIsAMapWhateverIsDoneToIt() {
        for (int run = 0; run < 50; run++) {
            SplittableRandom chance = new SplittableRandom(SEED + run);
            Entries<Key> entries = new Entries<>();
            Map<Key, Entry<Key>> map = new HashMap<>();
            int range = 1 + chance.nextInt(300);
            int share = 1 + chance.nextInt(9);
            for (int step = 0; step < 1000; step++) {
                Key key = new Key(chance.nextInt(range));
                Entry<Key> known = map.get(key);
                assertThat(entries.get(key)).as("seed %s", SEED + run).isSameAs(known);
                if (known != null && chance.nextInt(10) < share) {
                    entries.remove(known);
                    map.remove(key);
                } else if (known == null && chance.nextInt(10) >= share) {
                    Entry<Key> fresh = new Entry<>(key, Priority.NORMAL);
                    entries.put(fresh);
                    map.put(key, fresh);
                }
                assertThat(entries.size()).as("seed %s", SEED + run).isEqualTo(map.size());
            }
            assertThat(entries.keys()).as("seed %s", SEED + run).containsExactlyInAnyOrderElementsOf(map.keySet());
        }
    }

    @Test
    void itGrowsAndShrinksWithWhatItHolds() {
        Entries<Integer> entries = new Entries<>();
        for (int key = 0; key < 10_000; key++) {
            entries.put(new Entry<>(key, Priority.NORMAL));
        }
        for (int key = 0; key < 10_000; key++) {
            entries.remove(Objects.requireNonNull(entries.get(key)));
            assertThat(entries.get(key)).isNull();
        }
        assertThat(entries.size()).isZero();
        assertThat(entries.keys()).isEmpty();
    }

    @Test
    void keysThatDifferInTheirHighBitsAloneAreSpread() {
        long differentSlots = IntStream.range(0, 256)
                .map(key -> Entries.hash(key << 24) & 1023)
                .distinct()
                .count();

        assertThat(differentSlots).isGreaterThan(128);
    }
}
