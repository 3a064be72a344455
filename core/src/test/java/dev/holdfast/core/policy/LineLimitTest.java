// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class LineLimitTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    @Test
    void aBurstPassesThenOneAnIntervalSaysWhatWasLeftOut() {
        LineLimit limit = new LineLimit(3, Duration.ofSeconds(60), -5);
        for (int line = 0; line < 3; line++) {
            assertThat(limit.admit(0)).isEqualTo(OptionalLong.of(0));
        }
        for (int line = 1; line < 60; line++) {
            assertThat(limit.admit(line * SECOND)).isEmpty();
        }
        assertThat(limit.admit(60 * SECOND)).isEqualTo(OptionalLong.of(59));
        assertThat(limit.admit(61 * SECOND)).isEmpty();
    }

    @Test
    void aQuietTimeRestoresTheBurstAndNoMore() {
        LineLimit limit = new LineLimit(2, Duration.ofSeconds(1), 0);
        long later = 3_600 * SECOND;
        assertThat(limit.admit(later)).isPresent();
        assertThat(limit.admit(later)).isPresent();
        assertThat(limit.admit(later)).isEmpty();
    }
}
