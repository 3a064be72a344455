// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {

    private static final Instant NOW = Instant.parse("1994-11-06T08:49:07Z");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | PT0S",
                "120 | PT2M",
                " 7  | PT7S",
                "Sun, 06 Nov 1994 08:49:37 GMT | PT30S",
                "Sunday, 06-Nov-94 08:49:37 GMT | PT30S",
                "Sun Nov  6 08:49:37 1994 | PT30S",
                "Sun, 06 Nov 1994 08:00:00 GMT | PT0S",
            })
    void secondsAndTheThreeDateFormsAreRead(String header, Duration delay) {
        assertThat(RetryAfter.parse(header, NOW)).contains(delay);
    }

    @ParameterizedTest
    @ValueSource(strings = {"99999999999", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"})
    void anAbsurdDelayIsTheLongestOne(String header) {
        assertThat(RetryAfter.parse(header, NOW)).contains(Backoff.LONGEST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-5", "soon", "1.5", "Sun, 99 Nov 1994 08:49:37 GMT", "٣"})
    void whatIsNeitherIsNothing(String header) {
        assertThat(RetryAfter.parse(header, NOW)).isEmpty();
    }

    /** The server's clock says a year long gone, or one to come: what counts is how far its two dates are apart. */
    @ParameterizedTest
    @ValueSource(strings = {"Sat, 06 Nov 1954", "Mon, 06 Nov 2056"})
    void aDateIsMeasuredFromTheAnswersOwn(String day) {
        Map<String, String> answer = Map.of("Date", day + " 08:49:07 GMT", "Retry-After", day + " 08:49:37 GMT");
        assertThat(of(answer)).contains(Duration.ofSeconds(30));
    }

    @Test
    void anAnswerWithoutADateOfItsOwnIsMeasuredFromHere() {
        String later = "Sun, 06 Nov 1994 08:49:37 GMT";
        assertThat(of(Map.of("Retry-After", later))).contains(Duration.ofSeconds(30));
        assertThat(of(Map.of("Retry-After", later, "Date", "today"))).contains(Duration.ofSeconds(30));
        assertThat(of(Map.of("Date", later))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "1234, 2, PT1.234S",
        "0, 2, PT0S",
        "999999999999999, 2, PT640511H56M49.213693951S",
        "9999999999999999, 2, PT2S",
        "-1, 2, PT2S",
        "soon, 2, PT2S",
        "1234, soon, PT1.234S",
    })
    void millisecondsAreBelievedBeforeSeconds(String milliseconds, String seconds, Duration delay) {
        assertThat(of(Map.of("Holdfast-Retry-After-Ms", milliseconds, "Retry-After", seconds)))
                .contains(delay);
    }

    private static Optional<Duration> of(Map<String, String> answer) {
        return RetryAfter.of(name -> Optional.ofNullable(answer.get(name)), NOW);
    }

    @Test
    void statusesMapToCauses() {
        assertThat(Cause.ofHttpStatus(200)).isEqualTo(Cause.PROTOCOL);
        assertThat(Cause.ofHttpStatus(301)).isEqualTo(Cause.PROTOCOL);
        assertThat(Cause.ofHttpStatus(400)).isEqualTo(Cause.REJECTED);
        assertThat(Cause.ofHttpStatus(401)).isEqualTo(Cause.AUTH);
        assertThat(Cause.ofHttpStatus(404)).isEqualTo(Cause.REJECTED);
        assertThat(Cause.ofHttpStatus(408)).isEqualTo(Cause.OVERLOAD);
        assertThat(Cause.ofHttpStatus(425)).isEqualTo(Cause.OVERLOAD);
        assertThat(Cause.ofHttpStatus(429)).isEqualTo(Cause.OVERLOAD);
        assertThat(Cause.ofHttpStatus(502)).isEqualTo(Cause.SERVER);
        assertThat(Cause.ofHttpStatus(503)).isEqualTo(Cause.OVERLOAD);
        assertThat(Cause.ofHttpStatus(999)).isEqualTo(Cause.PROTOCOL);
    }
}
