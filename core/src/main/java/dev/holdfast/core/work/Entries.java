// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The keys that are in some place, found by themselves. A hash table whose links are the entries, so that a key costs
 * no node beside its entry and leaves without being looked for again.
 */
final class Entries<K> {

    private static final int LEAST_ROOM = 16;

    /**
     * Room that is kept once it is there, 32 KiB with compressed references: a queue that fills and empties would else
     * move its keys each time, which cost a seventh of its throughput.
     */
    private static final int KEPT_ROOM = 8192;

    private @Nullable Entry<K>[] table = room(LEAST_ROOM);
    private int size;

    int size() {
        return size;
    }

    @Nullable
    Entry<K> get(K key) {
        int hash = hash(key);
        Entry<K> entry = table[hash & (table.length - 1)];
        while (entry != null && (entry.hash != hash || !entry.key.equals(key))) {
            entry = entry.next;
        }
        return entry;
    }

    /** To be called with a key that is not there. */
    void put(Entry<K> entry) {
        if (size >= table.length - (table.length >> 2)) {
            resize(table.length << 1);
        }
        size++;
        int slot = entry.hash & (table.length - 1);
        entry.next = table[slot];
        table[slot] = entry;
    }

    void remove(Entry<K> entry) {
        int slot = entry.hash & (table.length - 1);
        Entry<K> before = Objects.requireNonNull(table[slot]);
        if (before == entry) {
            table[slot] = entry.next;
        } else {
            while (before.next != entry) {
                before = Objects.requireNonNull(before.next);
            }
            before.next = entry.next;
        }
        entry.next = null;
        size--;
        if (table.length > KEPT_ROOM && size < table.length >> 3) {
            resize(table.length >> 1);
        }
    }

    List<K> keys() {
        List<K> keys = new ArrayList<>(size);
        for (Entry<K> first : table) {
            for (Entry<K> entry = first; entry != null; entry = entry.next) {
                keys.add(entry.key);
            }
        }
        return keys;
    }

    /** Hashes that differ in a few bits alone are common, and it is the low ones that choose a bucket. */
    static int hash(Object key) {
        int hash = key.hashCode();
        hash = (hash ^ (hash >>> 16)) * 0x9E3779B9;
        return hash ^ (hash >>> 16);
    }

    private void resize(int length) {
        @Nullable Entry<K>[] old = table;
        table = room(length);
        for (Entry<K> first : old) {
            for (Entry<K> entry = first; entry != null; ) {
                Entry<K> next = entry.next;
                int slot = entry.hash & (length - 1);
                entry.next = table[slot];
                table[slot] = entry;
                entry = next;
            }
        }
    }

    // There are no arrays of a generic type; what is in this one comes from put alone.
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static <K> @Nullable Entry<K>[] room(int size) {
        return new Entry[size];
    }
}
