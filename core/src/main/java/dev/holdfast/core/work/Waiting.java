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
        private final long slackNanos;

        Patience(Duration slack) {
            this.slack = slack;
            this.slackNanos = slack.toNanos();
        }

        // Not by Duration.dividedBy, which goes by decimal fractions and costs more than all else when a key fails.
        static Patience of(Duration delay) {
            long share = delay.toNanos() / SHARE;
            if (share >= MOST.slackNanos) {
                return MOST;
            }
            return share >= SOME.slackNanos ? SOME : NONE;
        }
    }

    private final Heap<K> prompt = new Heap<>();
    private final Wheel<K> patient = new Wheel<>(Patience.SOME);
    private final Wheel<K> mostPatient = new Wheel<>(Patience.MOST);

    /** Of all, so that a queue in which nobody waits, which is asked each time, has one place to look at. */
    private int size;

    int size() {
        return size;
    }

    @Nullable
    Entry<K> first() {
        return size == 0 ? null : sooner(sooner(prompt.first(), patient.first()), mostPatient.first());
    }

    private static <K> @Nullable Entry<K> sooner(@Nullable Entry<K> one, @Nullable Entry<K> other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return other.due < one.due ? other : one;
    }

    /** To be called once its place, its due time and its {@link Entry.Detail#patience} are set. */
    void add(Entry<K> entry) {
        size++;
        switch (patience(entry)) {
            case NONE -> prompt.add(entry);
            case SOME -> patient.add(entry);
            case MOST -> mostPatient.add(entry);
        }
    }

    void remove(Entry<K> entry) {
        size--;
        switch (patience(entry)) {
            case NONE -> prompt.remove(entry);
            case SOME -> patient.remove(entry);
            case MOST -> mostPatient.remove(entry);
        }
    }

    /** Without a look at what tells where it lies, which nobody has touched since it came. */
    void removeFirst() {
        Entry<K> first = first();
        if (first == null) {
            throw new IllegalStateException("nobody waits (expected: a first)");
        }
        size--;
        if (first == mostPatient.first()) {
            mostPatient.near.remove(first);
        } else if (first == patient.first()) {
            patient.near.remove(first);
        } else {
            prompt.remove(first);
        }
    }

    /** To be called when an entry is due earlier than before. Somebody is in a hurry: its patience ends. */
    void movedUp(Entry<K> entry) {
        if (patience(entry) == Patience.NONE) {
            prompt.siftUp(entry, entry.heapIndex);
        } else {
            remove(entry);
            entry.detail().patience = Patience.NONE;
            add(entry);
        }
    }

    /** When to look for keys that are due if that was last done at {@code last}; only while there are keys. */
    long nextLook(long last) {
        long soonest = Math.min(prompt.nextLook(last, Patience.NONE), patient.nextLook(last));
        return Math.min(soonest, mostPatient.nextLook(last));
    }

    private static Patience patience(Entry<?> entry) {
        return entry.place == Place.BACKING_OFF ? entry.detail().patience : Patience.NONE;
    }

    /**
     * Those of one patience, by the stretch of time of that length in which they are due. A heap knows the order within
     * the nearest stretch alone; the others lie in a ring of lists, so that one comes and goes without a look at any of
     * the ten thousand others, which after half a second are far from the processor. From Varghese and Lauck, "Hashed
     * and hierarchical timing wheels" (1987), scheme 6.
     */
    private static final class Wheel<K> {

        /** A minute with the shorter patience, four with the longer one. What waits longer stays for more turns. */
        private static final int STRETCHES = 512;

        private final Patience patience;
        private final Heap<K> near = new Heap<>();

        /** Everybody in a stretch up to this one is in the heap, everybody else in the ring. */
        private long nearest;

        private @Nullable Entry<K>[] ring = Heap.room(0);
        private int far;

        Wheel(Patience patience) {
            this.patience = patience;
        }

        int size() {
            return near.size + far;
        }

        @Nullable
        Entry<K> first() {
            if (near.size == 0 && far > 0) {
                comeNearer();
            }
            return near.first();
        }

        long nextLook(long last) {
            Entry<K> first = first();
            return first == null ? Long.MAX_VALUE : near.nextLook(last, patience);
        }

        void add(Entry<K> entry) {
            long stretch = stretch(entry);
            if (size() == 0) {
                nearest = stretch;
            }
            if (stretch <= nearest) {
                near.add(entry);
                return;
            }
            if (ring.length == 0) {
                ring = Heap.room(STRETCHES);
            }
            far++;
            int slot = slot(stretch);
            Entry<K> behind = ring[slot];
            entry.heapIndex = -1 - slot;
            entry.behind = behind;
            if (behind != null) {
                behind.ahead = entry;
            }
            ring[slot] = entry;
        }

        void remove(Entry<K> entry) {
            if (entry.heapIndex >= 0) {
                near.remove(entry);
            } else {
                takeOut(entry);
            }
        }

        private void takeOut(Entry<K> entry) {
            far--;
            Entry<K> ahead = entry.ahead;
            Entry<K> behind = entry.behind;
            if (ahead == null) {
                ring[-1 - entry.heapIndex] = behind;
            } else {
                ahead.behind = behind;
            }
            if (behind != null) {
                behind.ahead = ahead;
            }
            entry.ahead = null;
            entry.behind = null;
        }

        private void comeNearer() {
            for (int turned = 0; near.size == 0; turned++) {
                // Nobody within a whole turn: to go on stretch by stretch might take years of them.
                nearest = turned == STRETCHES ? nearestOfAll() : nearest + 1;
                for (Entry<K> entry = ring[slot(nearest)]; entry != null; ) {
                    Entry<K> next = entry.behind;
                    if (stretch(entry) == nearest) {
                        takeOut(entry);
                        near.add(entry);
                    }
                    entry = next;
                }
            }
        }

        private long nearestOfAll() {
            long least = Long.MAX_VALUE;
            for (Entry<K> first : ring) {
                for (Entry<K> entry = first; entry != null; entry = entry.behind) {
                    least = Math.min(least, stretch(entry));
                }
            }
            return least;
        }

        private long stretch(Entry<K> entry) {
            return Math.floorDiv(entry.due, patience.slackNanos);
        }

        private static int slot(long stretch) {
            return (int) stretch & (STRETCHES - 1);
        }
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
            return size == 0 ? Long.MAX_VALUE : Math.max(at(0).due, last + patience.slackNanos);
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
