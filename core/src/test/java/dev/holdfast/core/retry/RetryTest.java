// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.breaker.BreakerPolicy;
import dev.holdfast.core.breaker.CircuitBreaker;
import dev.holdfast.core.breaker.Trip;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.FailedException;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.time.Time;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Calls that are waited for. */
class RetryTest {

    private static final RetryPolicy POLICY = RetryPolicy.of(
                    Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(60)))
            .withMaxAttempts(5);

    private final VirtualTime time = new VirtualTime();
    private final Heard heard = new Heard();
    private final Retry retry = new Retry(POLICY, time, () -> 0L).withListener(heard);
    private final AtomicInteger attempts = new AtomicInteger();

    /** Writes down what it hears. */
    private static final class Heard implements RetryListener {
        final List<String> lines = new ArrayList<>();

        @Override
        public void retries(Failure failure, int attempt, RetryState.Again next) {
            lines.add("%s %s %s".formatted(failure.cause(), attempt, next.delay()));
        }

        @Override
        public void gaveUp(Failure failure, int attempts, RetryState.Reason reason) {
            lines.add("gave up %s %s %s".formatted(failure.cause(), attempts, reason));
        }

        @Override
        public void succeeded(int attempts) {
            lines.add("succeeded " + attempts);
        }
    }

    @Test
    void aCallThatGoesWellAtOnceIsMadeOnce() throws Exception {
        assertThat(retry.call(failing(0, "well"))).isEqualTo("well");
        assertThat(time.elapsed()).isZero();
        assertThat(heard.lines).containsExactly("succeeded 1");
    }

    @Test
    void aCallIsMadeAgainAfterItsDelaysUntilItGoesWell() throws Exception {
        assertThat(retry.call(failing(3, "well"))).isEqualTo("well");
        assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(1 + 2 + 4));
        assertThat(heard.lines).containsExactly("NETWORK 1 PT1S", "NETWORK 2 PT2S", "NETWORK 3 PT4S", "succeeded 4");
    }

    @Test
    void aCallMayReturnNull() throws Exception {
        assertThat(retry.<@Nullable String>call(() -> attempts.incrementAndGet() == 1 ? failed() : null))
                .isNull();
        assertThat(attempts).hasValue(2);
    }

    @Test
    void theLastFailureComesOutAndCarriesTheOthers() {
        assertThatThrownBy(() -> retry.call(failing(99, "never")))
                .hasMessage("attempt 5")
                .satisfies(thrown -> assertThat(thrown.getSuppressed())
                        .extracting(Throwable::getMessage)
                        .containsExactly("attempt 1", "attempt 2", "attempt 3", "attempt 4"));
        assertThat(heard.lines).last().isEqualTo("gave up NETWORK 5 ATTEMPTS");
        assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(1 + 2 + 4 + 8));
    }

    @Test
    void ofManyFailuresTheNewestAreCarried() {
        Retry patient = new Retry(POLICY.withMaxAttempts(1_000), time, () -> 0L);
        assertThatThrownBy(() -> patient.call(failing(9_999, "never")))
                .hasMessage("attempt 1000")
                .satisfies(thrown -> {
                    assertThat(thrown.getSuppressed()).hasSize(10);
                    assertThat(thrown.getSuppressed()[9]).hasMessage("attempt 999");
                });
    }

    @Test
    void anExceptionThatIsThrownOverAndOverDoesNotGrow() {
        IOException always = new IOException("always the same");
        for (int n = 0; n < 10; n++) {
            assertThatThrownBy(() -> retry.call(() -> {
                        throw always;
                    }))
                    .isSameAs(always);
        }
        assertThat(always.getSuppressed()).isEmpty();
    }

    @Test
    void timeUpIsTheEnd() {
        Retry limited = new Retry(POLICY.withMaxElapsed(Duration.ofSeconds(6)), time, () -> 0L).withListener(heard);
        assertThatThrownBy(() -> limited.call(failing(99, "never"))).hasMessage("attempt 3");
        assertThat(heard.lines).last().isEqualTo("gave up NETWORK 3 ELAPSED");
        assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void theTimeThatAttemptsTakeCounts() {
        Retry limited = new Retry(POLICY.withMaxElapsed(Duration.ofSeconds(6)), time, () -> 0L);
        assertThatThrownBy(() -> limited.call(() -> {
                    time.advance(Duration.ofSeconds(4));
                    throw new IOException("attempt " + attempts.incrementAndGet());
                }))
                .hasMessage("attempt 2");
    }

    @Test
    void whatTheServerAskedForIsWaitedFor() throws Exception {
        Callable<String> call = () -> {
            if (attempts.incrementAndGet() == 1) {
                throw new FailedException(new Failure(Cause.OVERLOAD, Duration.ofMinutes(2), "HTTP status 503"));
            }
            return "well";
        };
        assertThat(retry.call(call)).isEqualTo("well");
        assertThat(time.elapsed()).isEqualTo(Duration.ofMinutes(2));
    }

    @Test
    void anOpenBreakerIsWaitedFor() throws Exception {
        BreakerPolicy policy = BreakerPolicy.of(Trip.consecutive(1), Duration.ofSeconds(30))
                .withOpenTime(Backoff.constant(Duration.ofSeconds(30)));
        CircuitBreaker breaker = new CircuitBreaker(policy, time::nanoTime, () -> 0L);
        Callable<String> call = failing(1, "well");
        assertThat(retry.call(() -> breaker.call(call))).isEqualTo("well");
        assertThat(attempts).as("none while it was open").hasValue(2);
        assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void whatIsNotWorthAnotherAttemptGetsNone() {
        for (Throwable thrown : List.of(
                new FailedException(Failure.of(Cause.REJECTED, "HTTP status 404")),
                new FailedException(Failure.of(Cause.AUTH, "HTTP status 401")),
                new NullPointerException(),
                new AssertionError())) {
            attempts.set(0);
            assertThatThrownBy(() -> retry.call(throwing(thrown))).isSameAs(thrown);
            assertThat(attempts).as("%s", thrown).hasValue(1);
        }
    }

    @Test
    void anErrorInALaterAttemptCarriesWhatWasBeforeIt() {
        assertThatThrownBy(() -> retry.call(() -> {
                    if (attempts.incrementAndGet() == 1) {
                        throw new IOException("attempt 1");
                    }
                    throw new AssertionError("attempt 2");
                }))
                .isInstanceOf(AssertionError.class)
                .hasSuppressedException(new IOException("attempt 1"));
    }

    @Test
    void theBudgetMayEndIt() {
        RetryBudget budget = new RetryBudget(0, 0.2, Duration.ofSeconds(10), time::nanoTime);
        Retry limited = retry.withBudget(budget);
        assertThatThrownBy(() -> limited.call(failing(99, "never"))).hasMessage("attempt 3");
        assertThat(heard.lines).last().isEqualTo("gave up NETWORK 3 BUDGET");
    }

    @Test
    void aListenerThatThrowsSpoilsNothing() throws Exception {
        Retry told = retry.withListener(new RetryListener() {
            @Override
            public void retries(Failure failure, int attempt, RetryState.Again next) {
                throw new IllegalStateException("a listener of a test");
            }

            @Override
            public void succeeded(int attempts) {
                throw new IllegalStateException("a listener of a test");
            }
        });
        assertThat(told.call(failing(2, "well"))).isEqualTo("well");
    }

    @Test
    void aClassifierThatThrowsHidesNothing() {
        Retry unclassified = retry.withClassifier(thrown -> {
            throw new IllegalStateException("a classifier of a test");
        });
        assertThatThrownBy(() -> unclassified.call(failing(99, "never")))
                .hasMessage("attempt 1")
                .hasSuppressedException(new IllegalStateException("a classifier of a test"));
    }

    @Test
    void anInterruptInAnAttemptIsTheEnd() {
        assertThatThrownBy(() -> retry.call(() -> {
                    if (attempts.incrementAndGet() == 1) {
                        throw new IOException("attempt 1");
                    }
                    throw new InterruptedException("attempt 2");
                }))
                .isInstanceOf(InterruptedException.class)
                .hasSuppressedException(new IOException("attempt 1"));
        assertThat(attempts).hasValue(2);
    }

    @Test
    void anInterruptThatAnAttemptLeftUnheardEndsTheWait() {
        for (Time one : List.of(time, new AtOnce())) {
            attempts.set(0);
            assertThatThrownBy(() -> new Retry(POLICY, one, () -> 0L).call(() -> {
                        attempts.incrementAndGet();
                        Thread.currentThread().interrupt();
                        throw new IOException("attempt 1");
                    }))
                    .isInstanceOf(InterruptedException.class)
                    .hasSuppressedException(new IOException("attempt 1"));
            assertThat(attempts).hasValue(1);
            assertThat(Thread.interrupted()).as("told by the exception").isFalse();
        }
    }

    @Test
    void anInterruptEndsAWaitOnRealTime() throws InterruptedException {
        try (SystemTime real = SystemTime.start("retry-test")) {
            assertWaitEnds(real, Thread::interrupt);
        }
    }

    // It is closed early on purpose, and closing it twice does no harm.
    @SuppressWarnings("try")
    @Test
    void closingRealTimeEndsAWait() throws InterruptedException {
        try (SystemTime real = SystemTime.start("retry-test")) {
            assertWaitEnds(real, waiting -> real.close());
        }
    }

    private void assertWaitEnds(SystemTime real, java.util.function.Consumer<Thread> end) throws InterruptedException {
        Retry slow = new Retry(RetryPolicy.of(Backoff.constant(Duration.ofDays(1))), real, () -> 0L);
        CountDownLatch failed = new CountDownLatch(1);
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread waiting = Thread.ofVirtual().start(() -> {
            try {
                slow.call(() -> {
                    failed.countDown();
                    throw new IOException("attempt 1");
                });
            } catch (Exception e) {
                thrown.complete(e);
            }
        });
        failed.await();
        end.accept(waiting);
        assertThat(thrown.join())
                .isInstanceOf(InterruptedException.class)
                .hasSuppressedException(new IOException("attempt 1"));
    }

    @Test
    void itWorksOnAnyTime() throws Exception {
        try (SystemTime real = SystemTime.start("retry-test")) {
            Backoff quick = Backoff.constant(Duration.ofNanos(1));
            for (Time one : List.of(time, real, new AtOnce(), new Elsewhere())) {
                attempts.set(0);
                Retry retry = new Retry(RetryPolicy.of(quick), one, () -> 0L);
                assertThat(retry.call(failing(20, "well"))).isEqualTo("well");
                assertThat(attempts).as("%s", one).hasValue(21);
            }
        }
    }

    private Callable<String> throwing(Throwable thrown) {
        return () -> {
            attempts.incrementAndGet();
            if (thrown instanceof Error error) {
                throw error;
            }
            throw (Exception) thrown;
        };
    }

    private static String failed() throws IOException {
        throw new IOException("attempt 1");
    }

    private <T> Callable<T> failing(int times, T result) {
        return () -> {
            int attempt = attempts.incrementAndGet();
            if (attempt <= times) {
                throw new IOException("attempt " + attempt);
            }
            return result;
        };
    }

    /** Time whose tasks are due as soon as they are given, and run by whoever gives them. */
    static class AtOnce implements Time {

        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public Instant instant() {
            return VirtualTime.BEGINNING;
        }

        @Override
        public Scheduled schedule(Duration delay, Runnable task) {
            task.run();
            return () -> {};
        }
    }

    /** Time whose tasks are due as soon as they are given, each on a thread of its own. */
    static final class Elsewhere extends AtOnce {

        @Override
        public Scheduled schedule(Duration delay, Runnable task) {
            Thread.ofVirtual().start(task);
            return () -> {};
        }
    }
}
