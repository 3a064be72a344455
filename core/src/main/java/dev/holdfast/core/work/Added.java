// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

/** What became of a key that was added. */
public enum Added {
    /** It is queued now. */
    QUEUED,
    /**
     * It was there already and will run, or, if it is running, will run once more unless this run makes it terminal.
     * What was sooner holds.
     */
    MERGED,
    /** Not taken: as many keys as the policy allows are there. */
    FULL,
    /** Not taken: the key has been given up on, and runs only when it is released. */
    TERMINAL,
    /** Not taken: the queue is closed or drains. */
    CLOSED;

    /** Whether the key was taken. */
    public boolean isTaken() {
        return this == QUEUED || this == MERGED;
    }
}
