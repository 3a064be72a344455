// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.holdfast.core.breaker.BreakerPolicy;
import dev.holdfast.core.breaker.CircuitBreaker;
import dev.holdfast.core.breaker.CircuitBreaker.State;
import dev.holdfast.core.breaker.CircuitOpenException;
import dev.holdfast.core.breaker.Permit;
import dev.holdfast.core.breaker.Snapshot;
import dev.holdfast.core.breaker.Transition;
import dev.holdfast.core.breaker.Trip;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.FailedException;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What {@code docs/policies.md} says to those who come from other libraries: a test for each row. */
class PeerSemanticsTest {

    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final VirtualTime time = new VirtualTime();
    private final AtomicInteger calls = new AtomicInteger();

    @Test
    void everyRowHasItsTestAndEveryTestItsRow() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("holdfast.root"), "docs", "policies.md"));
        Set<String> rows = Pattern.compile("\\| `(\\w+)` \\|\n")
                .matcher(page.substring(page.indexOf("## Coming from ")))
                .results()
                .map(row -> row.group(1))
                .collect(Collectors.toSet());
        Set<String> tests = Arrays.stream(PeerSemanticsTest.class.getDeclaredMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .map(java.lang.reflect.Method::getName)
                .filter(name -> !name.equals("everyRowHasItsTestAndEveryTestItsRow"))
                .collect(Collectors.toSet());
        assertThat(rows).isEqualTo(tests);
    }

    @Test
    void maxAttempts() {
        assertThat(delays(policy(Backoff.constant(SECOND)).withMaxAttempts(3))).hasSize(2);
        assertThat(delays(policy(Backoff.constant(SECOND)).withMaxAttempts(1))).isEmpty();
    }

    @Test
    void maxDuration() {
        assertThat(delays(policy(Backoff.constant(SECOND)).withMaxElapsed(Duration.ofMillis(3_500))))
                .hasSize(3);
        assertThat(time.elapsed()).as("nobody waits for nothing").isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void fixedDelay() {
        assertThat(delays(policy(Backoff.constant(SECOND)).withMaxAttempts(4))).containsExactly(SECOND, SECOND, SECOND);
    }

    @Test
    void randomDelay() {
        Backoff between = Backoff.constant(Duration.ofSeconds(3)).withJitter(Jitter.proportional(1 / 3.0));
        List<Duration> delays = delays(policy(between).withMaxAttempts(200));
        assertThat(delays).allMatch(delay -> delay.toMillis() >= 2_000 && delay.toMillis() <= 4_000);
        assertThat(delays).anyMatch(delay -> delay.toMillis() < 2_200);
        assertThat(delays).anyMatch(delay -> delay.toMillis() > 3_800);
    }

    @Test
    void sharedJitter() {
        assertThat(delays(policy(Backoff.constant(SECOND).withJitter(Jitter.full()))
                        .withMaxAttempts(200)))
                .allMatch(delay -> delay.compareTo(SECOND) <= 0)
                .anyMatch(delay -> delay.toMillis() < 100)
                .anyMatch(delay -> delay.toMillis() > 900);
        assertThat(delays(policy(Backoff.constant(SECOND).withJitter(Jitter.equal()))
                        .withMaxAttempts(200)))
                .allMatch(delay -> delay.toMillis() >= 500 && delay.compareTo(SECOND) <= 0)
                .anyMatch(delay -> delay.toMillis() < 550)
                .anyMatch(delay -> delay.toMillis() > 950);
    }

    @Test
    void exponentialDelay() {
        Backoff growing = Backoff.exponential(SECOND, 3, Duration.ofSeconds(20));
        assertThat(delays(policy(growing).withMaxAttempts(5)))
                .extracting(Duration::toSeconds)
                .containsExactly(1L, 3L, 9L, 20L);
    }

    @Test
    void jitterAtTheCap() {
        Backoff growing = Backoff.exponential(SECOND, 2, Duration.ofSeconds(4)).withJitter(Jitter.proportional(0.5));
        List<Duration> atTheCap = delays(policy(growing).withMaxAttempts(200)).subList(3, 199);
        assertThat(atTheCap).doesNotHaveDuplicates().anyMatch(delay -> delay.compareTo(Duration.ofSeconds(5)) > 0);
    }

    @Test
    void delayByFailure() {
        RetryPolicy policy = policy(Backoff.constant(SECOND))
                .withLadder(Cause.TIMEOUT, Backoff.constant(Duration.ofSeconds(7)))
                .withMaxAttempts(4);
        assertThat(delays(
                        policy,
                        new IOException("reset"),
                        new java.net.SocketTimeoutException(),
                        new FailedException(new Failure(Cause.OVERLOAD, MINUTE, "asked"))))
                .containsExactly(SECOND, Duration.ofSeconds(7), MINUTE);
    }

    @Test
    void throttling() {
        RetryPolicy policy = policy(Backoff.constant(SECOND))
                .withLadder(Cause.OVERLOAD, Backoff.constant(Duration.ofSeconds(7)))
                .withMaxAttempts(3);
        assertThat(delays(policy, new IOException("reset"), new FailedException(Failure.ofHttp(429))))
                .containsExactly(SECOND, Duration.ofSeconds(7));
    }

    @Test
    void chosenExceptions() throws Exception {
        Classifier own = thrown -> thrown instanceof IllegalArgumentException
                ? Optional.of(Failure.of(Cause.SERVER, "worth another attempt"))
                : Optional.empty();
        Retry retry = retry(policy(Backoff.constant(SECOND))).withClassifier(own.or(Classifier.standard()));
        assertThat(retry.call(() -> {
                    if (calls.incrementAndGet() < 3) {
                        throw new IllegalArgumentException("of a library");
                    }
                    return "well";
                }))
                .isEqualTo("well");
    }

    @Test
    void abortingExceptions() {
        assertThat(delays(policy(Backoff.constant(SECOND)).withoutRetry(Cause.NETWORK)))
                .isEmpty();
    }

    @Test
    void badResult() throws Exception {
        Retry retry = retry(policy(Backoff.constant(SECOND)));
        assertThat(retry.call(() -> {
                    int status = calls.incrementAndGet() < 3 ? 500 : 200;
                    if (status != 200) {
                        throw new FailedException(Failure.ofHttp(status));
                    }
                    return status;
                }))
                .isEqualTo(200);
    }

    @Test
    void lastFailure() {
        assertThatThrownBy(() -> retry(policy(Backoff.constant(SECOND)).withMaxAttempts(2))
                        .call(() -> {
                            throw new IOException("attempt " + calls.incrementAndGet());
                        }))
                .isInstanceOf(IOException.class)
                .hasMessage("attempt 2")
                .hasSuppressedException(new IOException("attempt 1"));
    }

    @Test
    void retryEvents() throws Exception {
        List<String> heard = new ArrayList<>();
        RetryListener listener = new RetryListener() {
            @Override
            public void retries(Failure failure, int attempt, RetryState.Again next) {
                heard.add("retries " + attempt);
            }

            @Override
            public void gaveUp(Failure failure, int attempts, RetryState.Reason reason) {
                heard.add("gave up " + reason);
            }

            @Override
            public void succeeded(int attempts) {
                heard.add("succeeded " + attempts);
            }
        };
        Retry retry = retry(policy(Backoff.constant(SECOND)).withMaxAttempts(2)).withListener(listener);
        retry.call(() -> "well");
        assertThat(catchException(() -> retry.call(() -> {
                    throw new IOException("reset");
                })))
                .isNotNull();
        assertThat(catchException(() -> retry.call(() -> {
                    throw new FailedException(Failure.of(Cause.REJECTED, "HTTP status 404"));
                })))
                .isNotNull();
        assertThat(heard).containsExactly("succeeded 1", "retries 1", "gave up ATTEMPTS", "gave up NOT_RETRIED");
    }

    @Test
    void asyncRetry() {
        CompletableFuture<String> result = retry(policy(Backoff.constant(SECOND)))
                .callAsync(() -> calls.incrementAndGet() < 3
                        ? CompletableFuture.failedFuture(new IOException("reset"))
                        : CompletableFuture.completedFuture("well"));
        time.advance(Duration.ofSeconds(2));
        assertThat(result).isCompletedWithValue("well");
    }

    @Test
    void stepper() {
        RetryState state = RetryState.begin(time.nanoTime());
        RetryState.Next next = state.failed(
                policy(Backoff.constant(SECOND)), Failure.of(Cause.NETWORK, "reset"), time.nanoTime(), () -> 0L);
        assertThat(next).isInstanceOfSatisfying(RetryState.Again.class, again -> {
            assertThat(again.delay()).isEqualTo(SECOND);
            assertThat(again.state().attempt()).isEqualTo(2);
        });
    }

    @Test
    void budget() {
        RetryBudget budget = new RetryBudget(0.5, 1, Duration.ofSeconds(10), time::nanoTime);
        assertThat(retriesOf(budget, new FailedException(Failure.ofHttp(503))))
                .as("the floor, whatever the cause")
                .isEqualTo(10);
        assertThat(retriesOf(budget, new IOException("reset"))).isZero();
        for (int n = 0; n < 6; n++) {
            budget.success();
        }
        assertThat(retriesOf(budget, new IOException("reset")))
                .as("half of those that went well")
                .isEqualTo(3);
        time.advance(Duration.ofSeconds(11));
        assertThat(retriesOf(budget, new IOException("reset")))
                .as("time fills it, too")
                .isEqualTo(10);
    }

    @Test
    void adaptive() {
        AdaptiveThrottle throttle = new AdaptiveThrottle(2, MINUTE, time::nanoTime, new SplittableRandom(6));
        for (int n = 0; n < 200; n++) {
            if (throttle.tryAcquire()) {
                calls.incrementAndGet();
            }
        }
        assertThat(calls).as("of 200 first attempts, none of them accepted").hasValueLessThan(20);
        assertThat(time.waiting()).as("nobody waits for a turn").isZero();
    }

    @Test
    void consecutiveFailures() {
        assertThat(after(Trip.consecutive(3), "ffsff")).isEqualTo(State.CLOSED);
        assertThat(after(Trip.consecutive(3), "ffsfff")).isEqualTo(State.OPEN);
    }

    @Test
    void failuresWithinAPeriod() {
        assertThat(after(Trip.within(3, Duration.ofSeconds(4)), "f..f...f")).isEqualTo(State.CLOSED);
        assertThat(after(Trip.within(3, Duration.ofSeconds(4)), "f.sf.ssf")).isEqualTo(State.OPEN);
    }

    @Test
    void failuresOfTheLastCalls() {
        assertThat(after(Trip.shareOfCalls(3 / 5.0, 5, 5), "fffs")).isEqualTo(State.CLOSED);
        assertThat(after(Trip.shareOfCalls(3 / 5.0, 5, 5), "ssssssfff")).isEqualTo(State.OPEN);
    }

    @Test
    void rateWithinAPeriod() {
        Trip trip = Trip.shareWithin(0.5, Duration.ofSeconds(10), 4);
        assertThat(after(trip, "fff..........fs")).isEqualTo(State.CLOSED);
        assertThat(after(trip, "ss.f.f")).isEqualTo(State.OPEN);
    }

    @Test
    void rateOfTheLastCalls() {
        Trip trip = Trip.shareOfCalls(0.5, 10, 4);
        assertThat(after(trip, "fff")).isEqualTo(State.CLOSED);
        assertThat(after(trip, "fffs")).as("judged when a call fails").isEqualTo(State.CLOSED);
        assertThat(after(trip, "fffsf")).isEqualTo(State.OPEN);
    }

    @Test
    void slowCalls() {
        CircuitBreaker breaker = breaker(breaking(Trip.consecutive(1)).withSlowCall(SECOND));
        Permit permit = permit(breaker);
        time.advance(SECOND);
        permit.success();
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void openTime() {
        CircuitBreaker breaker = opened();
        assertThat(breaker.tryAcquire()).isNull();
        time.advance(MINUTE);
        assertThat(time.waiting()).as("no timer").isZero();
        assertThat(breaker.tryAcquire()).isNotNull();
        assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
    }

    @Test
    void openTimeThatGrows() {
        CircuitBreaker breaker = breaker(
                breaking(Trip.consecutive(1)).withOpenTime(Backoff.exponential(SECOND, 2, Duration.ofSeconds(4))));
        List<Duration> lengths = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            permit(breaker).failure();
            lengths.add(breaker.untilTrial());
            time.advance(breaker.untilTrial());
        }
        assertThat(lengths).extracting(Duration::toSeconds).containsExactly(1L, 2L, 4L, 4L);
        permit(breaker).failure(new Failure(Cause.OVERLOAD, MINUTE, "asked"));
        assertThat(breaker.untilTrial()).isEqualTo(MINUTE);
    }

    @Test
    void trials() {
        BreakerPolicy policy = breaking(Trip.consecutive(1)).withTrials(3, 2, MINUTE);
        assertThat(trying(policy, "sfs")).isEqualTo(State.CLOSED);
        assertThat(trying(policy, "sf")).isEqualTo(State.HALF_OPEN);
        assertThat(trying(policy, "ff")).isEqualTo(State.OPEN);
    }

    @Test
    void abandonedTrial() {
        CircuitBreaker breaker = opened();
        breaker.probeSucceeded();
        breaker.tryAcquire();
        assertThat(breaker.tryAcquire()).isNull();
        time.advance(MINUTE);
        assertThat(breaker.tryAcquire()).isNotNull();
    }

    @Test
    void manualHalfOpen() {
        CircuitBreaker breaker = opened();
        breaker.probeSucceeded();
        assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
    }

    @Test
    void forcedOpen() {
        CircuitBreaker breaker = breaker(breaking(Trip.consecutive(1)));
        breaker.forceOpen();
        time.advance(Duration.ofDays(1));
        assertThat(breaker.tryAcquire()).isNull();
        breaker.reset();
        assertThat(breaker.tryAcquire()).isNotNull();
    }

    @Test
    void disabled() {
        CircuitBreaker breaker = breaker(breaking(Trip.consecutive(1)));
        breaker.disable();
        permit(breaker).failure();
        assertThat(breaker.tryAcquire()).isNotNull();
    }

    @Test
    void ignoredFailures() {
        CircuitBreaker breaker = breaker(breaking(Trip.consecutive(1)).withIgnored(Set.of(Cause.TIMEOUT)));
        assertThat(catchException(() -> breaker.call(() -> {
                    throw new java.net.SocketTimeoutException();
                })))
                .isNotNull();
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        assertThat(catchException(() -> breaker.call(() -> {
                    throw new IOException("reset");
                })))
                .isNotNull();
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void permits() {
        CircuitBreaker breaker = opened();
        breaker.probeSucceeded();
        permit(breaker).ignore();
        assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
        permit(breaker).success();
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        permit(breaker).failure();
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void refusal() {
        CircuitOpenException refused = catchThrowableOfType(CircuitOpenException.class, opened()::acquire);
        assertThat(refused).hasMessage("OVERLOAD: not called: the circuit breaker is open for another PT1M");
        assertThat(refused.getStackTrace()).isEmpty();
    }

    @Test
    void figures() {
        CircuitBreaker breaker = breaker(breaking(Trip.shareOfCalls(0.9, 10, 10)));
        permit(breaker).failure();
        permit(breaker).success();
        assertThat(breaker.snapshot()).isEqualTo(new Snapshot(State.CLOSED, 1, 2, 0, Duration.ZERO, 0, 0));
        assertThat(opened().untilTrial()).isEqualTo(MINUTE);
    }

    @Test
    void stateEvents() {
        List<State> reached = new ArrayList<>();
        CircuitBreaker breaker = new CircuitBreaker(
                breaking(Trip.consecutive(1)),
                time::nanoTime,
                () -> 0L,
                Classifier.standard(),
                (Transition change) -> reached.add(change.to()));
        permit(breaker).failure();
        breaker.probeSucceeded();
        permit(breaker).success();
        assertThat(reached).containsExactly(State.OPEN, State.HALF_OPEN, State.CLOSED);
    }

    @Test
    void nesting() throws Exception {
        CircuitBreaker breaker = breaker(breaking(Trip.consecutive(2)));
        assertThat(retry(policy(Backoff.constant(SECOND)))
                        .call(() -> breaker.call(() -> {
                            if (calls.incrementAndGet() < 4) {
                                throw new IOException("reset");
                            }
                            return "well";
                        })))
                .isEqualTo("well");
        assertThat(time.elapsed()).as("a delay, and two open times").isEqualTo(Duration.ofSeconds(1 + 60 + 60));
    }

    private static RetryPolicy policy(Backoff backoff) {
        return RetryPolicy.of(backoff);
    }

    private Retry retry(RetryPolicy policy) {
        return new Retry(policy, time, new SplittableRandom(6));
    }

    /** The delays of a call that fails with each of these in turn, or always. */
    private List<Duration> delays(RetryPolicy policy, Exception... thrown) {
        List<Duration> delays = new ArrayList<>();
        RetryListener listener = new RetryListener() {
            @Override
            public void retries(Failure failure, int attempt, RetryState.Again next) {
                delays.add(next.delay());
            }
        };
        Exception last =
                catchException(() -> retry(policy).withListener(listener).call(() -> {
                    int call = calls.getAndIncrement();
                    throw call < thrown.length ? thrown[call] : new IOException("reset");
                }));
        assertThat(last).isNotNull();
        return delays;
    }

    /** How many retries without a delay a call gets that always fails. */
    private int retriesOf(RetryBudget budget, Exception thrown) {
        calls.set(-1);
        RetryPolicy atOnce = policy(Backoff.constant(Duration.ofNanos(1)));
        assertThat(catchException(() -> retry(atOnce).withBudget(budget).call(() -> {
                    calls.incrementAndGet();
                    throw thrown;
                })))
                .isSameAs(thrown);
        return calls.get();
    }

    private static BreakerPolicy breaking(Trip trip) {
        return BreakerPolicy.of(trip, MINUTE).withOpenTime(Backoff.constant(MINUTE));
    }

    private CircuitBreaker breaker(BreakerPolicy policy) {
        return new CircuitBreaker(policy, time::nanoTime, () -> 0L);
    }

    private CircuitBreaker opened() {
        CircuitBreaker breaker = breaker(breaking(Trip.consecutive(1)));
        permit(breaker).failure();
        return breaker;
    }

    /** What a breaker does after calls that went well (s) or failed (f), and seconds (.). */
    private State after(Trip trip, String story) {
        CircuitBreaker breaker = breaker(breaking(trip));
        play(breaker, story);
        return breaker.state();
    }

    private State trying(BreakerPolicy policy, String story) {
        CircuitBreaker breaker = breaker(policy);
        permit(breaker).failure();
        breaker.probeSucceeded();
        play(breaker, story);
        return breaker.state();
    }

    private void play(CircuitBreaker breaker, String story) {
        for (int n = 0; n < story.length(); n++) {
            switch (story.charAt(n)) {
                case 's' -> permit(breaker).success();
                case 'f' -> permit(breaker).failure();
                default -> time.advance(SECOND);
            }
        }
    }

    private static Permit permit(CircuitBreaker breaker) {
        return Objects.requireNonNull(breaker.tryAcquire(), "a permit");
    }
}
