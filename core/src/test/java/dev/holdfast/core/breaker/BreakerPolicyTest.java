// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.holdfast.core.policy.Cause;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class BreakerPolicyTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final BreakerPolicy POLICY = BreakerPolicy.of(Trip.consecutive(3), MINUTE);

    @Test
    void whatIsOutOfRangeIsNamed() {
        assertRefused(() -> Trip.consecutive(0), "failures: 0 (expected: 1 to ");
        assertRefused(() -> Trip.within(10_001, MINUTE), "failures: 10001 (expected: 1 to 10000)");
        assertRefused(() -> Trip.within(1, Duration.ZERO), "period: PT0S (expected: ");
        assertRefused(() -> Trip.shareOfCalls(0, 1, 1), "share: 0.0 (expected: > 0 and <= 1");
        assertRefused(() -> Trip.shareOfCalls(Double.NaN, 1, 1), "share: NaN (expected: > 0 and <= 1");
        assertRefused(() -> Trip.shareOfCalls(1, 1_000_001, 1), "calls: 1000001 (expected: 1 to 1000000)");
        assertRefused(() -> Trip.shareOfCalls(1, 5, 6), "minimum: 6 (expected: 1 to 5)");
        assertRefused(() -> Trip.shareWithin(1, Duration.ofNanos(1), 1), "period: PT0.000000001S (expected: PT0.001S");
        assertRefused(() -> BreakerPolicy.of(Trip.consecutive(1), Duration.ZERO), "initial: PT0S (expected: ");
        assertRefused(() -> POLICY.withSlowCall(Duration.ofSeconds(-1)), "slowCall: PT-1S (expected: ");
        assertRefused(() -> POLICY.withRamp(Duration.ofSeconds(-1)), "ramp: PT-1S (expected: ");
        assertRefused(() -> POLICY.withTrials(0, 1, MINUTE), "trials: 0 (expected: >= 1)");
        assertRefused(() -> POLICY.withTrials(2, 3, MINUTE), "successes: 3 (expected: 1 to trials, which is 2)");
        assertRefused(() -> POLICY.withTrials(2, 2, Duration.ZERO), "trialTimeout: PT0S (expected: ");
    }

    @Test
    void theLinksDefaultIsAsWritten() {
        assertThat(BreakerPolicy.LINK.trip()).isEqualTo(Trip.within(10, Duration.ofMinutes(5)));
        assertThat(BreakerPolicy.LINK.openTime().envelope(7)).isEqualTo(MINUTE);
        assertThat(BreakerPolicy.LINK.ignored()).isEmpty();
        assertThat(POLICY.ignored()).containsExactlyInAnyOrder(Cause.REJECTED, Cause.AUTH);
    }

    private static void assertRefused(ThrowingCallable made, String message) {
        assertThatIllegalArgumentException().isThrownBy(made).withMessageStartingWith(message);
    }
}
