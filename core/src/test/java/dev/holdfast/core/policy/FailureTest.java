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

class FailureTest {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "120 | PT2M",
                "Thu, 01 Jan 2026 00:00:30 GMT | PT30S",
            })
    void whatTheServerAskedForIsKept(String header, Duration floor) {
        Failure failure = asked(Map.of("Retry-After", header));
        assertThat(failure.floor()).isEqualTo(floor);
        assertThat(failure.cause()).isEqualTo(Cause.OVERLOAD);
    }

    @Test
    void whatMakesNoSenseIsAsIfItWereNotSaid() {
        assertThat(asked(Map.of("Retry-After", "soon"))).isEqualTo(Failure.ofHttp(503));
        assertThat(asked(Map.of())).isEqualTo(Failure.of(Cause.OVERLOAD, "HTTP status 503"));
        assertThat(Failure.ofHttp(503).floor()).isEqualTo(Duration.ZERO);
    }

    @Test
    void otherWordsLeaveTheRestAsItIs() {
        Failure asked = asked(Map.of("Retry-After", "7"));
        assertThat(asked.withDetail("busy")).isEqualTo(new Failure(Cause.OVERLOAD, Duration.ofSeconds(7), "busy"));
    }

    /** Half of it is what a server says: it must not forge lines, clear a terminal or fill a disk. */
    @Test
    void theDetailIsOneShortLineWithoutControlCharacters() {
        String hostile = "a\r\nb\tc\u0000d\u001b[2Je\u0085f\u009bg\u2028h\u2029i\u007fj";
        assertThat(detail(hostile)).isEqualTo("a b c d [2Je f g h i j");
        assertThat(detail("only\u0085that")).isEqualTo("only that");
        assertThat(detail("only\u2028that")).isEqualTo("only that");
        assertThat(detail("only\u2029that")).isEqualTo("only that");
        assertThat(detail("x".repeat(300))).isEqualTo("x".repeat(300));
        assertThat(detail("x".repeat(301))).isEqualTo("x".repeat(299) + "…");
        assertThat(detail("x".repeat(298) + "😀😀")).isEqualTo("x".repeat(298) + "…");
        assertThat(detail("größer als 1 €, 😀")).isEqualTo("größer als 1 €, 😀");
    }

    private static String detail(String told) {
        return Failure.of(Cause.SERVER, told).detail();
    }

    private static Failure asked(Map<String, String> headers) {
        return Failure.ofHttp(503, name -> Optional.ofNullable(headers.get(name)), NOW);
    }
}
