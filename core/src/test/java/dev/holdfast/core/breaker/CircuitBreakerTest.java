// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.holdfast.core.breaker.CircuitBreaker.State;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.FailedException;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {

    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final VirtualTime time = new VirtualTime();
    private final List<Transition> heard = new ArrayList<>();

    @Test
    void consecutiveFailuresTripAndASuccessBetweenThemStartsOver() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(3)));
        fail(breaker, 2);
        permit(breaker).success();
        fail(breaker, 2);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        fail(breaker, 1);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
        assertThat(breaker.tryAcquire()).isNull();
    }

    @Test
    void failuresWithinAPeriodTripWhateverSucceedsBetweenThem() {
        CircuitBreaker breaker = breaker(policy(Trip.within(3, Duration.ofSeconds(10))));
        fail(breaker, 1);
        time.advance(Duration.ofSeconds(6));
        fail(breaker, 1);
        permit(breaker).success();
        time.advance(Duration.ofSeconds(5));
        fail(breaker, 1);
        assertThat(breaker.state()).as("the first is 11 s old").isEqualTo(State.CLOSED);
        time.advance(Duration.ofSeconds(5));
        fail(breaker, 1);
        assertThat(breaker.state()).as("10 s old is within 10 s").isEqualTo(State.OPEN);
    }

    @Test
    void aShareOfTheLastCallsTripsOnceThereWereEnough() {
        CircuitBreaker breaker = breaker(policy(Trip.shareOfCalls(0.5, 10, 4)));
        fail(breaker, 3);
        assertThat(breaker.state()).as("three calls say too little").isEqualTo(State.CLOSED);
        fail(breaker, 1);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void aShareThatIsReachedExactlyTrips() {
        // 0.07 × 100 is a little more than 7 in doubles.
        CircuitBreaker breaker = breaker(policy(Trip.shareOfCalls(0.07, 100, 100)));
        for (int n = 0; n < 93; n++) {
            permit(breaker).success();
        }
        fail(breaker, 6);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        fail(breaker, 1);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void aShareOfTheCallsWithinAPeriodForgetsOldOnes() {
        CircuitBreaker breaker = breaker(policy(Trip.shareWithin(0.5, Duration.ofSeconds(10), 4)));
        fail(breaker, 3);
        time.advance(Duration.ofSeconds(10));
        fail(breaker, 3);
        assertThat(breaker.state()).as("the first three are gone").isEqualTo(State.CLOSED);
        fail(breaker, 1);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void aSlowCallCountsAsFailedHoweverItWent() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(2)).withSlowCall(SECOND));
        Permit slow = permit(breaker);
        Permit quick = permit(breaker);
        time.advance(SECOND.minusNanos(1));
        quick.success();
        assertThat(breaker.snapshot().failures()).isZero();
        time.advance(Duration.ofNanos(1));
        slow.success();
        assertThat(breaker.snapshot().failures()).isEqualTo(1);
    }

    @Test
    void trialsDecideAsSoonAsTheyCan() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)).withTrials(5, 3, MINUTE));
        openAndWait(breaker);
        List<Permit> trials = new ArrayList<>();
        for (int n = 0; n < 5; n++) {
            trials.add(permit(breaker));
        }
        assertThat(breaker.tryAcquire()).as("a sixth").isNull();
        trials.get(0).failure();
        trials.get(1).failure();
        assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
        trials.get(2).failure();
        assertThat(breaker.state()).as("three can no longer go well").isEqualTo(State.OPEN);
        trials.get(3).success();
        trials.get(4).success();
        assertThat(breaker.state()).as("late ones do not count").isEqualTo(State.OPEN);
    }

    @Test
    void enoughGoodTrialsClose() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)).withTrials(3, 2, MINUTE));
        openAndWait(breaker);
        permit(breaker).failure();
        permit(breaker).success();
        permit(breaker).success();
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void anAbandonedTrialHeals() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)).withTrials(1, 1, MINUTE));
        openAndWait(breaker);
        Permit abandoned = permit(breaker);
        time.advance(MINUTE.minusNanos(1));
        assertThat(breaker.tryAcquire()).isNull();
        time.advance(Duration.ofNanos(1));
        Permit next = permit(breaker);
        abandoned.failure();
        assertThat(breaker.state()).as("its place was given away").isEqualTo(State.HALF_OPEN);
        next.success();
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void anIgnoredTrialGivesItsPlaceBack() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)));
        openAndWait(breaker);
        permit(breaker).ignore();
        assertThat(breaker.tryAcquire()).isNotNull();
    }

    @Test
    void openTimesAreJitteredAndGrowWhileTrialsFail() {
        Backoff growing = Backoff.exponential(Duration.ofSeconds(10), 2, Duration.ofSeconds(40))
                .withJitter(Jitter.proportional(0.1));
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)).withOpenTime(growing));
        List<Long> lengths = new ArrayList<>();
        fail(breaker, 1);
        for (int n = 0; n < 5; n++) {
            lengths.add(breaker.untilTrial().toMillis());
            time.advance(breaker.untilTrial());
            fail(breaker, 1);
        }
        long[] envelopes = {10_000, 20_000, 40_000, 40_000, 40_000};
        for (int n = 0; n < envelopes.length; n++) {
            assertThat(lengths.get(n)).isBetween(envelopes[n] * 9 / 10, envelopes[n] * 11 / 10);
        }
        assertThat(lengths.subList(2, 5)).as("spread at the cap").doesNotHaveDuplicates();
    }

    @Test
    void itStaysOpenAsLongAsTheOtherSideAskedFor() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(2)).withTrials(2, 2, MINUTE));
        permit(breaker).failure(new Failure(Cause.OVERLOAD, Duration.ofSeconds(90), "asked"));
        time.advance(Duration.ofSeconds(10));
        fail(breaker, 1);
        assertThat(breaker.untilTrial()).as("counted from when it asked").isEqualTo(Duration.ofSeconds(80));
        time.advance(Duration.ofSeconds(80));
        permit(breaker).failure(new Failure(Cause.OVERLOAD, Duration.ofMinutes(2), "asked"));
        assertThat(breaker.untilTrial()).isEqualTo(Duration.ofMinutes(2));
    }

    @Test
    void aRampLetsAGrowingShareThroughAfterRecovery() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)).withRamp(Duration.ofSeconds(100)));
        assertThat(passing(breaker, 100)).as("no ramp at the beginning").isEqualTo(100);
        openAndWait(breaker);
        permit(breaker).success();
        assertThat(breaker.tryAcquire()).as("the first call passes").isNotNull();
        assertThat(passing(breaker, 999)).isEqualTo(99);
        time.advance(Duration.ofSeconds(50));
        assertThat(passing(breaker, 1_000)).isBetween(549, 551);
        assertThat(longestHoldUp(breaker)).as("evenly spread").isEqualTo(1);
        time.advance(Duration.ofSeconds(50));
        assertThat(passing(breaker, 100)).isEqualTo(100);
        CircuitOpenException refused = new CircuitOpenException(State.CLOSED, Duration.ZERO);
        assertThat(refused).hasMessageContaining("just closed");
    }

    @Test
    void aGoodProbeEndsTheOpenTimeAndDoesNothingElse() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)));
        breaker.probeSucceeded();
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        fail(breaker, 1);
        breaker.probeSucceeded();
        assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
        breaker.forceOpen();
        breaker.probeSucceeded();
        assertThat(breaker.state()).isEqualTo(State.FORCED_OPEN);
    }

    @Test
    void forcedOpenAndDisabledStayUntilToldOtherwise() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)));
        breaker.forceOpen();
        time.advance(Duration.ofDays(365));
        assertThat(breaker.tryAcquire()).isNull();
        breaker.disable();
        fail(breaker, 100);
        assertThat(breaker.tryAcquire()).isNotNull();
        breaker.reset();
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        fail(breaker, 1);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void whatComesLateForAStateThatHasPassedIsNotCounted() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(2)));
        Permit early = permit(breaker);
        fail(breaker, 1);
        breaker.reset();
        early.failure();
        fail(breaker, 1);
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        assertThat(breaker.snapshot().failures()).isEqualTo(1);
    }

    @Test
    void itSaysWhatItDoesAndWhatItHasCounted() {
        CircuitBreaker breaker = breaker(policy(Trip.shareOfCalls(0.5, 10, 4)).withTrials(2, 2, MINUTE));
        permit(breaker).success();
        fail(breaker, 1);
        assertThat(breaker.snapshot()).isEqualTo(new Snapshot(State.CLOSED, 1, 2, 0, Duration.ZERO, 0, 0));
        fail(breaker, 2);
        breaker.tryAcquire();
        time.advance(SECOND);
        assertThat(breaker.snapshot()).isEqualTo(new Snapshot(State.OPEN, 0, 0, 0, Duration.ofSeconds(59), 1, 1));
        time.advance(MINUTE);
        permit(breaker).success();
        breaker.tryAcquire();
        assertThat(breaker.snapshot()).isEqualTo(new Snapshot(State.HALF_OPEN, 0, 1, 1, Duration.ZERO, 1, 1));
        assertThat(heard)
                .containsExactly(
                        new Transition(
                                State.CLOSED, State.OPEN, "it tripped: ShareOfCalls[share=0.5, calls=10, minimum=4]"),
                        new Transition(State.OPEN, State.HALF_OPEN, "its open time is over"));
    }

    @Test
    void aListenerThatThrowsSpoilsNothing() throws Exception {
        CircuitBreaker breaker = new CircuitBreaker(
                policy(Trip.consecutive(1)), time::nanoTime, () -> 0L, Classifier.standard(), change -> {
                    throw new IllegalStateException("a listener of a test");
                });
        IOException thrown = new IOException("the call's own");
        assertThatThrownBy(() -> breaker.call(() -> {
                    throw thrown;
                }))
                .isSameAs(thrown);
        assertThat(breaker.snapshot().trips()).isEqualTo(1);
        time.advance(MINUTE);
        assertThat(breaker.call(() -> "well")).isEqualTo("well");
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void aCallIsSettledByWhatItThrows() throws Exception {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(100)));
        call(breaker, new FailedException(Failure.of(Cause.REJECTED, "HTTP status 404")));
        call(breaker, new FailedException(Failure.of(Cause.AUTH, "HTTP status 401")));
        call(breaker, new IllegalArgumentException("a defect"));
        call(breaker, new InterruptedException());
        call(breaker, new CancellationException());
        call(breaker, new AssertionError());
        assertThat(breaker.snapshot().failures())
                .as("none of them says anything")
                .isZero();
        call(breaker, new IOException("reset"));
        call(breaker, new RuntimeException("who knows"));
        assertThat(breaker.snapshot().failures()).isEqualTo(2);
        assertThat(breaker.<String>call(() -> null)).isNull();
        assertThat(breaker.snapshot().failures()).isZero();
    }

    @Test
    void aClassifierThatThrowsHidesNothing() {
        CircuitBreaker breaker = new CircuitBreaker(
                policy(Trip.consecutive(1)),
                time::nanoTime,
                () -> 0L,
                thrown -> {
                    throw new IllegalStateException("a classifier of a test");
                },
                change -> {});
        IOException thrown = new IOException("the call's own");
        call(breaker, thrown);
        assertThat(thrown.getSuppressed()).hasOnlyElementsOfType(IllegalStateException.class);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void aRefusalSaysWhyAndForHowLong() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)));
        fail(breaker, 1);
        time.advance(Duration.ofSeconds(20));
        CircuitOpenException refused = catchThrowableOfType(CircuitOpenException.class, breaker::acquire);
        assertThat(refused.state()).isEqualTo(State.OPEN);
        assertThat(refused.failure().cause()).isEqualTo(Cause.OVERLOAD);
        assertThat(refused.failure().retryAfter()).isEqualTo(Duration.ofSeconds(40));
        breaker.forceOpen();
        refused = catchThrowableOfType(CircuitOpenException.class, breaker::acquire);
        assertThat(refused.state()).isEqualTo(State.FORCED_OPEN);
        assertThat(refused.failure().retryAfter()).isEqualTo(Duration.ZERO);
    }

    @Test
    void aCallWhoseResultComesLaterIsSettledThen() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)));
        CompletableFuture<String> made = new CompletableFuture<>();
        CompletableFuture<String> result = breaker.callAsync(() -> made);
        assertThat(result).isNotDone();
        made.completeExceptionally(new IOException("reset"));
        assertThatThrownBy(result::join).hasCauseInstanceOf(IOException.class);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
        CompletableFuture<String> refused = breaker.callAsync(() -> CompletableFuture.completedFuture("never made"));
        assertThatThrownBy(refused::join).hasCauseInstanceOf(CircuitOpenException.class);
        time.advance(MINUTE);
        assertThat(breaker.callAsync(() -> CompletableFuture.completedFuture("well")))
                .isCompletedWithValue("well");
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void aCallWhoseResultComesLaterCanBeCancelledAndCanFailAtOnce() {
        CircuitBreaker breaker = breaker(policy(Trip.consecutive(1)));
        CompletableFuture<String> made = new CompletableFuture<>();
        breaker.callAsync(() -> made).cancel(true);
        assertThat(made).isCancelled();
        assertThat(breaker.state()).as("calling off is no failure").isEqualTo(State.CLOSED);
        assertThatThrownBy(breaker.<String>callAsync(() -> null)::join).hasCauseInstanceOf(NullPointerException.class);
        assertThat(breaker.state())
                .as("a defect is no failure of the other side")
                .isEqualTo(State.CLOSED);
        assertThatThrownBy(breaker.<String>callAsync(() -> {
                    throw new IllegalStateException("at once");
                })::join)
                .hasCauseInstanceOf(IllegalStateException.class);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void manyMayShareAPolicy() {
        CircuitBreaker one = breaker(BreakerPolicy.LINK);
        CircuitBreaker other = breaker(BreakerPolicy.LINK);
        fail(one, 10);
        assertThat(one.state()).isEqualTo(State.OPEN);
        assertThat(one.untilTrial()).isBetween(Duration.ofSeconds(54), Duration.ofSeconds(66));
        assertThat(other.state()).isEqualTo(State.CLOSED);
    }

    private CircuitBreaker breaker(BreakerPolicy policy) {
        return new CircuitBreaker(policy, time::nanoTime, new SplittableRandom(3), Classifier.standard(), heard::add);
    }

    /** Opens for exactly a minute. */
    private static BreakerPolicy policy(Trip trip) {
        return BreakerPolicy.of(trip, MINUTE).withOpenTime(Backoff.constant(MINUTE));
    }

    private void openAndWait(CircuitBreaker breaker) {
        fail(breaker, 1);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
        time.advance(MINUTE);
    }

    private static void fail(CircuitBreaker breaker, int times) {
        for (int n = 0; n < times; n++) {
            permit(breaker).failure();
        }
    }

    private static void call(CircuitBreaker breaker, Throwable thrown) {
        assertThatThrownBy(() -> breaker.call(() -> {
                    if (thrown instanceof Error error) {
                        throw error;
                    }
                    throw (Exception) thrown;
                }))
                .isSameAs(thrown);
    }

    private static int passing(CircuitBreaker breaker, int calls) {
        int passed = 0;
        for (int n = 0; n < calls; n++) {
            passed += breaker.tryAcquire() == null ? 0 : 1;
        }
        return passed;
    }

    private static int longestHoldUp(CircuitBreaker breaker) {
        int longest = 0;
        int run = 0;
        for (int n = 0; n < 200; n++) {
            run = breaker.tryAcquire() == null ? run + 1 : 0;
            longest = Math.max(longest, run);
        }
        return longest;
    }

    private static Permit permit(CircuitBreaker breaker) {
        return Objects.requireNonNull(breaker.tryAcquire(), "a permit");
    }
}
