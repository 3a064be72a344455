// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

/**
 * A place in a stream.
 *
 * @param sequence how many records come up to here, gaps included; 0 is the beginning
 * @param hash the chain hash there; 0 at the beginning and where it is not known
 */
public record Point(long sequence, long hash) {

    /** Before the first record. */
    public static final Point START = new Point(0, 0);

    /** @throws IllegalArgumentException if the sequence is negative */
    public Point {
        Bounds.requireIn("sequence", sequence, 0, Long.MAX_VALUE);
    }

    /** Whether both may be the same place with the same history: a hash that is not known equals any. */
    public boolean meets(Point other) {
        return sequence == other.sequence && (hash == other.hash || hash == 0 || other.hash == 0);
    }
}
