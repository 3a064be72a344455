// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.work.Terms;
import dev.holdfast.core.work.WorkPolicy;
import dev.holdfast.core.work.WorkQueue;
import dev.holdfast.lab.print.Row;
import io.kubernetes.client.extended.workqueue.DefaultDelayingQueue;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** How much heap a key takes that waits, beyond the key itself. */
final class WaitingKeys {

    static final String NAME = "waiting-keys";

    private static final Duration DELAY = Duration.ofHours(1);

    private final Integer[] keys;

    private WaitingKeys(int count) {
        keys = new Integer[count];
        for (int i = 0; i < count; i++) {
            keys[i] = i;
        }
    }

    static List<Row> measure(int count) {
        WaitingKeys waiting = new WaitingKeys(count);
        double ours = waiting.bytesEach(waiting::holdfast);
        double kubernetes = waiting.bytesEach(waiting::kubernetes);
        double delayQueue = waiting.bytesEach(waiting::delayQueue);
        return List.of(row(ours, "kubernetes", kubernetes), row(ours, "DelayQueue", delayQueue));
    }

    private static Row row(double ours, String peer, double theirs) {
        return Row.lower(NAME, ours, "bytes/key", peer, theirs);
    }

    private double bytesEach(Supplier<Object> full) {
        long before = used();
        Object held = full.get();
        try {
            return (double) (used() - before) / keys.length;
        } finally {
            Reference.reachabilityFence(held);
        }
    }

    private static long used() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        for (int i = 0; i < 4; i++) {
            memory.gc();
        }
        return memory.getHeapMemoryUsage().getUsed();
    }

    private Object holdfast() {
        SystemTime time = SystemTime.start("bench");
        WorkQueue<Integer> queue =
                new WorkQueue<>("bench", WorkPolicy.DEFAULT.withCapacity(keys.length), time, new SplittableRandom(1));
        for (int i = 0; i < keys.length; i++) {
            if (!queue.add(keys[i], Terms.after(DELAY.plusMillis(i % 1000))).isTaken()) {
                throw new IllegalStateException("key " + i + " was not taken");
            }
        }
        return queue;
    }

    /** Its thread takes keys over one by one, and drops those that come faster than it does: it is waited for. */
    private Object kubernetes() {
        Handover queue = new Handover(
                Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory()));
        for (int i = 0; i < keys.length; i++) {
            queue.addWhenThereIsRoom(keys[i], DELAY.plusMillis(i % 1000));
        }
        return queue;
    }

    private static final class Handover extends DefaultDelayingQueue<Integer> {

        Handover(ExecutorService waiting) {
            super(waiting);
        }

        void addWhenThereIsRoom(Integer key, Duration delay) {
            while (waitingForAddQueue.remainingCapacity() == 0) {
                Thread.onSpinWait();
            }
            addAfter(key, delay);
        }
    }

    private Object delayQueue() {
        DelayQueue<Waiting> queue = new DelayQueue<>();
        for (int i = 0; i < keys.length; i++) {
            queue.add(new Waiting(keys[i], i % 1000));
        }
        return queue;
    }

    /** The least that a DelayQueue asks for; it neither knows its keys nor could find one. */
    private record Waiting(Integer key, long due) implements Delayed {

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(due, TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(due, ((Waiting) other).due);
        }
    }
}
