// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.storm;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.sun.management.OperatingSystemMXBean;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.work.Outcome;
import dev.holdfast.core.work.Terms;
import dev.holdfast.core.work.WorkPolicy;
import dev.holdfast.core.work.WorkQueue;
import dev.holdfast.core.work.Workers;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.LoggerFactory;

/** Keys that always fail, for a while, in this process. */
final class Storm {

    private static final int CONCURRENCY = 16;
    private static final int LOAD_KEYS = 1000;

    /** How the keys are run. */
    enum Mode {
        /** By the queue, with its defaults. */
        DEFAULTS("holdfast, defaults"),
        /** The same, with a thousand keys a second that go well in the same queue. */
        UNDER_LOAD("holdfast, defaults, beside 1,000 successes/s"),
        /** Put back at once and told in the log each time, as a queue without backoff does. */
        AT_ONCE("immediate re-queueing");

        final String told;

        Mode(String told) {
            this.told = told;
        }
    }

    private final int keys;
    private final Duration settling;
    private final Duration measured;
    private final AtomicLong attempts = new AtomicLong();
    private final AtomicLong succeeded = new AtomicLong();
    private final AtomicLong lines = new AtomicLong();

    Storm(int keys, Duration settling, Duration measured) {
        this.keys = keys;
        this.settling = settling;
        this.measured = measured;
    }

    /** How many there were in all. */
    long attempts() {
        return attempts.get();
    }

    private record Sample(long cpuNanos, long attempts, long succeeded, long lines, long nanos) {}

    StormRow run(Mode mode) throws InterruptedException {
        Logger logger = (Logger) LoggerFactory.getLogger(WorkQueue.class);
        AppenderBase<ILoggingEvent> counter = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent line) {
                lines.incrementAndGet();
            }
        };
        counter.start();
        logger.addAppender(counter);
        try (SystemTime time = SystemTime.start("storm-queue");
                SystemTime ticks = SystemTime.start("storm-load")) {
            WorkQueue<String> queue = new WorkQueue<>("storm", WorkPolicy.DEFAULT, time, new SplittableRandom(1));
            Workers<String> workers = Workers.start(
                    "storm", queue, CONCURRENCY, Classifier.standard(), (key, attempt) -> run(mode, logger, key));
            try {
                for (int i = 0; i < keys; i++) {
                    queue.add("failing-" + i);
                }
                if (mode == Mode.UNDER_LOAD) {
                    everyTenMillis(ticks, queue, 0);
                }
                // Before and after what is measured, so that looking is no part of it; the JVM tidies up after that.
                pause(settling.minus(settling.dividedBy(10)));
                long heap = heap();
                pause(settling.dividedBy(10));
                ThreadTimes threads = ThreadTimes.now();
                Sample before = sample(time);
                pause(measured);
                Sample after = sample(time);
                return row(mode, before, after, ThreadTimes.now().since(threads), heap() - heap);
            } finally {
                workers.close();
            }
        } finally {
            logger.detachAppender(counter);
        }
    }

    private Outcome run(Mode mode, Logger logger, String key) {
        if (!key.startsWith("failing")) {
            succeeded.incrementAndGet();
            return Outcome.done();
        }
        attempts.incrementAndGet();
        if (mode == Mode.AT_ONCE) {
            logger.warn("key {} failed: it always does", key);
            return Outcome.again(Duration.ZERO);
        }
        return Outcome.retry("it always fails");
    }

    private static void everyTenMillis(SystemTime ticks, WorkQueue<String> queue, int round) {
        for (int i = 0; i < 10; i++) {
            queue.add("well-" + (round * 10 + i) % LOAD_KEYS, Terms.NOW);
        }
        ticks.schedule(Duration.ofMillis(10), () -> everyTenMillis(ticks, queue, (round + 1) % LOAD_KEYS));
    }

    private static void pause(Duration length) throws InterruptedException {
        var unused = new CountDownLatch(1).await(length.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static List<String> jvm() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("-X"))
                .toList();
    }

    private static long heap() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        memory.gc();
        return memory.getHeapMemoryUsage().getUsed();
    }

    private Sample sample(SystemTime time) {
        long cpu = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
        return new Sample(cpu, attempts.get(), succeeded.get(), lines.get(), time.nanoTime());
    }

    private StormRow row(Mode mode, Sample before, Sample after, ThreadTimes threads, long heapGrowth) {
        double seconds = (after.nanos - before.nanos) / 1e9;
        long cpu = after.cpuNanos - before.cpuNanos;
        long tried = after.attempts - before.attempts;
        return new StormRow(
                mode.told,
                keys,
                seconds,
                cpu / 1e9 / seconds * 100,
                threads.percentOf(seconds),
                tried,
                tried == 0 ? 0 : cpu / 1e3 / tried,
                after.succeeded - before.succeeded,
                (after.lines - before.lines) / seconds * 60,
                heapGrowth,
                jvm());
    }
}
