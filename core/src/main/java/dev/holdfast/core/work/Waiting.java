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
 * <p>Those that are looked for promptly and those with patience are apart, so that ten thousand keys that fail wake a
 * machine ten times a second and not a hundred times, and nobody else waits for that.
 */
final class Waiting<K> {

    private final Heap<K> prompt = new Heap<>();
    private final Heap<K> patient = new Heap<>();

    int size() {
        return prompt.size + patient.size;
    }

    @Nullable
    Entry<K> first() {
        Entry<K> one = prompt.first();
        Entry<K> other = patient.first();
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return other.due < one.due ? other : one;
    }

    /** To be called once its place, its due time and its {@link Entry.Detail#patient} are set. */
    void add(Entry<K> entry) {
        heap(entry).add(entry);
    }

    void remove(Entry<K> entry) {
        heap(entry).remove(entry);
    }

    /** To be called when an entry is due earlier than before. Somebody is in a hurry: its patience ends. */
    void movedUp(Entry<K> entry) {
        Heap<K> heap = heap(entry);
        if (heap == patient) {
            patient.remove(entry);
            entry.detail().patient = false;
            prompt.add(entry);
        } else {
            prompt.siftUp(entry, entry.heapIndex);
        }
    }

    /** When to look for keys that are due if that was last done at {@code last}; only while there are keys. */
    long nextLook(long last) {
        return Math.min(prompt.nextLook(last, WorkQueue.SLACK), patient.nextLook(last, WorkQueue.LONG_SLACK));
    }

    private Heap<K> heap(Entry<K> entry) {
        return entry.place == Place.BACKING_OFF && entry.detail().patient ? patient : prompt;
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

        long nextLook(long last, Duration slack) {
            return size == 0 ? Long.MAX_VALUE : Math.max(at(0).due, last + slack.toNanos());
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
