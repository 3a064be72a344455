// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * One lane of one outbox, for as long as its history was not torn: with a sequence it names a record.
 *
 * @param outbox whose it is
 * @param lane its name, by {@link #LANE}
 * @param epoch 64 random bits, drawn anew when the lane and the server turn out to remember different things
 */
public record StreamId(OutboxId outbox, String lane, long epoch) {

    /** What a lane's name may be. */
    public static final String LANE = "[a-z0-9][a-z0-9._-]{0,63}";

    private static final Pattern NAME = Pattern.compile(LANE);

    /** @throws IllegalArgumentException if the lane's name is none */
    public StreamId {
        if (!NAME.matcher(lane).matches()) {
            throw new IllegalArgumentException("lane: " + Bounds.quoted(lane) + " (expected: " + LANE + ")");
        }
    }

    /** All of it in a line, such as {@code 00…0f/status/00…01}. */
    @Override
    public String toString() {
        return outbox + "/" + lane + "/" + HexFormat.of().toHexDigits(epoch);
    }
}
