// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.work.Outcome;
import java.util.Objects;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * A key that is added, taken, fails, and waits out its backoff until it is forgotten, on one thread. The peer hands it
 * to another thread there, and drops it where a thousand wait for that one already.
 */
public class RetriedKeyBenchmark extends KeyBenchmark {

    private static final Outcome FAILED = Outcome.retry("it fails");

    /** Ours. */
    @Benchmark
    public boolean holdfast() throws InterruptedException {
        String key = next();
        holdfast.add(key);
        Objects.requireNonNull(holdfast.take()).settle(FAILED);
        return holdfast.remove(key);
    }

    /** The Kubernetes client's. */
    @Benchmark
    public String kubernetes() throws InterruptedException {
        kubernetes.add(next());
        String key = kubernetes.get();
        kubernetes.addRateLimited(key);
        kubernetes.done(key);
        kubernetes.forget(key);
        return key;
    }
}
