// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Which process an agent is, as it says itself: 128 bits that it drew when it started. They tell an agent that
 * reconnects from a second one that goes by the same uid.
 */
public record AgentProcess(long high, long low) {

    private static final Pattern DIGITS = Pattern.compile("[0-9a-fA-F]{32}");

    private static final int HALF = 16;

    /** How many of the digits are shown to people. */
    private static final int SHOWN = 8;

    /**
     * Reads 32 hexadecimal digits.
     *
     * @throws IllegalArgumentException if {@code text} is anything else
     */
    public static AgentProcess parse(String text) {
        if (!DIGITS.matcher(text).matches()) {
            String shown = text.length() <= 2 * HALF ? text : text.substring(0, 2 * HALF) + "…";
            throw new IllegalArgumentException("process: \"" + shown + "\", " + text.length()
                    + " characters (expected: 128 random bits as 32 hexadecimal digits, or no such header)");
        }
        return new AgentProcess(
                HexFormat.fromHexDigitsToLong(text, 0, HALF), HexFormat.fromHexDigitsToLong(text, HALF, 2 * HALF));
    }

    /** Enough of it to tell two apart. */
    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(high).substring(0, SHOWN);
    }
}
