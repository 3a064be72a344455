// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import dev.holdfast.core.time.Time;
import dev.holdfast.lab.check.Ledger;
import dev.holdfast.lab.check.Payload;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Hands lines over to {@code outbox append} and notes the answers, on a thread of its own. A line is never handed over
 * a second time: what was not answered stays uncertain. All methods may be called from any thread.
 */
final class Writer {

    /** How long a process that has nothing more to do may take to end on a busy machine. */
    static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final Duration LOOK = Duration.ofMillis(50);

    /** Between two processes of which the first got no answer at all. */
    private static final Duration AGAIN = Duration.ofMillis(250);

    private final Flow flow;
    private final Launcher launcher;
    private final List<String> arguments;
    private final Path errors;
    private final Ledger ledger;
    private final Time time;
    private final Queue<String> problems = new ConcurrentLinkedQueue<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by the lock.
    private boolean mayBegin;
    private boolean mayGoOn = true;
    private boolean isIdle = true;
    private boolean isClosed;

    // Touched by the writer's thread alone.
    private final RandomGenerator chance;
    private long handedOver;

    /**
     * A writer that waits until it may begin.
     *
     * @param data the agent's data directory
     * @param errors a file for what the processes say
     * @param chance used by the writer's thread alone
     */
    Writer(Flow flow, Launcher launcher, Path data, Path errors, Ledger ledger, Time time, RandomGenerator chance) {
        this.flow = flow;
        this.launcher = launcher;
        this.arguments = List.of("outbox", "append", "--data", data.toString(), "--lane", flow.lane());
        this.errors = errors;
        this.ledger = ledger;
        this.time = time;
        this.chance = chance;
        Thread.ofPlatform().daemon().name("chaos-" + flow.lane()).start(this::run);
    }

    /** An agent is there: processes are started, one after the other, as long as there is one. */
    void open() {
        set(() -> {
            mayBegin = true;
            mayGoOn = true;
        });
    }

    /** No process is started any more; one that runs goes on. */
    void shut() {
        set(() -> mayBegin = false);
    }

    /**
     * Hands nothing more over until it is opened again, and waits until the process that runs has ended.
     *
     * @throws ChaosException if it does not end in time
     */
    void finish() throws InterruptedException, ChaosException {
        set(() -> {
            mayBegin = false;
            mayGoOn = false;
        });
        long left = PATIENCE.multipliedBy(2).toNanos();
        lock.lockInterruptibly();
        try {
            while (!isIdle && left > 0) {
                left = changed.awaitNanos(left);
            }
            if (!isIdle) {
                problems.add("its process does not end");
            }
        } finally {
            lock.unlock();
        }
        String problem = problems.peek();
        if (problem != null) {
            throw new ChaosException("outbox append --lane " + flow.lane() + ": " + problem + " (" + errors + ")");
        }
    }

    /** The same for good. */
    void close() throws InterruptedException, ChaosException {
        set(() -> isClosed = true);
        finish();
    }

    /** The same without waiting. */
    void abandon() {
        set(() -> isClosed = true);
    }

    private void set(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            while (awaitOpen()) {
                long before = ledger.acknowledgedIn(flow.lane());
                try {
                    feed(launcher.speak(errors, arguments));
                } catch (IOException e) {
                    problems.add(String.valueOf(e));
                }
                if (ledger.acknowledgedIn(flow.lane()) == before) {
                    time.pause(AGAIN);
                }
                set(() -> isIdle = true);
            }
        } catch (InterruptedException e) {
            problems.add("it was interrupted");
        }
    }

    /** False once it is closed. */
    private boolean awaitOpen() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!mayBegin && !isClosed) {
                changed.await();
            }
            isIdle = isClosed;
            return !isClosed;
        } finally {
            lock.unlock();
        }
    }

    private boolean mayGoOn() {
        lock.lock();
        try {
            return mayGoOn && !isClosed;
        } finally {
            lock.unlock();
        }
    }

    private void feed(Child append) throws InterruptedException {
        Queue<String> unanswered = new ConcurrentLinkedQueue<>();
        Semaphore room = new Semaphore(flow.unanswered());
        Thread reader = Thread.ofVirtual().start(() -> readAnswers(append, unanswered, room));
        try (OutputStream lines = append.input()) {
            while (mayGoOn() && append.isAlive()) {
                if (room.tryAcquire(LOOK.toNanos(), TimeUnit.NANOSECONDS)) {
                    handOver(lines, unanswered);
                    time.pause(flow.pause());
                }
            }
        } catch (IOException gone) {
            // Its process has ended, as it should once its agent has; what it had not answered is uncertain.
        }
        if (!append.await(PATIENCE)) {
            append.kill();
            problems.add("its process did not end within " + PATIENCE.toSeconds() + " s");
        }
        reader.join();
    }

    private void handOver(OutputStream lines, Queue<String> unanswered) throws IOException {
        String id = flow.lane() + "-" + handedOver++;
        String text = Payload.text(id, flow.size(chance), chance);
        ledger.offered(flow.lane(), Payload.of(text));
        unanswered.add(id);
        lines.write((text + "\n").getBytes(StandardCharsets.UTF_8));
        lines.flush();
    }

    /** Answers come in the order of the lines. */
    private void readAnswers(Child append, Queue<String> unanswered, Semaphore room) {
        try (BufferedReader answers =
                new BufferedReader(new InputStreamReader(append.output(), StandardCharsets.UTF_8))) {
            for (String line = answers.readLine(); line != null; line = answers.readLine()) {
                JsonNode answer = JsonMapper.shared().readTree(line);
                String id = unanswered.poll();
                if (id == null || !answer.path("lane").asString("").equals(flow.lane())) {
                    problems.add("an answer to nothing: " + line);
                    return;
                }
                ledger.acknowledged(id, answer.path("sequence").asLong(-1));
                room.release();
            }
        } catch (IOException | JacksonException e) {
            problems.add("an answer that cannot be read: " + e.getMessage());
        }
    }
}
