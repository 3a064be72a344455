// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.resilience4j.core.IntervalFunction;
import java.io.IOException;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.retries.AdaptiveRetryStrategy;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.retries.LegacyRetryStrategy;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.retries.api.AcquireInitialTokenRequest;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.retries.api.RecordSuccessRequest;
import software.amazon.awssdk.retries.api.RefreshRetryTokenRequest;
import software.amazon.awssdk.retries.api.RefreshRetryTokenResponse;
import software.amazon.awssdk.retries.api.RetryStrategy;
import software.amazon.awssdk.retries.api.RetryToken;
import software.amazon.awssdk.retries.api.TokenAcquisitionFailedException;

/** What {@code docs/policies.md} says that other libraries' retries do, asked of them. */
class RetryPeersTest {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Exception failed = new IOException("reset");
    private final Exception throttled = new ThrottledException();

    private static final class ThrottledException extends Exception {
        private static final long serialVersionUID = 1;
    }

    @Test
    void attemptsOfAws() {
        assertThat(standard().build().maxAttempts()).isEqualTo(3);
        assertThat(AdaptiveRetryStrategy.builder()
                        .retryOnException(failure -> true)
                        .treatAsThrottling(ThrottledException.class::isInstance)
                        .build()
                        .maxAttempts())
                .isEqualTo(3);
        assertThat(legacy().build().maxAttempts()).isEqualTo(4);
        assertThat(DefaultRetryStrategy.standardStrategyBuilder()
                        .retryOnException(failure -> true)
                        .treatAsThrottling(ThrottledException.class::isInstance)
                        .maxAttempts(1)
                        .build()
                        .maxAttempts())
                .isEqualTo(1);
    }

    @Test
    void withoutAPredicateAwsRetriesNothing() {
        RetryStrategy strategy = StandardRetryStrategy.builder()
                .treatAsThrottling(ThrottledException.class::isInstance)
                .build();
        assertThatThrownBy(() -> refresh(strategy, first(strategy), failed))
                .isInstanceOf(TokenAcquisitionFailedException.class);
    }

    @Test
    void delaysOfAws() {
        BackoffStrategy plain = BackoffStrategy.exponentialDelayWithoutJitter(SECOND, Duration.ofSeconds(20));
        assertThat(IntStream.rangeClosed(1, 7).mapToObj(plain::computeDelay))
                .extracting(Duration::toSeconds)
                .containsExactly(0L, 1L, 2L, 4L, 8L, 16L, 20L);
        assertThat(BackoffStrategy.fixedDelayWithoutJitter(SECOND).computeDelay(2))
                .isEqualTo(SECOND);
        assertSpread(BackoffStrategy.fixedDelay(SECOND), 2, 0, 1_000);
        assertSpread(BackoffStrategy.exponentialDelay(SECOND, SECOND), 9, 0, 1_000);
        assertSpread(BackoffStrategy.exponentialDelayHalfJitter(SECOND, SECOND), 9, 500, 1_001);
    }

    @Test
    void whatIsSuggestedIsTakenAsItIs() {
        RetryStrategy strategy = standard().build();
        for (int n = 0; n < 20; n++) {
            assertThat(strategy.refreshRetryToken(RefreshRetryTokenRequest.builder()
                                    .token(first(strategy))
                                    .failure(failed)
                                    .suggestedDelay(Duration.ofMinutes(1))
                                    .build())
                            .delay())
                    .isEqualTo(Duration.ofMinutes(1));
        }
    }

    @Test
    void throttlingHasItsOwnDelay() {
        assertLongest(standard().build(), failed, 100);
        assertLongest(standard().build(), throttled, 1_000);
        assertLongest(
                StandardRetryStrategy.builder(true)
                        .retryOnException(failure -> true)
                        .treatAsThrottling(ThrottledException.class::isInstance)
                        .build(),
                failed,
                50);
        assertLongest(legacy().build(), failed, 100);
        assertLongest(legacy().build(), throttled, 501);
    }

    @Test
    void retriesCostTokens() {
        assertThat(retriesOf(standard().build(), failed)).isEqualTo(100);
        assertThat(retriesOf(standard().build(), throttled)).isEqualTo(100);
        assertThat(retriesOf(legacy().build(), failed)).isEqualTo(100);
        assertThat(retriesOf(legacy().build(), throttled)).as("no end").isEqualTo(600);
        StandardRetryStrategy newer = StandardRetryStrategy.builder(true)
                .retryOnException(failure -> true)
                .treatAsThrottling(ThrottledException.class::isInstance)
                .build();
        assertThat(retriesOf(newer, failed)).isEqualTo(500 / 14);
        assertThat(retriesOf(newer.toBuilder().circuitBreakerEnabled(false).build(), failed))
                .isEqualTo(600);
        assertThat(first(newer)).as("first attempts cost nothing").isNotNull();
    }

    @Test
    void successGivesTokensBack() {
        RetryStrategy strategy = standard().build();
        RetryToken retried = refresh(strategy, first(strategy), failed).token();
        assertThat(retriesOf(strategy, failed)).isEqualTo(99);
        strategy.recordSuccess(RecordSuccessRequest.create(retried));
        assertThat(retriesOf(strategy, failed)).as("what its retry took").isEqualTo(1);
        for (int n = 0; n < 10; n++) {
            strategy.recordSuccess(RecordSuccessRequest.create(first(strategy)));
        }
        assertThat(retriesOf(strategy, failed)).as("one each").isEqualTo(2);
        assertThat(retriesOf(strategy, failed, "another scope")).isEqualTo(100);
    }

    @Test
    void whatEndsARetryNamesTheFailureAsItsCause() {
        RetryStrategy strategy = standard().maxAttempts(1).build();
        assertThatThrownBy(() -> refresh(strategy, first(strategy), failed))
                .isInstanceOf(TokenAcquisitionFailedException.class)
                .hasCause(failed);
    }

    @Test
    void jitterOfResilience4jCollapsesAtTheCap() {
        IntervalFunction delays = IntervalFunction.ofExponentialRandomBackoff(SECOND, 2, 0.5, Duration.ofSeconds(60));
        assertThat(IntStream.range(0, 200).mapToObj(n -> delays.apply(20))).containsOnly(60_000L);
    }

    private static StandardRetryStrategy.Builder standard() {
        return StandardRetryStrategy.builder()
                .retryOnException(failure -> true)
                .treatAsThrottling(ThrottledException.class::isInstance);
    }

    private static LegacyRetryStrategy.Builder legacy() {
        return LegacyRetryStrategy.builder()
                .retryOnException(failure -> true)
                .treatAsThrottling(ThrottledException.class::isInstance);
    }

    private static RetryToken first(RetryStrategy strategy) {
        return strategy.acquireInitialToken(AcquireInitialTokenRequest.create("scope"))
                .token();
    }

    private static RefreshRetryTokenResponse refresh(RetryStrategy strategy, RetryToken token, Throwable failure) {
        return strategy.refreshRetryToken(
                RefreshRetryTokenRequest.builder().token(token).failure(failure).build());
    }

    private static int retriesOf(RetryStrategy strategy, Throwable failure) {
        return retriesOf(strategy, failure, "scope");
    }

    /** How many calls that fail once get their retry, of 600. */
    private static int retriesOf(RetryStrategy strategy, Throwable failure, String scope) {
        for (int retries = 0; retries < 600; retries++) {
            RetryToken token = strategy.acquireInitialToken(AcquireInitialTokenRequest.create(scope))
                    .token();
            try {
                refresh(strategy, token, failure);
            } catch (TokenAcquisitionFailedException e) {
                return retries;
            }
        }
        return 600;
    }

    /** The first retry's delay comes close to {@code millis}, and stays below. */
    private static void assertLongest(RetryStrategy strategy, Throwable failure, long millis) {
        long longest = IntStream.range(0, 35)
                .mapToLong(
                        n -> refresh(strategy, first(strategy), failure).delay().toMillis())
                .max()
                .orElseThrow();
        assertThat(longest).isBetween(millis / 2, millis - 1);
    }

    private static void assertSpread(BackoffStrategy strategy, int attempt, long from, long below) {
        long[] millis = IntStream.range(0, 500)
                .mapToLong(n -> strategy.computeDelay(attempt).toMillis())
                .sorted()
                .toArray();
        long margin = (below - from) / 10;
        assertThat(millis[0]).isBetween(from, from + margin);
        assertThat(millis[499]).isBetween(below - margin, below - 1);
    }
}
