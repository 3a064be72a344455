// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.policy.LineLimit;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.InstanceUid;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what has changed, later and together.
 *
 * <p>Any thread may say that a record changed; batches are written on the loop of the {@link Time} that was passed in,
 * one at a time. A record is read when its batch is put together, so of several changes the last is written, once.
 */
final class FleetWriter {

    private static final Logger log = LoggerFactory.getLogger(FleetWriter.class);

    /** Between a batch that failed and the next try. */
    static final Backoff RETRY = Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(30))
            .withJitter(Jitter.proportional(0.25));

    /** How many records are encoded and saved at once. */
    static final int LARGEST_BATCH = 1_000;

    /** How often the same failure is told again. */
    private static final Duration REPEAT = Duration.ofMinutes(1);

    private final FleetStore store;
    private final Time time;
    private final RandomGenerator chance;
    private final Duration interval;
    private final Supplier<Collection<InstanceUid>> everyone;
    private final Function<InstanceUid, AgentRecord> records;
    private final Consumer<Collection<AgentRecord>> saved;
    private final FleetMeters meters;

    /** Agents whose record may differ from what is stored. An agent is added after its record was replaced. */
    private final Set<InstanceUid> dirty = ConcurrentHashMap.newKeySet();

    /** Those who wait for a batch. One is added after its agent was added to {@link #dirty}. */
    private final Queue<CompletableFuture<Void>> waiting = new ConcurrentLinkedQueue<>();

    private final AtomicBoolean nowRequested = new AtomicBoolean();
    private final AtomicBoolean soonRequested = new AtomicBoolean();

    /** How many batches have failed in a row. While it is not 0, one retry is scheduled and nothing else writes. */
    private volatile int failures;

    /** Touched while a batch is written only. */
    private Duration lastDelay = Duration.ZERO;

    private String lastFailure = "";
    private LineLimit failureLines;

    FleetWriter(
            FleetStore store,
            Time time,
            RandomGenerator chance,
            Duration interval,
            Supplier<Collection<InstanceUid>> everyone,
            Function<InstanceUid, AgentRecord> records,
            Consumer<Collection<AgentRecord>> saved,
            FleetMeters meters) {
        this.store = store;
        this.time = time;
        this.chance = chance;
        this.interval = interval;
        this.everyone = everyone;
        this.records = records;
        this.saved = saved;
        this.meters = meters;
        this.failureLines = new LineLimit(1, REPEAT, time.nanoTime());
        meters.gauge("holdfast.store.dirty", "agents with changes that are not stored", dirty::size);
    }

    /**
     * Writes an agent's record with the next batch, which begins at once or when the one being written is done.
     *
     * @return done once it is stored, or once a try failed: no agent waits for a store that is failing
     */
    CompletionStage<Void> writeNow(InstanceUid uid) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        dirty.add(uid);
        waiting.add(done);
        if (failures > 0) {
            answer(takeWaiting());
        } else if (nowRequested.compareAndSet(false, true)) {
            time.execute(() -> {
                nowRequested.set(false);
                writeUnlessFailing();
            });
        }
        return done;
    }

    /** Writes an agent's record within the interval. */
    void writeSoon(InstanceUid uid) {
        dirty.add(uid);
        if (soonRequested.compareAndSet(false, true)) {
            time.schedule(interval, () -> {
                soonRequested.set(false);
                writeUnlessFailing();
            });
        }
    }

    /** Writes what is left, on the caller's thread. */
    void close() {
        write();
        if (!dirty.isEmpty()) {
            log.error(
                    "store: changes of {} agents could not be saved before the end (last failure: {});"
                            + " those agents will be asked for their full state if they are not known",
                    dirty.size(),
                    lastFailure);
        }
    }

    private void writeUnlessFailing() {
        if (failures == 0) {
            write();
        }
    }

    private synchronized void write() {
        // In this order, so that whoever is taken as waiting has its agent in the batch or in an earlier one.
        List<CompletableFuture<Void>> answered = takeWaiting();
        List<InstanceUid> taken = takeDirty();
        if (!taken.isEmpty()) {
            try {
                succeeded(saveAll(taken));
            } catch (FleetStoreException | RuntimeException | Error e) {
                // Those of the batches before are saved again, which does no harm.
                dirty.addAll(taken);
                failed(e, dirty.size());
            }
        }
        answer(answered);
    }

    /** The result is how many were saved: all there are, if the store turned out to have begun anew. */
    private int saveAll(List<InstanceUid> taken) throws FleetStoreException {
        try {
            saveInBatches(taken);
            return taken.size();
        } catch (FleetStoreException e) {
            if (!e.emptied()) {
                throw e;
            }
        }
        dirty.addAll(everyone.get());
        List<InstanceUid> all = takeDirty();
        try {
            saveInBatches(all);
            return all.size();
        } catch (FleetStoreException | RuntimeException | Error e) {
            dirty.addAll(all);
            throw e;
        }
    }

    private void saveInBatches(List<InstanceUid> agents) throws FleetStoreException {
        for (int from = 0; from < agents.size(); from += LARGEST_BATCH) {
            save(agents.subList(from, Math.min(from + LARGEST_BATCH, agents.size())));
        }
    }

    private void save(List<InstanceUid> agents) throws FleetStoreException {
        long began = time.nanoTime();
        try {
            List<AgentRecord> batch = agents.stream().map(records).toList();
            store.save(batch);
            saved.accept(batch);
        } finally {
            meters.flush.record(time.nanoTime() - began, TimeUnit.NANOSECONDS);
        }
    }

    private void succeeded(int agents) {
        if (failures == 0) {
            return;
        }
        log.info("store: works again after {} failed tries, {} agents saved", failures, agents);
        failures = 0;
        lastDelay = Duration.ZERO;
        lastFailure = "";
        if (!dirty.isEmpty()) {
            time.execute(this::writeUnlessFailing);
        }
    }

    private void failed(Throwable e, int agents) {
        meters.flushFailures.increment();
        int attempt = failures + 1;
        Duration delay = RETRY.delay(attempt, lastDelay, chance);
        tell(e, agents, attempt, delay);
        lastDelay = delay;
        failures = attempt;
        time.schedule(delay, this::write);
        answer(takeWaiting());
    }

    private void tell(Throwable e, int agents, int attempt, Duration delay) {
        String failure = String.valueOf(e.getMessage());
        long now = time.nanoTime();
        if (!failure.equals(lastFailure)) {
            lastFailure = failure;
            failureLines = new LineLimit(1, REPEAT, now);
        }
        failureLines
                .admit(now)
                .ifPresent(leftOut -> log.error(
                        "store: {} (attempt {}, next in {} ms by backoff, {} agents wait to be saved, {} such lines"
                                + " left out). Agents are answered meanwhile; free space or mend the disk, and all of it"
                                + " will be saved",
                        failure,
                        attempt,
                        delay.toMillis(),
                        agents,
                        leftOut,
                        // What a store says of itself needs no trace; of anything else, one is enough.
                        attempt > 1 || e instanceof FleetStoreException ? null : e));
    }

    private List<InstanceUid> takeDirty() {
        List<InstanceUid> taken = List.copyOf(dirty);
        // Removed before their records are read: a change that comes in between puts its agent back.
        taken.forEach(dirty::remove);
        return taken;
    }

    private List<CompletableFuture<Void>> takeWaiting() {
        List<CompletableFuture<Void>> taken = new ArrayList<>();
        for (CompletableFuture<Void> next = waiting.poll(); next != null; next = waiting.poll()) {
            taken.add(next);
        }
        return taken;
    }

    private static void answer(List<CompletableFuture<Void>> waiting) {
        waiting.forEach(done -> done.complete(null));
    }
}
