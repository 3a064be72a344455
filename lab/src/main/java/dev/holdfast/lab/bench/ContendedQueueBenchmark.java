// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.work.Outcome;
import dev.holdfast.core.work.Work;
import dev.holdfast.core.work.WorkPolicy;
import dev.holdfast.core.work.WorkQueue;
import io.kubernetes.client.extended.workqueue.DefaultRateLimitingQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Keys through the queue, added by four threads and taken by four others. One operation is one key, there and back. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 10)
@Measurement(iterations = 20)
public class ContendedQueueBenchmark {

    private static final int SIDES = 4;
    private static final int KEYS_EACH = 50_000;
    private static final int KEYS = SIDES * KEYS_EACH;

    private final Integer[] keys = new Integer[KEYS];

    /** Makes the keys. */
    public ContendedQueueBenchmark() {
        for (int i = 0; i < KEYS; i++) {
            keys[i] = i;
        }
    }

    /** Takes keys until there will be no more, and says how many there were. */
    @FunctionalInterface
    private interface Consumption {
        int run() throws InterruptedException;
    }

    /** Lets what was added be taken, and no more come. */
    @FunctionalInterface
    private interface End {
        void run() throws InterruptedException;
    }

    /** Ours. */
    @Benchmark
    @OperationsPerInvocation(KEYS)
    public void holdfast() throws InterruptedException {
        try (SystemTime time = SystemTime.start("bench");
                WorkQueue<Integer> queue =
                        new WorkQueue<>("bench", WorkPolicy.DEFAULT, time, new SplittableRandom(1))) {
            run(queue::add, () -> queue.drain(Duration.ofMinutes(1)), () -> {
                int taken = 0;
                for (Work<Integer> work = queue.take(); work != null; work = queue.take()) {
                    work.settle(Outcome.done());
                    taken++;
                }
                return taken;
            });
        }
    }

    /** The Kubernetes client's. */
    @Benchmark
    @OperationsPerInvocation(KEYS)
    public void kubernetes() throws InterruptedException {
        ExecutorService waiting =
                Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
        DefaultRateLimitingQueue<Integer> queue = new DefaultRateLimitingQueue<>(waiting);
        run(queue::add, queue::shutDown, () -> {
            int taken = 0;
            for (Integer key = queue.get(); key != null; key = queue.get()) {
                queue.forget(key);
                queue.done(key);
                taken++;
            }
            return taken;
        });
        waiting.shutdownNow();
    }

    private void run(Consumer<Integer> add, End end, Consumption consumption) throws InterruptedException {
        AtomicInteger taken = new AtomicInteger();
        List<Thread> producers = new ArrayList<>();
        List<Thread> consumers = new ArrayList<>();
        for (int side = 0; side < SIDES; side++) {
            int first = side * KEYS_EACH;
            producers.add(Thread.ofPlatform().start(() -> {
                for (int i = first; i < first + KEYS_EACH; i++) {
                    add.accept(keys[i]);
                }
            }));
            consumers.add(Thread.ofPlatform().start(() -> {
                try {
                    taken.addAndGet(consumption.run());
                } catch (InterruptedException e) {
                    throw new IllegalStateException("nobody interrupts this thread", e);
                }
            }));
        }
        for (Thread producer : producers) {
            producer.join();
        }
        end.run();
        for (Thread consumer : consumers) {
            consumer.join();
        }
        if (taken.get() != KEYS) {
            throw new IllegalStateException("taken: " + taken + " (expected: " + KEYS + ")");
        }
    }
}
