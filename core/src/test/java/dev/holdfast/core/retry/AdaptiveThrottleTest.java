// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AdaptiveThrottleTest {

    private final VirtualTime time = new VirtualTime();
    private final AdaptiveThrottle throttle = AdaptiveThrottle.standard(time::nanoTime, new SplittableRandom(4));

    @Test
    void whileCallsAreAcceptedNoneIsHeldBack() {
        for (int n = 0; n < 1_000; n++) {
            assertThat(throttle.tryAcquire()).isTrue();
            if (n % 2 == 0) {
                throttle.accepted();
            }
        }
        assertThat(throttle.heldBack()).isZero();
    }

    @Test
    void theProbabilityIsAsWritten() {
        assertThat(throttle.heldBack()).isZero();
        throttle.tryAcquire();
        assertThat(throttle.heldBack()).as("(1 − 0) / (1 + 1)").isEqualTo(0.5);
        throttle.accepted();
        assertThat(throttle.heldBack()).isZero();
    }

    @Test
    void theOtherSideSeesAboutTwiceWhatItAccepts() {
        int wanted = 200_000;
        int made = 0;
        int accepted = 0;
        for (int n = 1; n <= wanted; n++) {
            time.advance(Duration.ofMillis(1));
            if (throttle.tryAcquire()) {
                made++;
                // A thousand a second are wanted, and it has room for fifty.
                if (accepted < n / 20) {
                    accepted++;
                    throttle.accepted();
                }
            }
        }
        assertThat(accepted).as("all that it has room for").isGreaterThan(wanted / 20 - 100);
        assertThat((double) made / accepted).isBetween(1.8, 2.2);
    }

    @Test
    void itForgetsAfterItsPeriod() {
        for (int n = 0; n < 1_000; n++) {
            throttle.tryAcquire();
        }
        assertThat(throttle.heldBack()).isEqualTo(1_000 / 1_001.0, within(1e-9));
        time.advance(Duration.ofMinutes(2));
        assertThat(throttle.heldBack()).isZero();
    }

    @Test
    void whatIsOutOfRangeIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new AdaptiveThrottle(0.9, Duration.ofMinutes(1), time::nanoTime, new SplittableRandom(1)))
                .withMessageStartingWith("ratio: 0.9 (expected:");
    }
}
