// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.work.Outcome;
import dev.holdfast.core.work.Work;
import java.util.Objects;
import org.openjdk.jmh.annotations.Benchmark;

/** A key through the queue and back, on one thread. */
public class QueueBenchmark extends KeyBenchmark {

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
