// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.core.policy.LineLimit;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.OutboxMessage.Mark;
import dev.holdfast.opamp.outbox.OutboxMessage.Refused;
import dev.holdfast.opamp.outbox.OutboxMessage.Resume;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes what outboxes bring and stores it, one transaction for all that waits.
 *
 * <p>Any thread may offer; the store is used on the loop of the {@link Time} that was passed in, and by nobody else.
 */
public final class Intake implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Intake.class);

    /** The floor for what is refused because too much waits. */
    static final Duration OVERLOADED = Duration.ofSeconds(1);

    /** The floor for what is refused because it cannot be stored. */
    static final Duration UNSTORED = Duration.ofSeconds(5);

    /** The longest floor of a mark, told when the queue is full; none is told before it is half full. */
    static final Duration LONGEST_FLOOR = Duration.ofSeconds(1);

    /** How often it is looked for events whose time is over. */
    static final Duration RETIRE_INTERVAL = Duration.ofMinutes(1);

    /** How many events go in one transaction: about as long as a large batch takes. */
    private static final int RETIRED_AT_ONCE = 2_000;

    /** What is in one transaction, in bytes and batches: some 10 ms, on which the agents wait. */
    private static final int GROUP_BYTES = 4 << 20;

    private static final int GROUP = 256;

    /** What a message takes while it waits, beside its payload. */
    private static final int OVERHEAD = 200;

    private static final Duration REPEAT = Duration.ofMinutes(1);

    private static final String UNSTORABLE = "the server cannot store it now";

    private static final String UNREADABLE = "the server cannot read what it has now";

    private final EventStore store;
    private final Time time;
    private final IngestConfig config;
    private final IngestMeters meters;
    private final Budget waiting;
    private final Budget parts;

    /** Guarded by itself. */
    private final Deque<Job> queue = new ArrayDeque<>();

    /** Whether a drain is scheduled, guarded by the queue. */
    private boolean scheduled;

    /** Guarded by the queue. */
    private boolean closed;

    /** Touched on the loop alone. */
    private LineLimit failureLines;

    private boolean toldOfFailure;

    private Intake(EventStore store, Time time, IngestConfig config, IngestMeters meters) {
        this.store = store;
        this.time = time;
        this.config = config;
        this.meters = meters;
        this.waiting = new Budget(config.queue());
        this.parts = new Budget(config.queue());
        this.failureLines = new LineLimit(1, REPEAT, time.nanoTime());
        meters.gauge("holdfast.ingest.queued.bytes", "what waits to be stored", waiting::held);
        meters.gauge("holdfast.ingest.parts.bytes", "what came of payloads that come in parts", parts::held);
        time.schedule(RETIRE_INTERVAL, this::retire);
    }

    /**
     * One that is ready.
     *
     * @param store closed by whoever opened it, after this
     * @param time a loop that may be held up by the store, so not one that others wait for
     */
    public static Intake open(EventStore store, Time time, IngestConfig config, MeterRegistry registry) {
        return new Intake(store, time, config, new IngestMeters(registry));
    }

    /** That of a new link. */
    public Inlet inlet() {
        return new Inlet(this, new Assembly(config.recordLimit(), parts, OVERLOADED), new Budget(config.share()));
    }

    /** Counts a message of an outbox that was none. */
    public void malformed() {
        meters.malformed.increment();
    }

    /** Stores what waits, on the caller's thread, and takes nothing more. The loop must have ended. */
    @Override
    public void close() {
        synchronized (queue) {
            closed = true;
        }
        while (drainOnce()) {
            // Until nothing waits.
        }
    }

    CompletionStage<Optional<OutboxMessage>> offer(InstanceUid agent, OutboxMessage message, Budget share) {
        long bytes = bytes(message);
        if (!share.take(bytes)) {
            return overloaded(message, "too much of this link waits to be stored");
        }
        if (!waiting.take(bytes)) {
            share.give(bytes);
            return overloaded(message, "too much waits to be stored");
        }
        Job job = new Job(agent, message, bytes, share, new CompletableFuture<>());
        synchronized (queue) {
            if (!closed) {
                queue.add(job);
                schedule();
                return job.answer;
            }
        }
        give(job);
        return overloaded(message, "the server stops");
    }

    /** Answers with a refusal, and counts it. */
    CompletionStage<Optional<OutboxMessage>> refuse(Refused refused) {
        meters.refused(refused.why());
        return CompletableFuture.completedStage(Optional.of(refused));
    }

    private CompletionStage<Optional<OutboxMessage>> overloaded(OutboxMessage message, String detail) {
        return refuse(refused(message, Refused.Why.OVERLOAD, detail, OVERLOADED));
    }

    private static Refused refused(OutboxMessage message, Refused.Why why, String detail, Duration retryAfter) {
        if (message instanceof Batch batch) {
            return Ingest.refused(batch, why, detail, retryAfter);
        }
        Resume resume = (Resume) message;
        return new Refused(resume.stream(), resume.ask(), 0, 0, why, detail, retryAfter);
    }

    private static long bytes(OutboxMessage message) {
        long bytes = OVERHEAD;
        if (message instanceof Batch batch) {
            for (Item item : batch.items()) {
                bytes += switch (item) {
                    case Item.Data data -> OVERHEAD + EventStore.Event.size(data);
                    case Item.Gap gap -> OVERHEAD + gap.audit().length();
                };
            }
        } else if (message instanceof Resume resume) {
            bytes += (long) resume.points().size() * Long.BYTES * 4;
        }
        return bytes;
    }

    /** To be called with the queue's lock. */
    private void schedule() {
        if (!scheduled) {
            scheduled = true;
            time.execute(this::drain);
        }
    }

    private void drain() {
        synchronized (queue) {
            scheduled = false;
        }
        drainOnce();
        synchronized (queue) {
            if (!queue.isEmpty()) {
                schedule();
            }
        }
    }

    /** Whether there was something. */
    private boolean drainOnce() {
        List<Job> group = take();
        if (group.isEmpty()) {
            return false;
        }
        store(group.stream().filter(job -> job.message instanceof Batch).toList());
        for (Job job : group) {
            if (job.message instanceof Resume resume) {
                answer(job, resume(resume));
            }
        }
        return true;
    }

    private List<Job> take() {
        List<Job> group = new ArrayList<>();
        long bytes = 0;
        synchronized (queue) {
            while (!queue.isEmpty()
                    && group.size() < GROUP
                    && (group.isEmpty() || bytes + queue.element().bytes <= GROUP_BYTES)) {
                bytes += queue.element().bytes;
                group.add(queue.remove());
            }
        }
        return group;
    }

    private void store(List<Job> jobs) {
        if (jobs.isEmpty()) {
            return;
        }
        long began = time.nanoTime();
        List<Outcome> outcomes = new ArrayList<>();
        try {
            store.write(tables -> {
                outcomes.clear();
                for (Job job : jobs) {
                    outcomes.add(apply(tables, job));
                }
            });
        } catch (EventStoreException e) {
            failed(jobs, e);
            return;
        } catch (RuntimeException e) {
            alone(jobs, e);
            return;
        } finally {
            meters.commit.record(time.nanoTime() - began, TimeUnit.NANOSECONDS);
        }
        worksAgain();
        meters.group.record(jobs.size());
        for (int i = 0; i < jobs.size(); i++) {
            count((Batch) jobs.get(i).message, outcomes.get(i));
            answer(jobs.get(i), outcomes.get(i).answer());
        }
    }

    private Outcome apply(EventStore.Tables tables, Job job) throws EventStoreException {
        Batch batch = (Batch) job.message;
        return switch (Ingest.decide(batch, tables)) {
            case Ingest.Verdict.Take take -> {
                List<Item> stored = tables.add(job.agent, time.instant(), take.batch());
                yield new Outcome(new Mark(batch.stream(), batch.ask(), true, batch.reaches(), 0, floor()), stored);
            }
            case Ingest.Verdict.Tell tell -> new Outcome(tell.mark(), null);
            case Ingest.Verdict.Refuse refuse -> new Outcome(refuse.refused(), null);
        };
    }

    /** How long agents are to wait before their next batch, the longer the more waits here. */
    private Duration floor() {
        double above = Math.max(0, waiting.fill() - 0.5) * 2;
        return Duration.ofMillis(Math.round(LONGEST_FLOOR.toMillis() * Math.min(1, above)));
    }

    private void count(Batch batch, Outcome outcome) {
        if (outcome.answer() instanceof Refused refused) {
            meters.refused(refused.why());
        } else if (outcome.stored() != null) {
            meters.batches.increment();
            meters.elsewhere.increment(batch.items().size() - outcome.stored().size());
            for (Item item : outcome.stored()) {
                if (item instanceof Item.Data data) {
                    meters.records.increment();
                    meters.bytes.increment(data.payload().remaining());
                } else {
                    meters.gaps.increment();
                }
            }
        } else {
            meters.repeated.increment();
        }
    }

    /** One of them is to blame, perhaps: it must not cost the others. */
    private void alone(List<Job> jobs, RuntimeException e) {
        if (jobs.size() == 1) {
            failed(jobs, e);
            return;
        }
        for (Job job : jobs) {
            store(List.of(job));
        }
    }

    private void failed(List<Job> jobs, Exception e) {
        meters.failures.increment();
        tell(jobs.size() + " batches could not be stored: " + e.getMessage(), e);
        for (Job job : jobs) {
            answer(job, refused(job.message, UNSTORABLE));
        }
    }

    private void tell(String what, Exception e) {
        failureLines.admit(time.nanoTime()).ifPresent(leftOut -> {
            toldOfFailure = true;
            log.error(
                    "events: {} (agents keep what they have and try again; {} such lines left out). Free space"
                            + " or mend the disk, and it goes on by itself",
                    what,
                    leftOut,
                    // What a store says of itself needs no trace.
                    e instanceof EventStoreException ? null : e);
        });
    }

    private void worksAgain() {
        if (toldOfFailure) {
            toldOfFailure = false;
            log.info("events: can be stored again");
        }
    }

    private OutboxMessage resume(Resume resume) {
        try {
            Mark mark = Ingest.answer(resume, store);
            meters.resumes.increment();
            return mark;
        } catch (EventStoreException | RuntimeException e) {
            meters.failures.increment();
            tell("a resume could not be answered: " + e.getMessage(), e);
            return refused(resume, UNREADABLE);
        }
    }

    private Refused refused(OutboxMessage message, String detail) {
        meters.refused(Refused.Why.STORAGE);
        return refused(message, Refused.Why.STORAGE, detail, UNSTORED);
    }

    private void answer(Job job, OutboxMessage answer) {
        give(job);
        job.answer.complete(Optional.of(answer));
    }

    private void give(Job job) {
        waiting.give(job.bytes);
        job.share.give(job.bytes);
    }

    private void retire() {
        EventStore.Retired[] gone = {new EventStore.Retired(0, false)};
        try {
            Instant before = time.instant().minus(config.retention());
            store.write(tables -> gone[0] = tables.retire(before, config.retentionSize(), RETIRED_AT_ONCE));
            meters.retired.increment(gone[0].events());
        } catch (EventStoreException | RuntimeException e) {
            meters.failures.increment();
            tell("old ones cannot be removed: " + e.getMessage(), e);
        }
        // In between it is the turn of what waits.
        time.schedule(gone[0].isMore() ? Duration.ZERO : RETIRE_INTERVAL, this::retire);
    }

    /**
     * What became of a batch.
     *
     * @param stored what was stored of it; null if it was not taken
     */
    private record Outcome(OutboxMessage answer, @Nullable List<Item> stored) {}

    /** A message that waits, and who waits for its answer. */
    private record Job(
            InstanceUid agent,
            OutboxMessage message,
            long bytes,
            Budget share,
            CompletableFuture<Optional<OutboxMessage>> answer) {}
}
