// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.time;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 500ms}, {@code 15s}, {@code 1h30m}, {@code 2d}. */
public final class Durations {

    /** The longest that is taken, so that no sum of a few can overflow. */
    public static final Duration LONGEST = Duration.ofDays(365);

    private static final Pattern PARTS =
            Pattern.compile("(?:(\\d{1,9})d)?(?:(\\d{1,9})h)?(?:(\\d{1,9})m)?(?:(\\d{1,9})s)?(?:(\\d{1,9})ms)?");

    private static final long[] MILLIS = {86_400_000, 3_600_000, 60_000, 1_000, 1};
    private static final String[] UNITS = {"d", "h", "m", "s", "ms"};

    private Durations() {}

    /** The duration, if {@code text} is one. */
    public static Optional<Duration> parse(String text) {
        Matcher parts = PARTS.matcher(text);
        if (text.isEmpty() || !parts.matches()) {
            return Optional.empty();
        }
        Duration sum = Duration.ZERO;
        for (int i = 0; i < MILLIS.length; i++) {
            String count = parts.group(i + 1);
            if (count != null) {
                sum = sum.plus(Duration.ofMillis(MILLIS[i]).multipliedBy(Long.parseLong(count)));
            }
        }
        return Optional.of(sum);
    }

    /**
     * Sees to it that something takes time.
     *
     * @param name what the message calls it
     * @throws IllegalArgumentException if it is not more than zero
     */
    public static void requirePositive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: a duration > 0s, such as PT10S)");
        }
    }

    /**
     * Sees to it that something takes time, and not too much.
     *
     * @param name what the message calls it
     * @throws IllegalArgumentException if it is not more than zero, or more than {@code most}
     */
    public static void requirePositive(String name, Duration value, Duration most) {
        requirePositive(name, value);
        if (value.compareTo(most) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: <= " + most + ")");
        }
    }

    /** What {@link #parse} reads as {@code duration}, which is of whole milliseconds. */
    public static String print(Duration duration) {
        long rest = duration.toMillis();
        if (rest == 0) {
            return "0s";
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < MILLIS.length; i++) {
            if (rest >= MILLIS[i]) {
                text.append(rest / MILLIS[i]).append(UNITS[i]);
                rest %= MILLIS[i];
            }
        }
        return text.toString();
    }
}
