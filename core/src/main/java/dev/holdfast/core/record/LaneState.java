// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A lane as it is on disk.
 *
 * @param lane its name
 * @param epoch its epoch
 * @param epochAfter after which sequence this epoch began; 0 for the first
 * @param acknowledged up to where the server is known to have everything
 * @param last the newest record that is safely on disk; at least what is acknowledged
 * @param attempts what was written down last of failed attempts, or null
 */
public record LaneState(
        String lane,
        long epoch,
        long epochAfter,
        Point acknowledged,
        long last,
        @Nullable Attempts attempts) {

    /** @throws IllegalArgumentException if the sequences do not fit each other */
    public LaneState {
        if (epochAfter < 0 || epochAfter > acknowledged.sequence() || acknowledged.sequence() > last) {
            throw new IllegalArgumentException("lane " + lane + ": epoch after " + epochAfter + ", acknowledged "
                    + acknowledged.sequence() + ", last " + last + " (expected: each at least the one before it)");
        }
    }

    /** How many sequences the server is not known to have; those that will never come are among them. */
    public long waiting() {
        return last - acknowledged.sequence();
    }

    /** When the record that was refused last may be sent again; empty if none was. */
    public Optional<Instant> nextAttempt() {
        return Optional.ofNullable(attempts).map(failed -> failed.last().plus(failed.delay()));
    }
}
