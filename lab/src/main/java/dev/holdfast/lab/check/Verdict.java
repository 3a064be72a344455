// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

import java.util.List;

/**
 * What the checker found. What was acknowledged is delivered, a dead letter, or lost.
 *
 * @param acknowledged how many payloads were acknowledged
 * @param uncertain how many were handed over and not answered
 * @param delivered how many of those acknowledged arrived as they were
 * @param uncertainDelivered how many of the others did, which is as good as if they had not
 * @param deadLetters how many were acknowledged, did not arrive, and are dead letters
 * @param lost how many were acknowledged and are neither
 * @param duplicated how many arrived that had arrived before
 * @param outOfOrder how many arrived after one that comes later in their lane
 * @param corrupted how many bear a name that was handed over and are not what was handed over by it
 * @param misnumbered how many have another sequence than was acknowledged, or were acknowledged with one that does not
 *     rise
 * @param unknown how many arrived in a lane of a writer that no writer handed over there
 * @param findings the first of what is wrong, in words
 */
public record Verdict(
        long acknowledged,
        long uncertain,
        long delivered,
        long uncertainDelivered,
        long deadLetters,
        long lost,
        long duplicated,
        long outOfOrder,
        long corrupted,
        long misnumbered,
        long unknown,
        List<String> findings) {

    /** Whether nothing is wrong. */
    public boolean isClean() {
        return lost + duplicated + outOfOrder + corrupted + misnumbered + unknown == 0;
    }
}
