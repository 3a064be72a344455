// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.work.Outcome;
import dev.holdfast.core.work.Work;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * A key through the queue and back, on one thread. Three locks show how much of a score they are: that is what a queue
 * for several threads takes for a key that is added, taken and done, whatever it does while it has them.
 */
public class QueueBenchmark extends KeyBenchmark {

    private final ReentrantLock lock = new ReentrantLock();
    private String key = "";
    private String taken = "";

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

    /** Locked three times, for nothing. */
    @Benchmark
    public String locks() throws InterruptedException {
        lock.lock();
        try {
            key = next();
        } finally {
            lock.unlock();
        }
        lock.lockInterruptibly();
        try {
            taken = key;
        } finally {
            lock.unlock();
        }
        lock.lock();
        try {
            return taken;
        } finally {
            lock.unlock();
        }
    }
}
