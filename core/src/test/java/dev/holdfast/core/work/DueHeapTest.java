// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.work.Terms.Priority;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Every random choice comes from one seed; {@code -Dholdfast.seed=N} plays another. */
class DueHeapTest {

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);

    @Test
    void itIsASortedListWhateverIsDoneToIt() {
        for (int run = 0; run < 200; run++) {
            SplittableRandom chance = new SplittableRandom(SEED + run);
            DueHeap<Integer> heap = new DueHeap<>();
            List<Entry<Integer>> list = new ArrayList<>();
            int range = 1 + chance.nextInt(1_000);
            int most = 1 + chance.nextInt(200);
            for (int step = 0; step < 500; step++) {
                int what = chance.nextInt(list.size() < most ? 4 : 3);
                if (what == 3 || list.isEmpty()) {
                    Entry<Integer> fresh = new Entry<>(step, Priority.NORMAL);
                    fresh.due = chance.nextInt(range);
                    list.add(fresh);
                    heap.add(fresh);
                } else if (what == 0) {
                    Entry<Integer> first = Objects.requireNonNull(heap.first());
                    list.remove(first);
                    heap.remove(first);
                } else {
                    Entry<Integer> any = list.get(chance.nextInt(list.size()));
                    if (what == 1) {
                        list.remove(any);
                        heap.remove(any);
                    } else {
                        any.due -= chance.nextInt(range);
                        heap.movedUp(any);
                    }
                }
                assertSameFirst(heap, list, SEED + run);
            }
            while (!list.isEmpty()) {
                Entry<Integer> first = Objects.requireNonNull(heap.first());
                assertThat(list.remove(first)).isTrue();
                heap.remove(first);
                assertSameFirst(heap, list, SEED + run);
            }
        }
    }

    private static void assertSameFirst(DueHeap<Integer> heap, List<Entry<Integer>> list, long seed) {
        assertThat(heap.size()).as("seed %s", seed).isEqualTo(list.size());
        Entry<Integer> first = heap.first();
        if (first == null) {
            assertThat(list).as("seed %s", seed).isEmpty();
            return;
        }
        long least =
                list.stream().min(Comparator.comparingLong(entry -> entry.due)).orElseThrow().due;
        assertThat(first.due).as("seed %s", seed).isEqualTo(least);
    }
}
