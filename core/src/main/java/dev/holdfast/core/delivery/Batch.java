// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.record.Point;

/**
 * What was read of a lane for one delivery: records and gaps without a hole between them. Only its outline: the
 * payloads stay with whoever read them.
 *
 * @param first the first sequence that it covers
 * @param last the last one; less than {@code first} if nothing was there to be read
 * @param hash the chain hash at {@code last}; 0 if not known
 * @param items how many records and gaps it has
 * @param firstRecord the sequence of its first record; 0 if there are only gaps
 * @param bytes what it takes in memory and on the wire, about
 */
public record Batch(long first, long last, long hash, int items, long firstRecord, long bytes) {

    /** @throws IllegalArgumentException if the components do not fit each other */
    public Batch {
        boolean empty = last < first;
        if (first < 1 || bytes < 0 || items < 0 || empty != (items == 0) || items > last - first + 1) {
            throw new IllegalArgumentException("batch: " + first + " to " + last + ", " + items + " items, " + bytes
                    + " bytes (expected: from 1 upwards, and items only if it covers something)");
        }
        if (firstRecord != 0 && (firstRecord < first || firstRecord > last)) {
            throw new IllegalArgumentException("firstRecord: " + firstRecord + " (expected: 0, or from " + first
                    + " to " + last + ", which the batch covers)");
        }
    }

    /** Nothing was there at {@code from} or after it. */
    public static Batch empty(long from) {
        return new Batch(from, from - 1, 0, 0, 0, 0);
    }

    boolean isEmpty() {
        return items == 0;
    }

    Point end() {
        return new Point(last, hash);
    }
}
