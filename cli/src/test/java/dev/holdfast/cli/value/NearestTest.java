// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {

    @ParameterizedTest
    @CsvSource({"abc, abc, 0", "abc, abd, 1", "abc, ab, 1", "ab, abc, 1", "kitten, sitting, 3", "'', abc, 3"})
    void distanceCountsSingleLetterEdits(String a, String b, int distance) {
        assertThat(Nearest.distance(a, b)).isEqualTo(distance);
    }

    @ParameterizedTest
    @CsvSource({"lsten, listen", "reconnect.maxdelay, reconnect.max_delay", "admn, admin"})
    void isTheWordOfTheFewestEdits(String word, String nearest) {
        assertThat(Nearest.to(word, List.of("admin", "data", "listen", "reconnect.max_delay", "reconnect.fast_delay")))
                .isEqualTo(nearest);
    }
}
