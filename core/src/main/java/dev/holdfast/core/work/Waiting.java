// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.work.Entry.Place;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The keys that wait, whichever is due first on top. Those due at the same time come in no order.
 *
 * <p>Those of each {@link Patience} are apart, so that ten thousand keys that fail wake a machine twice a second and
 * not a hundred times, and nobody else waits for that.
 */
final class Waiting<K> {

    /**
     * How late a key that backs off may be found to be due: at most a sixteenth of its delay. One that is moved up, or
     * whose deadline is what it waits for, has none to spare.
     */
    enum Patience {
        /** Below 1.6 s. */
        NONE(WorkQueue.SLACK),
        /** From 1.6 s on: 100 ms. */
        SOME(Duration.ofMillis(100)),
        /** From 8 s on: 500 ms. */
        MOST(WorkQueue.LONG_SLACK);

        private static final int SHARE = 16;

        final Duration slack;

        Patience(Duration slack) {
            this.slack = slack;
        }

        static Patience of(Duration delay) {
            Duration share = delay.dividedBy(SHARE);
            if (share.compareTo(MOST.slack) >= 0) {
                return MOST;
            }
            return share.compareTo(SOME.slack) >= 0 ? SOME : NONE;
        }
    }

    private final Heap<K> prompt = new Heap<>();
    private final Heap<K> patient = new Heap<>();
    private final Heap<K> mostPatient = new Heap<>();

    int size() {
        return prompt.size + patient.size + mostPatient.size;
    }

    @Nullable
    Entry<K> first() {
        return sooner(sooner(prompt.first(), patient.first()), mostPatient.first());
    }

    private static <K> @Nullable Entry<K> sooner(@Nullable Entry<K> one, @Nullable Entry<K> other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return other.due < one.due ? other : one;
    }

    /** To be called once its place, its due time and its {@link Entry.Detail#patience} are set. */
    void add(Entry<K> entry) {
        heap(entry).add(entry);
    }

    void remove(Entry<K> entry) {
        heap(entry).remove(entry);
    }

    /** To be called when an entry is due earlier than before. Somebody is in a hurry: its patience ends. */
    void movedUp(Entry<K> entry) {
        Heap<K> heap = heap(entry);
        if (heap == prompt) {
            prompt.siftUp(entry, entry.heapIndex);
        } else {
            heap.remove(entry);
            entry.detail().patience = Patience.NONE;
            prompt.add(entry);
        }
    }

    /** When to look for keys that are due if that was last done at {@code last}; only while there are keys. */
    long nextLook(long last) {
        long soonest = Math.min(prompt.nextLook(last, Patience.NONE), patient.nextLook(last, Patience.SOME));
        return Math.min(soonest, mostPatient.nextLook(last, Patience.MOST));
    }

    private Heap<K> heap(Entry<K> entry) {
        if (entry.place != Place.BACKING_OFF) {
            return prompt;
        }
        return switch (entry.detail().patience) {
            case NONE -> prompt;
            case SOME -> patient;
            case MOST -> mostPatient;
        };
    }

    /** A binary heap in which each entry knows its place, so that one is moved up or taken out in O(log n). */
    private static final class Heap<K> {

        private static final int LEAST_ROOM = 16;

        private @Nullable Entry<K>[] heap = room(LEAST_ROOM);
        int size;

        @Nullable
        Entry<K> first() {
            return size == 0 ? null : heap[0];
        }

        long nextLook(long last, Patience patience) {
            return size == 0 ? Long.MAX_VALUE : Math.max(at(0).due, last + patience.slack.toNanos());
        }

        void add(Entry<K> entry) {
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, size + (size >> 2));
            }
            size++;
            siftUp(entry, size - 1);
        }

        void remove(Entry<K> entry) {
            int hole = entry.heapIndex;
            size--;
            Entry<K> last = at(size);
            heap[size] = null;
            if (last != entry) {
                siftDown(last, hole);
                if (last.heapIndex == hole) {
                    siftUp(last, hole);
                }
            }
            if (heap.length > LEAST_ROOM && size < heap.length / 4) {
                heap = Arrays.copyOf(heap, Math.max(LEAST_ROOM, heap.length / 2));
            }
        }

        void siftUp(Entry<K> entry, int from) {
            int index = from;
            while (index > 0) {
                int parent = (index - 1) >>> 1;
                Entry<K> above = at(parent);
                if (above.due <= entry.due) {
                    break;
                }
                put(above, index);
                index = parent;
            }
            put(entry, index);
        }

        private void siftDown(Entry<K> entry, int from) {
            int index = from;
            int firstLeaf = size >>> 1;
            while (index < firstLeaf) {
                int child = 2 * index + 1;
                if (child + 1 < size && at(child + 1).due < at(child).due) {
                    child++;
                }
                if (at(child).due >= entry.due) {
                    break;
                }
                put(at(child), index);
                index = child;
            }
            put(entry, index);
        }

        private Entry<K> at(int index) {
            return Objects.requireNonNull(heap[index]);
        }

        private void put(Entry<K> entry, int index) {
            heap[index] = entry;
            entry.heapIndex = index;
        }

        // There are no arrays of a generic type; what is in this one comes from add alone.
        @SuppressWarnings({"unchecked", "rawtypes"})
        private static <K> @Nullable Entry<K>[] room(int size) {
            return new Entry[size];
        }
    }
}
