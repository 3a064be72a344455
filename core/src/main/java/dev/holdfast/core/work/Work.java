// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

/**
 * A key that is being worked on, and the right to say how it went. Until it is settled the key is run by nobody else.
 * Safe for use by any thread.
 */
public final class Work<K> {

    private final WorkQueue<K> queue;
    final Entry<K> entry;
    private final int attempt;
    /** Guarded by the queue's lock. */
    boolean settled;

    Work(WorkQueue<K> queue, Entry<K> entry) {
        this.queue = queue;
        this.entry = entry;
        this.attempt = entry.failures() + 1;
    }

    /** What is to be worked on. */
    public K key() {
        return entry.key;
    }

    /** Which attempt this is since the key last went well, from 1. */
    public int attempt() {
        return attempt;
    }

    /**
     * Says how it went.
     *
     * @throws IllegalStateException if that has been said already
     */
    public void settle(Outcome outcome) {
        queue.settle(this, outcome);
    }
}
