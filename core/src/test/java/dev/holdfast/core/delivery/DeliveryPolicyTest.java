// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.delivery.DeliveryPolicy.AttemptLimits;
import dev.holdfast.core.delivery.DeliveryPolicy.Flight;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.Point;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class DeliveryPolicyTest {

    private static final DeliveryPolicy POLICY = DeliveryPolicy.DEFAULT;

    @Test
    void whatIsOutOfRangeIsNamed() {
        refuses(
                () -> POLICY.withAttempts(new AttemptLimits(0, Map.of(), 1, false)),
                "attempts.max: 0 (expected: >= 1)");
        refuses(
                () -> POLICY.withAttempts(new AttemptLimits(1, Map.of("a", 0), 1, false)),
                "attempts.maxOf.a: 0 (expected: >= 1)");
        refuses(
                () -> POLICY.withAttempts(new AttemptLimits(1, Map.of(), 0, false)),
                "attempts.permanent: 0 (expected: >= 1)");
        refuses(() -> POLICY.withFlight(new Flight(0, 1, 1, 1)), "flight.window: 0 (expected: >= 1)");
        refuses(() -> POLICY.withFlight(new Flight(1, 0, 1, 1)), "flight.batchItems: 0 (expected: >= 1)");
        refuses(() -> POLICY.withFlight(new Flight(1, 1, 0, 1)), "flight.batchBytes: 0 (expected: >= 1)");
        refuses(
                () -> POLICY.withFlight(new Flight(1, 1, 5, 4)),
                "flight.maxBytes: 4 (expected: >= batchBytes, which is 5)");
        refuses(() -> POLICY.withTimes(Duration.ZERO, Duration.ofHours(1)), "answerTimeout: PT0S");
        refuses(() -> POLICY.withTimes(Duration.ofSeconds(1), Duration.ofSeconds(-1)), "maxRetryAfter: PT-1S");
        refuses(() -> new LaneState("a", 1, 5, new Point(4, 0), 9, null), "lane a: epoch after 5, acknowledged 4");
        refuses(() -> new Point(-1, 0), "sequence: -1");
        refuses(() -> new Batch(3, 4, 0, 3, 3, 10), "batch: 3 to 4, 3 items");
        refuses(() -> new Batch(3, 4, 0, 2, 5, 10), "firstRecord: 5");
    }

    private static void refuses(ThrowingCallable call, String words) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(words);
    }

    @Test
    void lanesHaveAttemptsOfTheirOwn() {
        DeliveryPolicy policy = POLICY.withAttempts(new AttemptLimits(100, Map.of("system", 10), 1, false))
                .withBackoff(Backoff.constant(Duration.ofSeconds(1)));
        assertThat(policy.attempts().max("system")).isEqualTo(10);
        assertThat(policy.attempts().max("other")).isEqualTo(100);
    }

    @Test
    void everyDistinctReasonIsCountedOnOneLineAndNotWithoutEnd() {
        Instant at = Instant.EPOCH.plusSeconds(100);
        Attempts attempts = Attempts.none(1, at);
        for (int i = 0; i < Attempts.MOST + 20; i++) {
            attempts = attempts.plus("reason " + i + "\nforged line", true, at.minusSeconds(i));
        }
        assertThat(attempts.reasons()).hasSize(Attempts.MOST + 1).containsEntry(Attempts.MORE, 20);
        assertThat(attempts.reasons()).containsEntry("reason 0 forged line", 1);
        assertThat(attempts.total()).isEqualTo(Attempts.MOST + 20);
        assertThat(attempts.last()).as("where the clock was set back").isEqualTo(at);
    }
}
