// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeExecutor;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.retry.Retry;
import dev.holdfast.core.retry.RetryPolicy;
import dev.holdfast.core.time.SystemTime;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A retry around a call that goes well at once. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class RetryBenchmark {

    private int value = 42;

    private final Retry holdfast =
            new Retry(RetryPolicy.of(Backoff.LINK), SystemTime.start("bench"), new SplittableRandom(1));
    private final FailsafeExecutor<Integer> failsafe = Failsafe.with(dev.failsafe.RetryPolicy.ofDefaults());
    private final io.github.resilience4j.retry.Retry resilience4j =
            io.github.resilience4j.retry.Retry.ofDefaults("bench");

    /** Ours. */
    @Benchmark
    public Integer holdfast() throws Exception {
        return holdfast.call(() -> value);
    }

    /** Failsafe's. */
    @Benchmark
    public Integer failsafe() {
        return failsafe.get(() -> value);
    }

    /** Resilience4j's. */
    @Benchmark
    public Integer resilience4j() throws Exception {
        return resilience4j.executeCallable(() -> value);
    }
}
