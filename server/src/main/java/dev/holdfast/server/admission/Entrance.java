// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.InstanceUid;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The door of the agent port. Safe for use by any thread; nothing waits. */
public final class Entrance {

    private static final Logger log = LoggerFactory.getLogger(Entrance.class);

    private final AdmissionConfig config;
    private final Duration drainTimeout;
    private final Time time;
    private final RandomGenerator chance;
    private final AdmissionMeters meters;
    private final Admission admission;

    /** Null while it is open. */
    private @Nullable Leave leave;

    /**
     * Why somebody is to come back later.
     *
     * @param after when
     * @param reason for people
     * @param draining whether that is because the server stops
     */
    public record Refusal(Duration after, String reason, boolean draining) {

        /** When, in whole seconds and not before. */
        public long seconds() {
            return after.plusSeconds(1).minusNanos(1).toSeconds();
        }
    }

    /** A leave that is being taken. */
    private record Leave(Drain drain, CompletableFuture<Void> over) {}

    /**
     * A door that is open.
     *
     * @param drainTimeout how long a leave may take
     * @param time a loop for what falls due
     * @param chance where the order comes from in which agents are to come back
     * @param registry where it counts
     */
    public Entrance(
            AdmissionConfig config, Duration drainTimeout, Time time, RandomGenerator chance, MeterRegistry registry) {
        this.config = config;
        this.drainTimeout = drainTimeout;
        this.time = time;
        this.chance = chance;
        this.meters = new AdmissionMeters(registry);
        this.admission = new Admission(config, time.nanoTime());
        meters.gauge("holdfast.admission.promised", "refused ones that a place is kept for", this::promised);
        meters.gauge("holdfast.draining", "1 while the server takes its leave of its agents", () -> isOpen() ? 0 : 1);
    }

    /**
     * Asks for a newcomer to be let in.
     *
     * @param who its uid if it has said it
     * @return nothing if it is admitted
     */
    public synchronized Optional<Refusal> ask(@Nullable InstanceUid who) {
        if (leave != null) {
            Duration after = leave.drain().deal();
            meters.refused(after, true);
            return Optional.of(new Refusal(after, "the server stops", true));
        }
        Duration after = admission.ask(who, time.nanoTime());
        if (after.isZero()) {
            meters.admitted.increment();
            return Optional.empty();
        }
        meters.refused(after, false);
        return Optional.of(new Refusal(after, "more agents come than are admitted a second (admission.rate)", false));
    }

    /** Lets one that was admitted go on with another request soon. */
    public synchronized void expect(InstanceUid who) {
        admission.expect(who, time.nanoTime());
    }

    /** Whether newcomers may ask, and if not, when to look again. */
    public synchronized Optional<Refusal> closed() {
        return leave == null ? Optional.empty() : Optional.of(new Refusal(drainTimeout, "the server stops", true));
    }

    /**
     * Lets nobody in any more and has all that are there told when to come back.
     *
     * @param there who is there; asked once nobody can come in any more
     * @return done once they are gone, or it was waited long enough; the same the second time
     */
    public CompletionStage<Void> drain(Supplier<List<? extends Guest>> there) {
        synchronized (this) {
            if (leave != null) {
                return leave.over();
            }
            leave = new Leave(
                    new Drain(config, drainTimeout, 0, 0, chance, time.nanoTime()), new CompletableFuture<>());
        }
        return drain(there.get(), leave.over());
    }

    private CompletionStage<Void> drain(List<? extends Guest> guests, CompletableFuture<Void> over) {
        int listening = (int) guests.stream().filter(Guest::listens).count();
        Drain drain = new Drain(config, drainTimeout, listening, guests.size() - listening, chance, time.nanoTime());
        Leave begun = new Leave(drain, over);
        synchronized (this) {
            leave = begun;
        }
        time.schedule(Drain.POLLS, () -> look(begun));
        time.schedule(drainTimeout, () -> look(begun));
        guests.forEach(guest -> tell(guest, begun));
        look(begun);
        return over;
    }

    private void tell(Guest guest, Leave begun) {
        Duration after;
        synchronized (this) {
            after = begun.drain().deal();
        }
        meters.drained.increment();
        guest.leave(new Guest.Parting(after, answered -> {
            synchronized (this) {
                begun.drain().gone(guest.listens(), answered);
            }
            look(begun);
        }));
    }

    private void look(Leave begun) {
        Drain.Report report;
        synchronized (this) {
            long now = time.nanoTime();
            if (begun.over().isDone() || !begun.drain().isOver(now)) {
                return;
            }
            report = begun.drain().report(now);
        }
        if (begun.over().complete(null)) {
            report(report);
        }
    }

    private static void report(Drain.Report report) {
        if (report.guests() > 0) {
            log.info(
                    "drained: {} agents to come back within {}, each at another time; {} went, {} did not answer, {}"
                            + " that poll did not come to be told; took {} ms",
                    report.guests(),
                    Durations.print(report.last()),
                    report.answered(),
                    report.silent(),
                    report.untold(),
                    report.took().toMillis());
        }
    }

    private synchronized boolean isOpen() {
        return leave == null;
    }

    private synchronized int promised() {
        return admission.size();
    }
}
