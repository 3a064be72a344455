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

    @Test
    void aSummaryComesWhereSomethingWasLeftOutAndCountsAsNoLineLeftOut() {
        LineLimit limit = new LineLimit(1, Duration.ofSeconds(10), 0);
        assertThat(limit.admitSummary(0)).as("nothing to tell").isEmpty();
        assertThat(limit.admit(0)).isPresent();
        assertThat(limit.admit(0)).isEmpty();
        assertThat(limit.admit(0)).isEmpty();
        assertThat(limit.admitSummary(5 * SECOND)).as("too early").isEmpty();
        assertThat(limit.leftOut()).isEqualTo(2);
        assertThat(limit.admitSummary(10 * SECOND)).isEqualTo(OptionalLong.of(2));
        assertThat(limit.admitSummary(60 * SECOND)).as("told").isEmpty();
    }
}
