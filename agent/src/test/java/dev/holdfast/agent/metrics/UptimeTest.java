// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class UptimeTest {

    private static final long S = Duration.ofSeconds(1).toNanos();
    private static final Duration ALLOWED = Duration.ofSeconds(30);

    /** Monotonic clocks may begin anywhere, below zero too. */
    private static final long START = -7 * S;

    private final Uptime started = Uptime.start(START, ALLOWED);

    @Test
    void atTheStartNothingIsMissed() {
        assertThat(started.share(START)).isEqualTo(1);
        assertThat(started.share(START - 1)).isEqualTo(1);
        assertThat(started.down(START + 3 * S)).isEqualTo(3 * S);
    }

    @Test
    void whatIsAttachedIsUp() {
        Uptime attached = started.attached(START + S);

        assertThat(attached.share(START + 1000 * S)).isEqualTo(1);
        assertThat(attached.down(START + 1000 * S)).isZero();
    }

    @Test
    void aGapThatIsAllowedCountsAsUp() {
        Uptime back = started.attached(START).lost(START + 10 * S).attached(START + 40 * S);

        assertThat(back.missed()).isZero();
        assertThat(back.share(START + 100 * S)).isEqualTo(1);
    }

    @Test
    void ofALongerGapTheRestIsMissed() {
        Uptime back = started.attached(START).lost(START + 10 * S).attached(START + 50 * S);

        assertThat(back.missed()).isEqualTo(10 * S);
        assertThat(back.share(START + 100 * S)).isCloseTo(0.9, within(1e-12));
    }

    @Test
    void aGapThatLastsCountsAlready() {
        Uptime gone = started.attached(START).lost(START + 10 * S);

        assertThat(gone.share(START + 40 * S)).isEqualTo(1);
        assertThat(gone.share(START + 80 * S)).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void manyShortGapsAreNotALongOne() {
        Uptime uptime = started.attached(START);
        for (int i = 1; i <= 100; i++) {
            uptime = uptime.lost(START + i * 60L * S).attached(START + (i * 60L + 29) * S);
        }

        assertThat(uptime.share(START + 6100 * S)).isEqualTo(1);
    }

    @Test
    void whatIsToldTwiceCountsOnce() {
        Uptime twice = started.attached(START)
                .attached(START + S)
                .lost(START + 10 * S)
                .lost(START + 30 * S)
                .attached(START + 50 * S)
                .attached(START + 60 * S);

        assertThat(twice.missed()).isEqualTo(10 * S);
    }

    @Test
    void withNothingAllowedEachGapIsMissed() {
        Uptime strict = Uptime.start(START, Duration.ZERO).attached(START + 25 * S);

        assertThat(strict.share(START + 100 * S)).isCloseTo(0.75, within(1e-12));
    }
}
