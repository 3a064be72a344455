// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers of bytes as people write them: {@code 64MiB}, {@code 1KiB}, {@code 512}. */
public final class Sizes {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,12})(B|KiB|MiB|GiB)?");

    private Sizes() {}

    /** The number of bytes, if {@code text} is a size. */
    public static Optional<Long> parse(String text) {
        Matcher size = SIZE.matcher(text);
        if (!size.matches()) {
            return Optional.empty();
        }
        int shift = size.group(2) == null ? 0 : shift(size.group(2));
        return Optional.of(Long.parseLong(size.group(1)) << shift);
    }

    /** What {@link #parse} reads as {@code bytes}, in the largest unit that divides it. */
    public static String print(long bytes) {
        for (String unit : new String[] {"GiB", "MiB", "KiB"}) {
            long divisor = 1L << shift(unit);
            if (bytes >= divisor && bytes % divisor == 0) {
                return bytes / divisor + unit;
            }
        }
        return Long.toString(bytes);
    }

    private static int shift(String unit) {
        return switch (unit) {
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            default -> 0;
        };
    }
}
