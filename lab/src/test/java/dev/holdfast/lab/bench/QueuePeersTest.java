// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.core.work.Added;
import dev.holdfast.core.work.Outcome;
import dev.holdfast.core.work.Terminal;
import dev.holdfast.core.work.Terms;
import dev.holdfast.core.work.Work;
import dev.holdfast.core.work.WorkPolicy;
import dev.holdfast.core.work.WorkQueue;
import io.kubernetes.client.extended.workqueue.DefaultDelayingQueue;
import io.kubernetes.client.extended.workqueue.DefaultRateLimitingQueue;
import io.kubernetes.client.extended.workqueue.ratelimiter.BucketRateLimiter;
import io.kubernetes.client.extended.workqueue.ratelimiter.DefaultControllerRateLimiter;
import io.kubernetes.client.extended.workqueue.ratelimiter.ItemExponentialFailureRateLimiter;
import io.kubernetes.client.extended.workqueue.ratelimiter.MaxOfRateLimiter;
import io.kubernetes.client.extended.workqueue.ratelimiter.RateLimiter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What {@code docs/policies.md} says of client-java's work queue and of this one, asked of both: a test for each row.
 */
@Timeout(20)
class QueuePeersTest {

    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    /** Ours, without jitter. */
    private final VirtualTime time = new VirtualTime();

    private final WorkPolicy policy = WorkPolicy.DEFAULT.withBackoff(Backoff.constant(MINUTE));
    private final WorkQueue<String> ours = new WorkQueue<>("peers", policy, time, () -> 0L);

    private final ExecutorService waiting =
            Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
    private final DefaultRateLimitingQueue<String> theirs =
            new DefaultRateLimitingQueue<>(waiting, new ItemExponentialFailureRateLimiter<>(HOUR, HOUR));

    @AfterEach
    void end() {
        theirs.shutDown();
        waiting.shutdownNow();
    }

    @Test
    void everyRowHasItsTestAndEveryTestItsRow() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("holdfast.root"), "docs", "policies.md"));
        String table = page.substring(page.indexOf("### Beside client-go"), page.indexOf("## Coming from "));
        Set<String> rows = Pattern.compile("\\| `(\\w+)` \\|\n")
                .matcher(table)
                .results()
                .map(row -> row.group(1))
                .collect(Collectors.toSet());
        Set<String> tests = Arrays.stream(QueuePeersTest.class.getDeclaredMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .map(java.lang.reflect.Method::getName)
                .filter(name -> !name.equals("everyRowHasItsTestAndEveryTestItsRow"))
                .collect(Collectors.toSet());
        assertThat(rows).isEqualTo(tests);
    }

    @Test
    void oneAtATime() throws InterruptedException {
        theirs.add("a");
        theirs.add("a");
        assertThat(theirs.length()).isEqualTo(1);
        assertThat(theirs.get()).isEqualTo("a");
        theirs.add("a");
        assertThat(theirs.length()).isZero();
        theirs.done("a");
        assertThat(theirs.length()).isEqualTo(1);

        ours.add("a");
        assertThat(ours.add("a")).isEqualTo(Added.MERGED);
        Work<String> work = next();
        ours.add("a");
        assertThat(ours.poll()).isNull();
        work.settle(Outcome.done());
        assertThat(next().key()).isEqualTo("a");
    }

    @Test
    void settling() throws InterruptedException {
        theirs.add("a");
        theirs.get();
        theirs.forget("a");
        theirs.add("a");
        assertThat(theirs.length()).as("never again without done").isZero();

        ours.add("a");
        Work<String> work = next();
        work.settle(Outcome.done());
        assertThatIllegalStateException().isThrownBy(() -> work.settle(Outcome.done()));
    }

    @Test
    void shutDown() throws InterruptedException {
        theirs.add("a");
        theirs.shutDown();
        theirs.add("b");
        assertThat(theirs.get()).isEqualTo("a");
        assertThat(theirs.get()).isNull();

        ours.add("a");
        ours.add("b");
        next();
        ours.close();
        assertThat(ours.poll()).isNull();
        assertThat(ours.add("c")).isEqualTo(Added.CLOSED);
    }

    @Test
    void earlierTime() throws InterruptedException {
        theirs.addAfter("a", HOUR);
        theirs.addAfter("a", Duration.ofMillis(1));
        assertThat(theirs.get()).isEqualTo("a");

        ours.add("a", Terms.after(HOUR));
        ours.add("a", Terms.after(Duration.ofMillis(20)));
        time.advance(Duration.ofMillis(20));
        assertThat(next().key()).isEqualTo("a");
    }

    @Test
    void addWhileItWaits() throws InterruptedException {
        theirs.addAfter("a", Duration.ofMillis(20));
        theirs.add("a");
        assertThat(theirs.get()).isEqualTo("a");
        theirs.done("a");
        assertThat(theirs.get()).as("once more").isEqualTo("a");

        ours.add("a", Terms.after(Duration.ofMillis(20)));
        ours.add("a");
        next().settle(Outcome.done());
        time.advance(HOUR);
        assertThat(ours.poll()).isNull();
    }

    @Test
    void delayedAdds() {
        List<Runnable> held = new ArrayList<>();
        class Unattended extends DefaultDelayingQueue<Integer> {
            Unattended() {
                super(new Held(held));
            }

            int taken() {
                return waitingForAddQueue.size();
            }
        }
        Unattended queue = new Unattended();
        for (int n = 0; n < 1_500; n++) {
            queue.addAfter(n, HOUR);
        }
        assertThat(queue.taken()).isEqualTo(1_000);
        assertThat(held).hasSize(1);

        for (int n = 0; n < 1_500; n++) {
            ours.add("key-" + n, Terms.after(HOUR));
        }
        assertThat(ours.figures().waiting()).isEqualTo(1_500);
    }

    @Test
    void capacity() {
        WorkQueue<String> small = new WorkQueue<>("peers", policy.withCapacity(1), time, () -> 0L);
        assertThat(small.add("a")).isEqualTo(Added.QUEUED);
        assertThat(small.add("b")).isEqualTo(Added.FULL);
    }

    @Test
    void addDuringBackoff() throws InterruptedException {
        theirs.add("a");
        theirs.get();
        theirs.addRateLimited("a");
        theirs.done("a");
        theirs.add("a");
        assertThat(theirs.get()).isEqualTo("a");

        ours.add("a");
        next().settle(Outcome.retry("not yet"));
        ours.add("a");
        assertThat(ours.poll()).isNull();
        assertThat(ours.hasten("a")).isTrue();
        assertThat(next().attempt()).isEqualTo(2);
    }

    @Test
    void retriesWithoutEnd() {
        IntStream.range(0, 100).forEach(n -> theirs.addRateLimited("a"));
        assertThat(theirs.numRequeues("a")).isEqualTo(100);

        ours.add("a");
        for (int n = 0; n < 11; n++) {
            time.advance(MINUTE);
            next().settle(Outcome.retry("not yet"));
        }
        time.advance(HOUR);
        assertThat(ours.poll()).isNull();
        assertThat(ours.terminals()).extracting(Terminal::key).containsExactly("a");
    }

    @Test
    void backoffByKey() {
        RateLimiter<String> backoff =
                new ItemExponentialFailureRateLimiter<>(Duration.ofMillis(5), Duration.ofSeconds(1_000));
        List<Long> millis = IntStream.range(0, 65)
                .mapToObj(n -> backoff.when("a").toMillis())
                .toList();
        assertThat(millis).startsWith(5L, 10L, 20L, 40L);
        assertThat(millis.subList(18, 64)).containsOnly(1_000_000L);
        assertThat(millis.getLast()).as("after the 65th failure").isEqualTo(5);

        assertThat(WorkPolicy.DEFAULT.backoff().delay(65, MINUTE, () -> -1L)).isBetween(Duration.ofSeconds(59), MINUTE);
        assertThat(WorkPolicy.DEFAULT.backoff().delay(Integer.MAX_VALUE, MINUTE, () -> 0L))
                .isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void rateOfAllRetries() {
        RateLimiter<Integer> standard = new DefaultControllerRateLimiter<>();
        IntStream.range(0, 100).forEach(n -> assertThat(standard.when(n)).isEqualTo(Duration.ofMillis(5)));
        assertThat(standard.when(100)).as("ten a minute").isBetween(Duration.ofSeconds(5), Duration.ofSeconds(6));
        RateLimiter<String> oneASecond = new MaxOfRateLimiter<>(List.of(
                new ItemExponentialFailureRateLimiter<>(MINUTE, MINUTE),
                new BucketRateLimiter<>(1, 1, Duration.ofSeconds(1))));
        assertThat(List.of(oneASecond.when("a"), oneASecond.when("b")))
                .as("together all the same")
                .containsOnly(MINUTE);

        WorkQueue<String> limited = new WorkQueue<>("peers", policy.withRetryRate(1, 1), time, () -> 0L);
        limited.add("a");
        limited.add("b");
        Objects.requireNonNull(limited.poll()).settle(Outcome.retry("not yet"));
        Objects.requireNonNull(limited.poll()).settle(Outcome.retry("not yet"));
        time.advance(MINUTE.plusMillis(20));
        assertThat(limited.poll()).isNotNull();
        assertThat(limited.poll()).isNull();
        time.advance(Duration.ofSeconds(1));
        assertThat(limited.poll()).isNotNull();
    }

    @Test
    void order() throws InterruptedException {
        theirs.add("a");
        theirs.add("b");
        assertThat(theirs.get()).isEqualTo("a");

        ours.add("a", Terms.NOW.withPriority(Terms.Priority.LOW));
        ours.add("b");
        ours.add("c", Terms.NOW.withPriority(Terms.Priority.HIGH));
        assertThat(List.of(next().key(), next().key(), next().key())).containsExactly("c", "b", "a");
    }

    private Work<String> next() {
        return Objects.requireNonNull(ours.poll(), "a key that is due");
    }

    /** Runs nothing of what it is given. */
    private static final class Held extends java.util.concurrent.AbstractExecutorService {

        private final List<Runnable> held;

        Held(List<Runnable> held) {
            this.held = held;
        }

        @Override
        public void execute(Runnable task) {
            held.add(task);
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return held;
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, java.util.concurrent.TimeUnit unit) {
            return true;
        }
    }
}
