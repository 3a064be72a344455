// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.holdfast.core.breaker.BreakerPolicy;
import dev.holdfast.core.breaker.CircuitBreaker;
import dev.holdfast.core.breaker.Permit;
import dev.holdfast.core.breaker.Trip;
import dev.holdfast.core.time.VirtualTime;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** While all is well, breakers and retries leave nothing for the garbage collector. */
class NoAllocationTest {

    private static final int WARM_UP = 20_000;
    private static final int CALLS = 200_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final VirtualTime TIME = new VirtualTime();

    static Stream<Trip> trips() {
        Duration minute = Duration.ofMinutes(1);
        return Stream.of(
                Trip.consecutive(3),
                Trip.within(3, minute),
                Trip.shareOfCalls(0.5, 100, 10),
                Trip.shareWithin(0.5, minute, 10));
    }

    @ParameterizedTest
    @MethodSource("trips")
    void aPermitAndItsSuccess(Trip trip) {
        CircuitBreaker breaker = breaker(trip);
        assertThat(bytesPerCall(() -> {
                    Permit permit = breaker.tryAcquire();
                    if (permit != null) {
                        permit.success();
                    }
                }))
                .isLessThan(1);
    }

    @ParameterizedTest
    @MethodSource("trips")
    void aCallThroughABreaker(Trip trip) {
        CircuitBreaker breaker = breaker(trip);
        Callable<String> call = () -> "well";
        Callable<String> guarded = () -> breaker.call(call);
        assertThat(bytesPerCall(() -> unchecked(guarded))).isLessThan(1);
    }

    @Test
    void aRetryThatGoesWellAtOnce() {
        Retry retry = new Retry(RetryPolicy.CHECK_IN.withMaxElapsed(Duration.ofMinutes(1)), TIME, () -> 0L)
                .withBudget(RetryBudget.standard(TIME::nanoTime));
        Callable<String> call = () -> "well";
        Callable<String> retried = () -> retry.call(call);
        assertThat(bytesPerCall(() -> unchecked(retried))).isLessThan(1);
    }

    @Test
    void theMeasureSeesAnObject() {
        Object[] last = new Object[1];
        assertThat(bytesPerCall(() -> last[0] = new Object())).isGreaterThanOrEqualTo(8);
        assertThat(last[0]).isNotNull();
    }

    private static CircuitBreaker breaker(Trip trip) {
        return new CircuitBreaker(BreakerPolicy.of(trip, Duration.ofMinutes(1)), TIME::nanoTime, () -> 0L);
    }

    private static double bytesPerCall(Runnable call) {
        repeat(call, WARM_UP);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        repeat(call, CALLS);
        return (double) (THREADS.getCurrentThreadAllocatedBytes() - before) / CALLS;
    }

    private static void repeat(Runnable call, int times) {
        for (int n = 0; n < times; n++) {
            call.run();
        }
    }

    private static void unchecked(Callable<?> call) {
        try {
            call.call();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
