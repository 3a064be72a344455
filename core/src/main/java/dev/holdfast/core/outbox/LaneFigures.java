// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import java.time.Instant;
import java.util.Optional;

/**
 * A lane at one instant.
 *
 * @param epoch which of its streams this is: 64 random bits
 * @param acked up to which sequence the other side has everything, 0 if it has nothing
 * @param ackedHash the chain hash there, 0 if it is not known
 * @param last the newest sequence, 0 if there is none
 * @param attempts how often the other side refused what stands first
 * @param nextAttempt when it is to be tried again, if it was refused
 */
public record LaneFigures(
        String name, long epoch, long acked, long ackedHash, long last, int attempts, Optional<Instant> nextAttempt) {

    /** How many sequences are not acknowledged; those that will never come are among them. */
    public long waiting() {
        return last - acked;
    }
}
