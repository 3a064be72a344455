// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Why an attempt failed.
 *
 * @param cause what kind of failure it was
 * @param retryAfter how long the other side asked to be left alone, or null if it did not
 * @param detail what a person should know; made one line of at most {@value #MOST_DETAIL} characters, none of them a
 *     control character, since much of it is the other side's word
 */
public record Failure(Cause cause, @Nullable Duration retryAfter, String detail) implements Serializable {

    private static final int MOST_DETAIL = 300;

    private static final char LINE_SEPARATOR = '\u2028';
    private static final char PARAGRAPH_SEPARATOR = '\u2029';

    /** Control characters, those of Latin-1 among them, and what else Unicode ends a line with. */
    private static final Pattern UNPRINTABLE =
            Pattern.compile("[\\p{Cc}" + LINE_SEPARATOR + PARAGRAPH_SEPARATOR + "]+");

    private static final String MORE = "…";

    /** Makes the detail one short line. */
    public Failure {
        // Nearly every one is that already, and to look takes an eighth of what replacing does.
        detail = shortened(
                isPrintable(detail) ? detail : UNPRINTABLE.matcher(detail).replaceAll(" "));
    }

    /** One without a word from the other side on when to return. */
    public static Failure of(Cause cause, String detail) {
        return new Failure(cause, null, detail);
    }

    /** What an HTTP answer stands for that was not the one wanted, where nothing but its status is known. */
    public static Failure ofHttp(int status) {
        return of(Cause.ofHttpStatus(status), "HTTP status " + status);
    }

    /**
     * What an HTTP answer stands for that was not the one wanted, and when the other side wants to be asked again:
     * {@code Retry-After} in seconds or as a date. A date is measured from the answer's own {@code Date}, so that a
     * clock that is wrong, here or there, makes no difference. What makes no sense counts as not said.
     *
     * @param status its status
     * @param header gives the answer's first header of a name, whatever its case: {@code answer.headers()::firstValue}
     *     with the JDK's client
     * @param now the date here, which counts if the answer bears none
     */
    public static Failure ofHttp(int status, Function<String, Optional<String>> header, Instant now) {
        Duration asked = RetryAfter.of(header, now).orElse(null);
        return new Failure(Cause.ofHttpStatus(status), asked, "HTTP status " + status);
    }

    /** The same, told in other words. */
    public Failure withDetail(String told) {
        return new Failure(cause, retryAfter, told);
    }

    /** How long the other side asked to be left alone; zero if it did not. */
    public Duration floor() {
        return retryAfter == null ? Duration.ZERO : retryAfter;
    }

    private static boolean isPrintable(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c) || c == LINE_SEPARATOR || c == PARAGRAPH_SEPARATOR) {
                return false;
            }
        }
        return true;
    }

    private static String shortened(String line) {
        if (line.length() <= MOST_DETAIL) {
            return line;
        }
        int end = MOST_DETAIL - MORE.length();
        // Half of a surrogate pair is no character.
        return line.substring(0, Character.isHighSurrogate(line.charAt(end - 1)) ? end - 1 : end) + MORE;
    }
}
