// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Waiting keys, the one that is due first on top. A binary heap in which each entry knows its place, so that one can be
 * moved up or taken out in O(log n). Keys that are due at the same time come in no order.
 */
final class DueHeap<K> {

    private static final int LEAST_ROOM = 16;

    private @Nullable Entry<K>[] heap = room(LEAST_ROOM);
    private int size;

    int size() {
        return size;
    }

    @Nullable
    Entry<K> first() {
        return size == 0 ? null : heap[0];
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

    /** To be called when an entry is due earlier than before. */
    void movedUp(Entry<K> entry) {
        siftUp(entry, entry.heapIndex);
    }

    private void siftUp(Entry<K> entry, int from) {
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
