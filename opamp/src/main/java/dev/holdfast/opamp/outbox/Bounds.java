// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

/** What numbers and texts of a message may be. */
final class Bounds {

    private static final int SHOWN = 80;

    private Bounds() {}

    static void requireIn(String field, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(field + ": " + value + " (expected: "
                    + (most == Long.MAX_VALUE ? ">= " + least : least + " to " + most) + ")");
        }
    }

    static void requireLength(String field, String text, int most) {
        if (text.length() > most) {
            throw new IllegalArgumentException(
                    field + ": " + text.length() + " characters (expected: <= " + most + ")");
        }
    }

    /** A text as a message may show it. */
    static String quoted(String text) {
        return '"' + (text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…") + '"';
    }

    /** A text cut to a length. */
    static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most - 1) + "…";
    }
}
