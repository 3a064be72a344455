// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.holdfast.core.time.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Several threads that add, take and settle; what they are told must be explained by one order of what they did. Time
 * stands still, and each thread holds what it took itself.
 */
@Param(name = "key", gen = IntGen.class, conf = "0:2")
@Param(name = "thread", gen = ThreadIdGen.class)
public class WorkQueueLincheckTest {

    private static final int MOST_THREADS = 8;

    private final WorkQueue<Integer> queue =
            new WorkQueue<>("tasks", WorkPolicy.DEFAULT, new StandingTime(), new SplittableRandom(1));
    private final List<Deque<Work<Integer>>> held = new ArrayList<>();

    public WorkQueueLincheckTest() {
        for (int thread = 0; thread < MOST_THREADS; thread++) {
            held.add(new ArrayDeque<>());
        }
    }

    @BeforeAll
    static void hush() {
        ((Logger) LoggerFactory.getLogger(WorkQueue.class)).setLevel(Level.OFF);
    }

    @AfterAll
    static void hushNoMore() {
        ((Logger) LoggerFactory.getLogger(WorkQueue.class)).setLevel(null);
    }

    /** Virtual time is for one thread. */
    private static final class StandingTime implements Time {
        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public Instant instant() {
            return Instant.EPOCH;
        }

        @Override
        public Scheduled schedule(Duration delay, Runnable task) {
            return () -> {};
        }
    }

    @Operation
    public String add(@Param(name = "key") int key) {
        return queue.add(key).name();
    }

    @Operation
    public @Nullable Integer poll(@Param(name = "thread") int thread) {
        Work<Integer> work = queue.poll();
        if (work == null) {
            return null;
        }
        held.get(thread).add(work);
        return work.key();
    }

    @Operation
    public boolean done(@Param(name = "thread") int thread) {
        return settle(thread, Outcome.done());
    }

    @Operation
    public boolean permanent(@Param(name = "thread") int thread) {
        return settle(thread, Outcome.permanent("no"));
    }

    @Operation
    public boolean retry(@Param(name = "thread") int thread) {
        return settle(thread, Outcome.retry("no"));
    }

    private boolean settle(int thread, Outcome outcome) {
        Work<Integer> work = held.get(thread).poll();
        if (work != null) {
            work.settle(outcome);
        }
        return work != null;
    }

    @Operation
    public boolean hasten(@Param(name = "key") int key) {
        return queue.hasten(key);
    }

    @Operation
    public boolean release(@Param(name = "key") int key) {
        return queue.release(key);
    }

    @Operation
    public boolean remove(@Param(name = "key") int key) {
        return queue.remove(key);
    }

    @Test
    void everyInterleavingIsExplainedByAnOrder() {
        new ModelCheckingOptions()
                .iterations(4)
                .invocationsPerIteration(60)
                .threads(3)
                .actorsPerThread(3)
                .actorsBefore(3)
                .actorsAfter(3)
                .sequentialSpecification(Plain.class)
                .check(WorkQueueLincheckTest.class);
    }

    /** What is meant, with a list and some sets. */
    public static final class Plain {
        private final Deque<Integer> line = new ArrayDeque<>();
        private final Set<Integer> backsOff = new HashSet<>();
        private final Set<Integer> running = new HashSet<>();
        private final Set<Integer> addedWhileItRan = new HashSet<>();
        private final Set<Integer> terminal = new HashSet<>();
        private final Map<Integer, Deque<Integer>> held = new HashMap<>();

        public String add(int key) {
            if (terminal.contains(key)) {
                return Added.TERMINAL.name();
            }
            if (running.contains(key)) {
                addedWhileItRan.add(key);
                return Added.MERGED.name();
            }
            if (line.contains(key) || backsOff.contains(key)) {
                return Added.MERGED.name();
            }
            line.add(key);
            return Added.QUEUED.name();
        }

        public @Nullable Integer poll(int thread) {
            Integer key = line.poll();
            if (key != null) {
                running.add(key);
                held.computeIfAbsent(thread, none -> new ArrayDeque<>()).add(key);
            }
            return key;
        }

        public boolean done(int thread) {
            Integer key = end(thread);
            if (key != null && addedWhileItRan.remove(key)) {
                line.add(key);
            }
            return key != null;
        }

        public boolean permanent(int thread) {
            Integer key = end(thread);
            if (key != null) {
                addedWhileItRan.remove(key);
                terminal.add(key);
            }
            return key != null;
        }

        public boolean retry(int thread) {
            Integer key = end(thread);
            if (key != null) {
                addedWhileItRan.remove(key);
                backsOff.add(key);
            }
            return key != null;
        }

        private @Nullable Integer end(int thread) {
            Deque<Integer> mine = held.get(thread);
            Integer key = mine == null ? null : mine.poll();
            if (key != null) {
                running.remove(key);
            }
            return key;
        }

        public boolean hasten(int key) {
            return backsOff.remove(key) && line.add(key);
        }

        public boolean release(int key) {
            return terminal.remove(key) && line.add(key);
        }

        public boolean remove(int key) {
            return terminal.remove(key) || backsOff.remove(key) || line.remove((Object) key);
        }
    }
}
