// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {

    @ParameterizedTest
    @CsvSource({
        "500ms, PT0.5S, 500ms",
        "15s, PT15S, 15s",
        "5m, PT5M, 5m",
        "1h, PT1H, 1h",
        "1h30m, PT1H30M, 1h30m",
        "2d, PT48H, 2d",
        "90s, PT1M30S, 1m30s",
        "1m500ms, PT1M0.5S, 1m500ms",
        "0s, PT0S, 0s"
    })
    void areReadAndPrintedAsPeopleWriteThem(String text, Duration duration, String printed) {
        assertThat(Durations.parse(text)).contains(duration);
        assertThat(Durations.print(duration)).isEqualTo(printed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "15", "s", "-3s", "1.5s", "15 s", "15S", "1m1h", "PT15S", "9999999999s"})
    void areNothingElse(String text) {
        assertThat(Durations.parse(text)).isEmpty();
    }

    @Test
    void areReadAsPrinted() {
        for (long millis = 1; millis < 400L * 86_400_000; millis = millis * 7 + 3) {
            Duration duration = Duration.ofMillis(millis);
            assertThat(Durations.parse(Durations.print(duration))).contains(duration);
        }
    }

    @Test
    void areRequiredToBeMoreThanZeroAndNotTooMuchByName() {
        Duration most = Duration.ofDays(1);
        Durations.requirePositive("wait", Duration.ofNanos(1));
        Durations.requirePositive("wait", most, most);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Durations.requirePositive("wait", Duration.ZERO))
                .withMessage("wait: PT0S (expected: a duration > 0s, such as PT10S)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Durations.requirePositive("wait", Duration.ofSeconds(-3), most))
                .withMessage("wait: PT-3S (expected: a duration > 0s, such as PT10S)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Durations.requirePositive("wait", most.plusNanos(1), most))
                .withMessage("wait: PT24H0.000000001S (expected: <= PT24H)");
    }
}
