// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.work.Terms.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Workers on real threads and a real clock. Keys, delays and outcomes come from one seed, {@code -Dholdfast.seed=N}
 * plays another; how the threads meet does not.
 */
// A yield makes it likelier that threads meet; nothing relies on it.
@SuppressWarnings("ThreadPriorityCheck")
@Timeout(60)
class WorkersTest {

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);

    /** Retries within milliseconds, and for ever. */
    private static final WorkPolicy QUICK = WorkPolicy.DEFAULT
            .withBackoff(Backoff.exponential(Duration.ofMillis(1), 2, Duration.ofMillis(8)))
            .withMaxRetries(Integer.MAX_VALUE);

    private final SystemTime time = SystemTime.start("work-test");
    private final WorkQueue<Integer> queue = new WorkQueue<>("tasks", QUICK, time, new SplittableRandom(SEED));

    @AfterEach
    void close() {
        queue.close();
        time.close();
    }

    @Test
    void everyKeyRunsAfterItWasLastAddedAndNeverTwiceAtATime() throws InterruptedException {
        int keys = 3_000;
        Ledger ledger = new Ledger(keys);
        try (Workers<Integer> workers =
                Workers.start("worker", queue, 16, Classifier.standard(), (key, attempt) -> ledger.run(key))) {
            List<Thread> adders = new ArrayList<>();
            for (int n = 0; n < 4; n++) {
                SplittableRandom chance = new SplittableRandom(SEED + n);
                adders.add(Thread.ofPlatform().start(() -> {
                    for (int add = 0; add < 15_000; add++) {
                        ledger.add(queue, chance.nextInt(keys), chance);
                        if (add % 500 == 0) {
                            queue.pause();
                            Thread.yield();
                            queue.resume();
                        }
                    }
                }));
            }
            for (Thread adder : adders) {
                adder.join();
            }
            ledger.allGoesWell.set(true);
            assertThat(ledger.awaitQuiet(queue)).as("left %s", queue.figures()).isTrue();
            assertThat(workers.drain(Duration.ofSeconds(30))).isEmpty();
        }
        assertThat(ledger.faults).as("seed %s", SEED).isEmpty();
        for (int key = 0; key < keys; key++) {
            assertThat(ledger.seen.get(key)).as("key %s, seed %s", key, SEED).isEqualTo(ledger.added.get(key));
        }
        assertThat(queue.figures()).isEqualTo(new WorkQueue.Figures(0, 0, 0, 0, 0));
    }

    /** Says of each key how often it was added, and how often it had been when it last ran. */
    private static final class Ledger {
        final AtomicIntegerArray added;
        final AtomicIntegerArray seen;
        final AtomicIntegerArray running;
        final AtomicBoolean allGoesWell = new AtomicBoolean();
        final ConcurrentHashMap<String, Integer> faults = new ConcurrentHashMap<>();
        final Semaphore runs = new Semaphore(0);
        private final SplittableRandom outcomes = new SplittableRandom(SEED);

        Ledger(int keys) {
            added = new AtomicIntegerArray(keys);
            seen = new AtomicIntegerArray(keys);
            running = new AtomicIntegerArray(keys);
        }

        void add(WorkQueue<Integer> queue, int key, SplittableRandom chance) {
            added.incrementAndGet(key);
            Terms terms = Terms.NOW.withPriority(chance.nextBoolean() ? Priority.HIGH : Priority.LOW);
            if (chance.nextInt(3) == 0) {
                terms = Terms.after(Duration.ofMillis(chance.nextInt(20)));
            }
            if (!queue.add(key, terms).isTaken()) {
                faults.put("not taken", key);
            }
        }

        Outcome run(int key) {
            if (running.incrementAndGet(key) != 1) {
                faults.put("run by two", key);
            }
            int before = added.get(key);
            Thread.yield();
            seen.set(key, before);
            running.decrementAndGet(key);
            runs.release();
            if (allGoesWell.get()) {
                return Outcome.done();
            }
            int chance;
            synchronized (outcomes) {
                chance = outcomes.nextInt(8);
            }
            return switch (chance) {
                case 0 -> Outcome.again(Duration.ofMillis(3));
                case 1 -> Outcome.again(Duration.ZERO);
                case 2 -> Outcome.retry("no");
                case 3 -> throw new IllegalStateException("no");
                case 4 -> throw new AssertionError("no");
                default -> Outcome.done();
            };
        }

        boolean awaitQuiet(WorkQueue<?> queue) throws InterruptedException {
            runs.drainPermits();
            for (int wait = 0; wait < 3_000; wait++) {
                WorkQueue.Figures figures = queue.figures();
                if (figures.ready() + figures.waiting() + figures.running() == 0) {
                    return true;
                }
                boolean ignored = runs.tryAcquire(10, TimeUnit.MILLISECONDS);
            }
            return false;
        }
    }

    @Test
    void asManyKeysAreWorkedOnAtATimeAsSaidAndNoMore() throws InterruptedException {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch threeRun = new CountDownLatch(3);
        CountDownLatch done = new CountDownLatch(100);
        try (Workers<Integer> workers = Workers.start("worker", queue, 3, Classifier.standard(), (key, attempt) -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            threeRun.countDown();
            threeRun.await();
            running.decrementAndGet();
            done.countDown();
            return Outcome.done();
        })) {
            // One alarm for all, when the workers wait: each has to wake the next.
            for (int key = 0; key < 100; key++) {
                queue.add(key, Terms.after(Duration.ofMillis(30)));
            }
            assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(workers.drain(Duration.ofSeconds(30))).isEmpty();
        }
        assertThat(most).hasValue(3);
    }

    @Test
    void nothingBeginsWhileItIsPaused() throws InterruptedException {
        AtomicBoolean resumed = new AtomicBoolean();
        AtomicInteger early = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(100);
        try (Workers<Integer> workers = Workers.start("worker", queue, 4, Classifier.standard(), (key, attempt) -> {
            early.addAndGet(resumed.get() ? 0 : 1);
            done.countDown();
            return Outcome.done();
        })) {
            queue.pause();
            for (int key = 0; key < 100; key++) {
                queue.add(key);
            }
            assertThat(queue.figures().ready()).isEqualTo(100);
            resumed.set(true);
            queue.resume();
            assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(workers.drain(Duration.ofSeconds(30))).isEmpty();
        }
        assertThat(early).hasValue(0);
    }

    @Test
    void drainingWaitsForWhatIsDueAndWhatRuns() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicInteger ran = new AtomicInteger();
        try (Workers<Integer> workers = Workers.start("worker", queue, 2, Classifier.standard(), (key, attempt) -> {
            begun.countDown();
            Thread.yield();
            ran.incrementAndGet();
            return Outcome.done();
        })) {
            for (int key = 0; key < 1_000; key++) {
                queue.add(key);
            }
            queue.add(-1, Terms.after(Duration.ofHours(1)));
            begun.await();
            assertThat(workers.drain(Duration.ofSeconds(30))).containsExactly(-1);
        }
        assertThat(ran).hasValue(1_000);
    }

    @Test
    void drainingEndsAtItsDeadlineAndInterruptsWhatStillRuns() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Workers<Integer> workers =
                Workers.start("worker", queue, 1, Classifier.standard(), blocker(begun, interrupted));
        queue.add(1);
        queue.add(2);
        begun.await();
        assertThat(workers.drain(Duration.ofMillis(20))).containsExactlyInAnyOrder(1, 2);
        assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(queue.take()).isNull();
    }

    @Test
    void closingInterruptsWhatRunsAndItsKeyIsNoLongerRun() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Workers<Integer> workers =
                Workers.start("worker", queue, 1, Classifier.standard(), blocker(begun, interrupted));
        queue.add(1);
        begun.await();
        workers.close();
        assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(queue.add(1)).isEqualTo(Added.CLOSED);
        assertThat(queue.take()).isNull();
    }

    @Test
    void aDrainThatIsInterruptedClosesTheQueueAllTheSame() throws InterruptedException {
        queue.add(1);
        Work<Integer> running = Objects.requireNonNull(queue.poll());
        AtomicBoolean wasInterrupted = new AtomicBoolean();
        Thread drains = Thread.ofPlatform().start(() -> {
            try {
                queue.drain(Duration.ofHours(1));
            } catch (InterruptedException e) {
                wasInterrupted.set(true);
            }
        });
        drains.interrupt();
        drains.join();
        assertThat(wasInterrupted).isTrue();
        assertThat(queue.take()).isNull();
        running.settle(Outcome.done());
    }

    /** With one worker: had it died, or its key stayed with it, nothing would run after that. */
    @Test
    void whateverAHandlerDoesItsKeyComesBackAndTheWorkerGoesOn() throws InterruptedException {
        List<Workers.Handler<Integer>> ways = List.of(
                (key, attempt) -> {
                    throw new Exception("checked");
                },
                (key, attempt) -> {
                    throw new OutOfMemoryError("of its own");
                },
                (key, attempt) -> {
                    throw new Error("some other") {};
                },
                (key, attempt) -> overflow(0),
                (key, attempt) -> {
                    throw new InterruptedException("without being");
                },
                (key, attempt) -> nothing(),
                (key, attempt) -> {
                    Thread.currentThread().interrupt();
                    return Outcome.retry("leaves its thread interrupted");
                },
                (key, attempt) -> {
                    throw new UnsupportedOperationException("the classifier chokes on it");
                });
        CountDownLatch wentWell = new CountDownLatch(ways.size());
        Classifier choosy = thrown -> {
            if (thrown instanceof UnsupportedOperationException) {
                throw new AssertionError("unable");
            }
            return Classifier.standard().classify(thrown);
        };
        try (Workers<Integer> workers = Workers.start("worker", queue, 1, choosy, (key, attempt) -> {
            if (attempt == 1) {
                return ways.get(key).run(key, attempt);
            }
            wentWell.countDown();
            return Outcome.done();
        })) {
            for (int key = 0; key < ways.size(); key++) {
                queue.add(key);
            }
            assertThat(wentWell.await(30, TimeUnit.SECONDS))
                    .as("left %s", queue.figures())
                    .isTrue();
            assertThat(workers.drain(Duration.ofSeconds(30))).isEmpty();
        }
        assertThat(queue.figures()).isEqualTo(new WorkQueue.Figures(0, 0, 0, 0, 0));
    }

    @Test
    void noWakeUpIsLostHoweverManyTakersAreInterrupted() throws InterruptedException {
        int keys = 20_000;
        CountDownLatch taken = new CountDownLatch(keys);
        AtomicBoolean open = new AtomicBoolean(true);
        List<Thread> takers = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            takers.add(Thread.ofPlatform().start(() -> takeAll(taken)));
        }
        Thread interrupter = Thread.ofPlatform().start(() -> {
            while (open.get()) {
                takers.forEach(Thread::interrupt);
                Thread.yield();
            }
        });
        for (int key = 0; key < keys; key++) {
            queue.add(key, key % 3 == 0 ? Terms.after(Duration.ofNanos(key)) : Terms.NOW);
            if (key % 16 == 0) {
                Thread.yield();
            }
        }
        // From here on nobody adds, so a taker that was not woken would not be woken again.
        open.set(false);
        interrupter.join();
        assertThat(taken.await(30, TimeUnit.SECONDS))
                .as("left %s", queue.figures())
                .isTrue();
        queue.close();
        for (Thread taker : takers) {
            taker.join();
        }
    }

    private void takeAll(CountDownLatch taken) {
        boolean more = true;
        while (more) {
            try {
                Work<Integer> work = queue.take();
                more = work != null;
                if (work != null) {
                    work.settle(Outcome.done());
                    taken.countDown();
                }
            } catch (InterruptedException e) {
                // That is what it is about: it takes again.
            }
        }
    }

    @Test
    void whoeverWaitsInTakeIsToldThatTheQueueIsClosed() throws InterruptedException {
        AtomicInteger ended = new AtomicInteger();
        List<Thread> takers = new ArrayList<>();
        for (int n = 0; n < 8; n++) {
            takers.add(Thread.ofVirtual().start(() -> {
                takeAll(new CountDownLatch(0));
                ended.incrementAndGet();
            }));
        }
        queue.close();
        for (Thread taker : takers) {
            taker.join();
        }
        assertThat(ended).hasValue(8);
    }

    @Test
    void workersNeedAtLeastOne() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Workers.start("worker", queue, 0, Classifier.standard(), (key, n) -> Outcome.done()))
                .withMessage("concurrency: 0 (expected: >= 1)");
    }

    private static Workers.Handler<Integer> blocker(CountDownLatch begun, CountDownLatch interrupted) {
        return (key, attempt) -> {
            begun.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
            return Outcome.done();
        };
    }

    private static Outcome overflow(int depth) {
        return depth < 0 ? Outcome.done() : overflow(depth + 1 & Integer.MAX_VALUE);
    }

    // As a handler without null checks may end.
    @SuppressWarnings("NullAway")
    private static Outcome nothing() {
        @Nullable Outcome nothing = null;
        return nothing;
    }
}
