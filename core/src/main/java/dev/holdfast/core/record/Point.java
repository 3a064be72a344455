// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

/**
 * A place in a lane: two lanes with the same point hold the same records up to there.
 *
 * @param sequence a record's number in its lane, or the last number of a gap; 0 before the first record
 * @param hash the chain hash there; 0 if it is not known, which equals any other
 */
public record Point(long sequence, long hash) {

    /** Before the first record. */
    public static final Point START = new Point(0, 0);

    /** @throws IllegalArgumentException if {@code sequence} is negative */
    public Point {
        if (sequence < 0) {
            throw new IllegalArgumentException("sequence: " + sequence + " (expected: >= 0)");
        }
    }

    /** Whether the hash may be the same: one that is not known equals any. */
    public boolean hasHash(long otherHash) {
        return hash == otherHash || hash == 0 || otherHash == 0;
    }

    /** Whether both may be the same place with the same history: a hash that is not known equals any. */
    public boolean meets(Point other) {
        return sequence == other.sequence && hasHash(other.hash);
    }
}
