// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Reads the {@code Retry-After} header of HTTP (RFC 9110, section 10.2.3): seconds, or a date in any of its three
 * forms.
 */
public final class RetryAfter {

    /**
     * The same in milliseconds, said by Holdfast's own server beside it, and then believed first: whole seconds bring
     * back in steps who was told to come one after the other.
     */
    public static final String MILLISECONDS_HEADER = "Holdfast-Retry-After-Ms";

    private static final Pattern MILLISECONDS = Pattern.compile("[0-9]{1,15}");

    private static final Pattern SECONDS = Pattern.compile("[0-9]+");

    /** RFC 850's two-digit year means the one within fifty years of now (RFC 9110, section 5.6.7). */
    private static final int PIVOT_YEARS = 50;

    private static final DateTimeFormatter ASCTIME =
            DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.ENGLISH);

    private RetryAfter() {}

    /**
     * The delay that an answer asks for. A date is measured from the answer's own {@code Date}, so that a clock that is
     * wrong, here or there, makes no difference.
     *
     * @param header gives the answer's first header of a name, whatever its case
     * @param now the date here, which counts if the answer bears none
     * @return nothing if it does not ask, or for what makes no sense
     */
    public static Optional<Duration> of(Function<String, Optional<String>> header, Instant now) {
        Optional<Duration> precise = header.apply(MILLISECONDS_HEADER)
                .filter(value -> MILLISECONDS.matcher(value).matches())
                .map(value -> clamp(Duration.ofMillis(Long.parseLong(value))));
        return precise.or(() -> header.apply("Retry-After").flatMap(value -> {
            Instant there =
                    header.apply("Date").flatMap(date -> date(date, now)).orElse(now);
            return parse(value, there);
        }));
    }

    /**
     * The delay that a header's value asks for.
     *
     * @param value the header's value
     * @param now what a date is measured from
     * @return zero for a date gone by, {@link Backoff#LONGEST} for anything longer than that, and nothing for a value
     *     that is neither a number of seconds nor a date
     */
    public static Optional<Duration> parse(String value, Instant now) {
        String text = value.strip();
        if (SECONDS.matcher(text).matches()) {
            // Eleven digits are some three thousand years: past LONGEST, and still far from an overflow.
            return Optional.of(clamp(text.length() > 11 ? Backoff.LONGEST : Duration.ofSeconds(Long.parseLong(text))));
        }
        return date(text, now).map(date -> clamp(Duration.between(now, date)));
    }

    /**
     * A date in any of HTTP's three forms.
     *
     * @param now the date here, which the century of a two-digit year is told from
     */
    private static Optional<Instant> date(String value, Instant now) {
        String text = value.strip();
        try {
            if (text.endsWith("GMT")) {
                return Optional.of(
                        text.contains("-")
                                ? LocalDateTime.parse(text, rfc850(now)).toInstant(ZoneOffset.UTC)
                                : ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                                        .toInstant());
            }
            return Optional.of(LocalDateTime.parse(text, ASCTIME).toInstant(ZoneOffset.UTC));
        } catch (DateTimeException neitherForm) {
            return Optional.empty();
        }
    }

    private static DateTimeFormatter rfc850(Instant now) {
        int firstYear = now.atZone(ZoneOffset.UTC).getYear() - PIVOT_YEARS;
        return new DateTimeFormatterBuilder()
                .appendPattern("EEEE, dd-MMM-")
                .appendValueReduced(ChronoField.YEAR, 2, 2, firstYear)
                .appendPattern(" HH:mm:ss 'GMT'")
                .toFormatter(Locale.ENGLISH);
    }

    private static Duration clamp(Duration delay) {
        if (delay.isNegative()) {
            return Duration.ZERO;
        }
        return delay.compareTo(Backoff.LONGEST) > 0 ? Backoff.LONGEST : delay;
    }
}
