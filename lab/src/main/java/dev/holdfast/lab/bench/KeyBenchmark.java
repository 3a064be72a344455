// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.work.WorkPolicy;
import dev.holdfast.core.work.WorkQueue;
import io.kubernetes.client.extended.workqueue.DefaultRateLimitingQueue;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Our queue and the peer's, and keys for them, on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public abstract class KeyBenchmark {

    private static final int KEYS = 1024;

    private final String[] keys = new String[KEYS];
    private int turn;
    final WorkQueue<String> holdfast =
            new WorkQueue<>("bench", WorkPolicy.DEFAULT, SystemTime.start("bench"), new SplittableRandom(1));
    private final ExecutorService waiting =
            Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
    final DefaultRateLimitingQueue<String> kubernetes = new DefaultRateLimitingQueue<>(waiting);

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

    String next() {
        turn = (turn + 1) % KEYS;
        return keys[turn];
    }
}
