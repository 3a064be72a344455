// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.work.Outcome;
import dev.holdfast.core.work.Work;
import dev.holdfast.core.work.WorkPolicy;
import dev.holdfast.core.work.WorkQueue;
import io.kubernetes.client.extended.workqueue.DefaultRateLimitingQueue;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A key through the queue and back, on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class QueueBenchmark {

    private static final int KEYS = 1024;

    private final String[] keys = new String[KEYS];
    private int turn;
    private final WorkQueue<String> holdfast =
            new WorkQueue<>("bench", WorkPolicy.DEFAULT, SystemTime.start("bench"), new SplittableRandom(1));
    private final ExecutorService waiting =
            Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
    private final DefaultRateLimitingQueue<String> kubernetes = new DefaultRateLimitingQueue<>(waiting);

    /** Makes the keys. */
    @Setup
    public void prepare() {
        for (int i = 0; i < KEYS; i++) {
            keys[i] = "agent-" + i;
        }
    }

    /** Ends the peer's thread. */
    @TearDown
    public void end() {
        kubernetes.shutDown();
        waiting.shutdownNow();
        holdfast.close();
    }

    private String next() {
        turn = (turn + 1) % KEYS;
        return keys[turn];
    }

    /** Ours: added, taken, done. */
    @Benchmark
    public String holdfast() throws InterruptedException {
        holdfast.add(next());
        Work<String> work = Objects.requireNonNull(holdfast.take());
        work.settle(Outcome.done());
        return work.key();
    }

    /** The Kubernetes client's: added, taken, done. */
    @Benchmark
    public String kubernetes() throws InterruptedException {
        kubernetes.add(next());
        String key = kubernetes.get();
        kubernetes.forget(key);
        kubernetes.done(key);
        return key;
    }
}
