// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.breaker.BreakerPolicy;
import dev.holdfast.core.breaker.CircuitBreaker;
import dev.holdfast.core.breaker.Permit;
import dev.holdfast.core.breaker.Trip;
import dev.holdfast.core.time.SystemTime;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowSynchronizationStrategy;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A permit and its success, while all is well. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class BreakerBenchmark {

    /**
     * What the breaker counts: {@code consecutive} failures (Failsafe's default), or the {@code share} of failures
     * among the last 100 calls (Resilience4j's default). Resilience4j has no such thing as the first.
     */
    @Param({"consecutive", "share"})
    public String trip = "";

    private final SystemTime time = SystemTime.start("bench");
    private CircuitBreaker holdfast = breaker(Trip.consecutive(10));
    private dev.failsafe.CircuitBreaker<Object> failsafe = dev.failsafe.CircuitBreaker.ofDefaults();
    private final io.github.resilience4j.circuitbreaker.CircuitBreaker resilience4j =
            resilience4j(SlidingWindowSynchronizationStrategy.SYNCHRONIZED);
    private final io.github.resilience4j.circuitbreaker.CircuitBreaker resilience4jLockFree =
            resilience4j(SlidingWindowSynchronizationStrategy.LOCK_FREE);

    /** Makes the breakers. */
    @Setup
    public void prepare() {
        if (trip.equals("share")) {
            holdfast = breaker(Trip.shareOfCalls(0.5, 100, 100));
            failsafe = dev.failsafe.CircuitBreaker.builder()
                    .withFailureThreshold(50, 100)
                    .build();
        } else {
            holdfast = breaker(Trip.consecutive(10));
            failsafe = dev.failsafe.CircuitBreaker.builder()
                    .withFailureThreshold(10)
                    .build();
        }
    }

    private CircuitBreaker breaker(Trip trip) {
        return new CircuitBreaker(
                BreakerPolicy.of(trip, Duration.ofSeconds(60)), time::nanoTime, new SplittableRandom(1));
    }

    private static io.github.resilience4j.circuitbreaker.CircuitBreaker resilience4j(
            SlidingWindowSynchronizationStrategy strategy) {
        return io.github.resilience4j.circuitbreaker.CircuitBreaker.of(
                "bench",
                CircuitBreakerConfig.custom()
                        .slidingWindow(100, 100, SlidingWindowType.COUNT_BASED, strategy)
                        .build());
    }

    /** Ours. */
    @Benchmark
    public boolean holdfast() {
        Permit permit = holdfast.tryAcquire();
        if (permit == null) {
            return false;
        }
        permit.success();
        return true;
    }

    /** Failsafe's. */
    @Benchmark
    public boolean failsafe() {
        boolean permitted = failsafe.tryAcquirePermit();
        if (permitted) {
            failsafe.recordSuccess();
        }
        return permitted;
    }

    /** Resilience4j's. */
    @Benchmark
    public boolean resilience4j() {
        return call(resilience4j);
    }

    /** Resilience4j's with its lock-free window. */
    @Benchmark
    public boolean resilience4jLockFree() {
        return call(resilience4jLockFree);
    }

    private static boolean call(io.github.resilience4j.circuitbreaker.CircuitBreaker breaker) {
        boolean permitted = breaker.tryAcquirePermission();
        if (permitted) {
            breaker.onSuccess(1, TimeUnit.MILLISECONDS);
        }
        return permitted;
    }
}
