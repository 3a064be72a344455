// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.breaker.CircuitBreaker.State;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.util.LoggingLevel;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever several threads do to a breaker, it is as if they had done it one after the other. */
class CircuitBreakerLincheckTest {

    @ParameterizedTest
    @ValueSource(classes = {Consecutive.class, Within.class, ShareOfCalls.class, ShareWithin.class, Trying.class})
    void everyScheduleIsAsIfOneAfterTheOther(Class<?> operations) {
        new ModelCheckingOptions()
                .logLevel(LoggingLevel.ERROR)
                .threads(2)
                .actorsBefore(1)
                .actorsPerThread(3)
                .actorsAfter(2)
                .iterations(8)
                .invocationsPerIteration(100)
                .check(operations);
    }

    @ParameterizedTest
    @ValueSource(classes = {Consecutive.class, Within.class, ShareOfCalls.class, Trying.class})
    void underStressItIsAsIfOneAfterTheOther(Class<?> operations) {
        new StressOptions()
                .logLevel(LoggingLevel.ERROR)
                .threads(3)
                .actorsPerThread(3)
                .iterations(5)
                .invocationsPerIteration(100)
                .check(operations);
    }

    /** Where all calls share one permit. Time stands still, so that an open breaker stays open. */
    public abstract static class Shared {

        final CircuitBreaker breaker;
        private final Permit permit;

        Shared(Trip trip) {
            breaker = breaker(trip);
            permit = permit(breaker);
        }

        @Operation
        public void success() {
            permit.success();
        }

        @Operation
        public void failure() {
            permit.failure();
        }

        @Operation
        public boolean tryAcquire() {
            return breaker.tryAcquire() != null;
        }

        @Operation
        public State state() {
            return breaker.state();
        }

        @Operation
        public void probeSucceeded() {
            breaker.probeSucceeded();
        }

        @Operation
        public void forceOpen() {
            breaker.forceOpen();
        }
    }

    public static class Consecutive extends Shared {
        public Consecutive() {
            super(Trip.consecutive(2));
        }
    }

    public static class Within extends Shared {
        public Within() {
            super(Trip.within(2, Duration.ofMinutes(1)));
        }
    }

    /** After a success and a failure, so that the next failure trips it unless a success comes before. */
    public static class ShareOfCalls {

        private final CircuitBreaker breaker = breaker(Trip.shareOfCalls(0.6, 32, 3));
        private final Permit permit = permit(breaker);

        public ShareOfCalls() {
            permit.success();
            permit.failure();
        }

        @Operation
        public void success() {
            permit.success();
        }

        @Operation
        public void failure() {
            permit.failure();
        }

        @Operation
        public State state() {
            return breaker.state();
        }
    }

    /** Without successes after the first: one that comes while a failure trips the breaker may be left out. */
    public static class ShareWithin {

        private final CircuitBreaker breaker = breaker(Trip.shareWithin(0.6, Duration.ofMinutes(1), 3));
        private final Permit permit = permit(breaker);

        public ShareWithin() {
            permit.success();
        }

        @Operation
        public void failure() {
            permit.failure();
        }

        @Operation
        public State state() {
            return breaker.state();
        }
    }

    /** A half-open breaker, two of whose three trials decide. */
    @Param(name = "trial", gen = IntGen.class, conf = "0:2")
    public static class Trying {

        private final CircuitBreaker breaker;
        private final List<Permit> trials;

        public Trying() {
            BreakerPolicy policy = BreakerPolicy.of(Trip.consecutive(1), Duration.ofMinutes(1))
                    .withTrials(3, 2, Duration.ofMinutes(1));
            breaker = new CircuitBreaker(policy, () -> 0L, () -> 0L);
            permit(breaker).failure();
            breaker.probeSucceeded();
            trials = List.of(permit(breaker), permit(breaker), permit(breaker));
        }

        @Operation
        public void success(@Param(name = "trial") int trial) {
            trials.get(trial).success();
        }

        @Operation
        public void failure(@Param(name = "trial") int trial) {
            trials.get(trial).failure();
        }

        @Operation
        public void ignore(@Param(name = "trial") int trial) {
            trials.get(trial).ignore();
        }

        @Operation
        public boolean tryAcquire() {
            return breaker.tryAcquire() != null;
        }

        @Operation
        public State state() {
            return breaker.state();
        }

        @Operation
        public void reset() {
            breaker.reset();
        }
    }

    private static CircuitBreaker breaker(Trip trip) {
        return new CircuitBreaker(BreakerPolicy.of(trip, Duration.ofMinutes(1)), () -> 0L, () -> 0L);
    }

    private static Permit permit(CircuitBreaker breaker) {
        return Objects.requireNonNull(breaker.tryAcquire(), "a permit");
    }
}
