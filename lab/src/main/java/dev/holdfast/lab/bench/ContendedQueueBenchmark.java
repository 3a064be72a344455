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
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
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

/**
 * Keys through the queue, added by four threads and taken by four others. One operation is one key, there and back.
 *
 * <p>Each producer adds its keys in batches and has two of them under way, so that a queue holds 8192 keys at most,
 * none is added again before it is done, and what is measured is a queue at work and not one that fills. What that
 * costs (a counter a key, a producer woken a batch) is the same for all. A bare queue shows how much of a score it is
 * together with one lock and the way from core to core: it finds no key again, keeps nobody from running one twice, and
 * knows neither order nor time.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 10)
@Measurement(iterations = 20)
public class ContendedQueueBenchmark {

    private static final int SIDES = 4;
    private static final int BATCH = 1024;
    private static final int UNDER_WAY = 2;
    private static final int ROUNDS = 200;
    private static final int KEYS = SIDES * ROUNDS * BATCH;

    private final List<List<Batch>> batches = new ArrayList<>();

    /** Makes the keys. */
    public ContendedQueueBenchmark() {
        for (int side = 0; side < SIDES; side++) {
            List<Batch> own = new ArrayList<>();
            for (int n = 0; n < UNDER_WAY; n++) {
                own.add(new Batch());
            }
            batches.add(own);
        }
    }

    /** What is queued. Told from others by being itself. */
    private static final class Key {
        final Batch batch;

        Key(Batch batch) {
            this.batch = batch;
        }
    }

    /** Keys that are added together, and who waits for them. */
    private static final class Batch {
        private final Key[] keys = new Key[BATCH];
        private volatile CountDownLatch left = new CountDownLatch(0);

        Batch() {
            for (int i = 0; i < BATCH; i++) {
                keys[i] = new Key(this);
            }
        }

        void add(Consumer<Key> add) throws InterruptedException {
            awaitDone();
            left = new CountDownLatch(BATCH);
            for (Key key : keys) {
                add.accept(key);
            }
        }

        void awaitDone() throws InterruptedException {
            left.await();
        }

        void done() {
            left.countDown();
        }
    }

    /** Takes keys until there will be no more, and says how many there were. */
    @FunctionalInterface
    private interface Consumption {
        int run() throws InterruptedException;
    }

    /** Something that may wait. */
    @FunctionalInterface
    private interface Waiter {
        void run() throws InterruptedException;
    }

    /** Ours. */
    @Benchmark
    @OperationsPerInvocation(KEYS)
    public void holdfast() throws InterruptedException {
        try (SystemTime time = SystemTime.start("bench");
                WorkQueue<Key> queue = new WorkQueue<>("bench", WorkPolicy.DEFAULT, time, new SplittableRandom(1))) {
            run(queue::add, () -> queue.drain(Duration.ofMinutes(1)), () -> {
                int taken = 0;
                for (Work<Key> work = queue.take(); work != null; work = queue.take()) {
                    work.settle(Outcome.done());
                    work.key().batch.done();
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
        DefaultRateLimitingQueue<Key> queue = new DefaultRateLimitingQueue<>(waiting);
        run(queue::add, queue::shutDown, () -> {
            int taken = 0;
            for (Key key = queue.get(); key != null; key = queue.get()) {
                queue.forget(key);
                queue.done(key);
                key.batch.done();
                taken++;
            }
            return taken;
        });
        waiting.shutdownNow();
    }

    /** No work queue at all: one lock, and an array. */
    @Benchmark
    @OperationsPerInvocation(KEYS)
    public void arrayBlockingQueue() throws InterruptedException {
        Key end = new Key(new Batch());
        BlockingQueue<Key> queue = new ArrayBlockingQueue<>(SIDES * UNDER_WAY * BATCH);
        run(
                queue::add,
                () -> {
                    for (int side = 0; side < SIDES; side++) {
                        queue.put(end);
                    }
                },
                () -> {
                    int taken = 0;
                    for (Key key = queue.take(); key != end; key = queue.take()) {
                        key.batch.done();
                        taken++;
                    }
                    return taken;
                });
    }

    private void run(Consumer<Key> add, Waiter end, Consumption consumption) throws InterruptedException {
        AtomicInteger taken = new AtomicInteger();
        List<Thread> producers = new ArrayList<>();
        List<Thread> consumers = new ArrayList<>();
        for (List<Batch> own : batches) {
            producers.add(start(() -> produce(own, add)));
            consumers.add(start(() -> taken.addAndGet(consumption.run())));
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

    private static Thread start(Waiter run) {
        return Thread.ofPlatform().start(() -> {
            try {
                run.run();
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody interrupts this thread", e);
            }
        });
    }

    private static void produce(List<Batch> own, Consumer<Key> add) throws InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            own.get(round % UNDER_WAY).add(add);
        }
        for (Batch batch : own) {
            batch.awaitDone();
        }
    }
}
