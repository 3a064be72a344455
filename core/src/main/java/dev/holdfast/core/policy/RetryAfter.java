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
import java.util.regex.Pattern;

/**
 * Reads the {@code Retry-After} header of HTTP (RFC 9110, section 10.2.3): seconds, or a date in any of its three
 * forms.
 */
public final class RetryAfter {

    private static final Pattern SECONDS = Pattern.compile("[0-9]+");

    /** RFC 850's two-digit year means the one within fifty years of now (RFC 9110, section 5.6.7). */
    private static final int PIVOT_YEARS = 50;

    private static final DateTimeFormatter ASCTIME =
            DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.ENGLISH);

    private RetryAfter() {}

    /**
     * The delay that a header's value asks for.
     *
     * @param value the header's value
     * @param now the date here, which a date is measured from
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
     * The date that a header's value is, in any of HTTP's three forms.
     *
     * @param value the header's value
     * @param now the date here, which the century of a two-digit year is told from
     */
    public static Optional<Instant> date(String value, Instant now) {
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
