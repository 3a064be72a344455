// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.time.Time;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A queue of keys that stand for work, each of which is run by one worker at a time, and again with backoff when it
 * fails.
 *
 * <p>A key is what says <em>that</em> something is to be done, not what: whoever runs it looks up how things are then.
 * So it may be added any number of times and is queued once; added while it runs, it runs once more afterwards.
 *
 * <p>Workers take keys and settle them; {@link Workers} does that on virtual threads:
 *
 * <pre>{@code
 * Work<String> work = queue.take();
 * work.settle(update(work.key()) ? Outcome.done() : Outcome.retry("not there yet"));
 * }</pre>
 *
 * <p>Waiting keys cost no thread: one alarm of the {@link Time} it was given rings for the one that is due first, at
 * most every {@link #SLACK} however many there are, and less often for long backoffs, but for {@link #LONG_SLACK}.
 * Safe for use by any thread.
 */
public final class WorkQueue<K> implements AutoCloseable {

    /** How much later than due a waiting key may be found to be so: 10 ms. */
    public static final Duration SLACK = Duration.ofMillis(10);

    /**
     * The most for a key that backs off and has no deadline before that: 500 ms, and no more than a sixteenth of its
     * delay. So keys are found many at a time where everything fails: from 1.6 s on within 100 ms, from 8 s on within
     * this.
     */
    public static final Duration LONG_SLACK = Duration.ofMillis(500);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition quiet = lock.newCondition();
    private final Time time;
    private final WorkMachine<K> machine;
    private final WorkLog log;

    // All guarded by the lock.
    private int takers;
    private boolean isWaking;
    private boolean paused;
    private boolean ended;
    private @Nullable Alarm alarm;
    private long lastRung;
    private boolean restIsScheduled;

    /** Rings when the next waiting key is due. One that was called off too late to be stopped does nothing. */
    private final class Alarm {
        final long at;
        final Time.Scheduled handle;

        Alarm(long at, long now) {
            this.at = at;
            this.handle = time.schedule(Duration.ofNanos(at - now), () -> ring(this));
        }
    }

    /**
     * A queue at one instant.
     *
     * @param ready keys that are due
     * @param waiting keys that are not due yet, those that back off included
     * @param running keys that are being worked on
     * @param terminal keys that were given up on
     * @param failing keys that failed when they last ran, but for the terminal ones
     */
    public record Figures(int ready, int waiting, int running, int terminal, int failing) {}

    /**
     * An empty queue.
     *
     * @param name what its log lines call it
     * @param time what it measures with, and where its alarm rings
     * @param chance where jitter comes from; used by one thread at a time
     */
    public WorkQueue(String name, WorkPolicy policy, Time time, RandomGenerator chance) {
        this.time = time;
        this.machine = new WorkMachine<>(policy, chance, time.nanoTime());
        this.log = new WorkLog(name, policy, time.nanoTime());
        this.lastRung = time.nanoTime();
    }

    /** Adds a key that is due now, with normal priority. */
    public Added add(K key) {
        return add(key, Terms.NOW);
    }

    /**
     * Adds a key, or merges it with what is there of it: the higher priority, the earlier time and the earlier deadline
     * hold. A key that backs off after a failure does so all the same; see {@link #hasten}.
     */
    public Added add(K key, Terms terms) {
        WorkLog.Line line = null;
        Added added;
        lock.lock();
        try {
            added = machine.add(key, terms, terms.isTimeless() ? sometime() : time.nanoTime());
            if (added.isTaken()) {
                changed();
            } else if (added == Added.FULL) {
                line = log.full(key, machine.figures(), time.nanoTime());
                scheduleRest();
            }
        } finally {
            lock.unlock();
        }
        if (line != null) {
            line.write();
        }
        return added;
    }

    /**
     * Lets a key that waits, or backs off, run as soon as its turn comes. What it was added with and its failures stay.
     *
     * @return whether there was such a key
     */
    public boolean hasten(K key) {
        return change(() -> machine.hasten(key, time.nanoTime()));
    }

    /**
     * Forgets a key that is due, waits or is terminal. One that runs is not forgotten.
     *
     * @return whether there was such a key
     */
    public boolean remove(K key) {
        return change(() -> machine.remove(key));
    }

    /**
     * Queues a terminal key anew, its failures forgotten.
     *
     * @return whether there was such a key
     */
    public boolean release(K key) {
        return change(() -> machine.releaseTerminal(key, time.nanoTime()));
    }

    /**
     * The next key to run, once there is one. It must be settled.
     *
     * @return null once the queue is closed or has drained
     * @throws InterruptedException if interrupted while it waits
     */
    public @Nullable Work<K> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            Work<K> taken = next();
            while (taken == null && !ended) {
                takers++;
                try {
                    work.await();
                } finally {
                    takers--;
                    isWaking = false;
                }
                taken = next();
            }
            wakeTaker();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** The next key to run, or null if none is due, or the queue is paused or closed. It must be settled. */
    public @Nullable Work<K> poll() {
        lock.lock();
        try {
            return next();
        } finally {
            lock.unlock();
        }
    }

    /** Gives out no more keys until it is {@linkplain #resume resumed}; those that run go on. */
    public void pause() {
        change(() -> paused = true);
    }

    /** Ends a pause. */
    public void resume() {
        change(() -> {
            paused = false;
            return true;
        });
    }

    /** The keys that have been given up on, the oldest first. */
    public List<Terminal<K>> terminals() {
        return look(machine::terminals);
    }

    /** The failures of a key since it last went well; none if there are none, or no such key. */
    public Optional<History> history(K key) {
        return look(() -> Optional.ofNullable(machine.history(key)));
    }

    /** How many keys are where. */
    public Figures figures() {
        return look(() -> {
            machine.release(time.nanoTime());
            changed();
            return machine.figures();
        });
    }

    /**
     * Takes no more keys, lets those that are due and those that run come to an end, and closes. Keys that are not due
     * are not waited for.
     *
     * @param deadline how long it waits at most
     * @return the keys that have not come to an end, in no order
     * @throws InterruptedException if interrupted while it waits; the queue is closed all the same
     */
    public List<K> drain(Duration deadline) throws InterruptedException {
        List<WorkLog.Line> rest = List.of();
        lock.lock();
        try {
            machine.close();
            machine.release(time.nanoTime());
            paused = false;
            changed();
            Time.Scheduled timeout = time.schedule(deadline, this::close);
            try {
                while (!ended && !isQuiet()) {
                    quiet.await();
                }
            } finally {
                timeout.cancel();
                rest = end();
            }
            return machine.left();
        } finally {
            lock.unlock();
            rest.forEach(WorkLog.Line::write);
        }
    }

    /** Takes no more keys and gives out none. Runs under way can still be settled. */
    @Override
    public void close() {
        look(this::end).forEach(WorkLog.Line::write);
    }

    private List<WorkLog.Line> end() {
        machine.close();
        ended = true;
        if (alarm != null) {
            alarm.handle.cancel();
            alarm = null;
        }
        work.signalAll();
        quiet.signalAll();
        return log.end(machine.figures(), time.nanoTime());
    }

    void settle(Work<K> done, Outcome outcome) {
        Objects.requireNonNull(outcome, "outcome: null (expected: one of Outcome)");
        WorkLog.Line line = null;
        lock.lock();
        try {
            if (done.settled) {
                throw new IllegalStateException("key " + done.key() + " is settled already (expected: once a run)");
            }
            done.settled = true;
            boolean isTimeless = outcome instanceof Outcome.Done && done.entry.due == Entry.NOT_ADDED;
            long now = isTimeless ? sometime() : time.nanoTime();
            WorkLog.Setback<K> setback = machine.settle(done.entry, outcome, now, time::instant);
            changed();
            if (setback != null) {
                line = log.failed(setback, ended, machine::figures, now);
                scheduleRest();
            }
        } finally {
            lock.unlock();
        }
        if (line != null) {
            line.write();
        }
    }

    private void scheduleRest() {
        if (log.owes() && !restIsScheduled) {
            restIsScheduled = true;
            time.schedule(WorkLog.INTERVAL, this::tellRest);
        }
    }

    private void tellRest() {
        List<WorkLog.Line> rest;
        lock.lock();
        try {
            restIsScheduled = false;
            rest = log.rest(machine.figures(), time.nanoTime());
            scheduleRest();
        } finally {
            lock.unlock();
        }
        rest.forEach(WorkLog.Line::write);
    }

    private <T> T look(Supplier<T> look) {
        lock.lock();
        try {
            return look.get();
        } finally {
            lock.unlock();
        }
    }

    private boolean change(BooleanSupplier change) {
        return look(() -> {
            boolean changed = change.getAsBoolean();
            if (changed) {
                changed();
            }
            return changed;
        });
    }

    private @Nullable Work<K> next() {
        if (paused || ended) {
            return null;
        }
        Entry<K> entry = machine.next(sometime());
        return entry == null ? null : new Work<>(this, entry);
    }

    /** Now, or, if no key waits, when an alarm last rang: reading a clock costs as much as all else together. */
    private long sometime() {
        return machine.nextRelease(lastRung) == WorkMachine.NEVER ? lastRung : time.nanoTime();
    }

    private void changed() {
        wakeTaker();
        setAlarm();
        if (machine.isClosed() && isQuiet()) {
            quiet.signalAll();
        }
    }

    /** One at a time: who takes a key wakes the next. */
    private void wakeTaker() {
        if (takers > 0 && !isWaking && machine.ready() > 0 && !paused) {
            isWaking = true;
            work.signal();
        }
    }

    private boolean isQuiet() {
        return machine.ready() == 0 && machine.running() == 0;
    }

    private void setAlarm() {
        long at = machine.nextRelease(lastRung);
        if (at == WorkMachine.NEVER || ended) {
            return;
        }
        if (alarm != null) {
            if (alarm.at - at <= 0) {
                return;
            }
            alarm.handle.cancel();
        }
        alarm = new Alarm(at, time.nanoTime());
    }

    private void ring(Alarm rung) {
        lock.lock();
        try {
            if (alarm == rung) {
                long now = time.nanoTime();
                alarm = null;
                lastRung = now;
                machine.release(now);
                changed();
            }
        } finally {
            lock.unlock();
        }
    }
}
