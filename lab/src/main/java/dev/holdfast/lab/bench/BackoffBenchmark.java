// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import software.amazon.awssdk.retries.api.BackoffStrategy;

/**
 * One delay: exponential from 1 s to 60 s, jittered by half. Failsafe computes its delays inside of an execution, where
 * they cannot be called alone.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class BackoffBenchmark {

    private static final int ATTEMPTS = 10;

    private final RandomGenerator chance = new SplittableRandom(1);
    private final Backoff holdfast = Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(60))
            .withJitter(Jitter.equal());
    private final IntervalFunction resilience4j =
            IntervalFunction.ofExponentialRandomBackoff(Duration.ofSeconds(1), 2, 0.5, Duration.ofSeconds(60));
    private final BackoffStrategy aws =
            BackoffStrategy.exponentialDelayHalfJitter(Duration.ofSeconds(1), Duration.ofSeconds(60));
    private int attempt;

    private int next() {
        attempt = attempt % ATTEMPTS + 1;
        return attempt;
    }

    /** Ours. */
    @Benchmark
    public Duration holdfast() {
        return holdfast.delay(next(), Duration.ZERO, chance);
    }

    /** Resilience4j's. */
    @Benchmark
    public Long resilience4j() {
        return resilience4j.apply(next());
    }

    /** That of the AWS SDK. */
    @Benchmark
    public Duration aws() {
        return aws.computeDelay(next());
    }
}
