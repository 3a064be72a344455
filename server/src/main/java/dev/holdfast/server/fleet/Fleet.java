// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import dev.holdfast.core.policy.LimitedLog;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerSession;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agents that a server knows, and which of them are attached.
 *
 * <p>Held in memory, loaded from a {@link FleetStore} at the start and written back behind the callers. Safe for use by
 * any thread; nothing waits for the store.
 */
public final class Fleet implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Fleet.class);

    private static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);

    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]");

    private final Time time;
    private final FleetMeters meters;
    private final LimitedLog lines;
    private final AgentClocks clocks;
    private final FleetWriter writer;
    private final AtomicLong linkNumbers = new AtomicLong();
    private final Map<InstanceUid, Member> members = new ConcurrentHashMap<>();

    /** What a change turned into what. */
    private record Change(@Nullable Member before, Member after) {}

    /** A pure function from what is known of an agent to what is known next, or to null where nothing changes. */
    @FunctionalInterface
    private interface Step {
        @Nullable
        Member next(@Nullable Member before);
    }

    private Fleet(FleetStore store, Time time, RandomGenerator chance, Duration flushInterval, MeterRegistry registry) {
        this.time = time;
        this.meters = new FleetMeters(registry);
        this.lines = lines(time);
        this.clocks = new AgentClocks(lines);
        this.writer =
                new FleetWriter(store, time, chance, flushInterval, members::keySet, this::record, this::saved, meters);
        meters.gauge("holdfast.agents.known", "agents that ever registered", members::size);
        meters.gauge("holdfast.agents.attached", "agents that are attached", this::attachedCount);
        for (AgentLink.Transport transport : AgentLink.Transport.values()) {
            meters.links(transport, () -> attachedOver(transport));
        }
        long began = time.nanoTime();
        meters.gauge("holdfast.uptime.seconds", "time since the start", () -> (time.nanoTime() - began) / 1e9);
    }

    /** For lines about single agents, so few that a herd does not flood the log: 100 at once and then 10 a second. */
    public static LimitedLog lines(Time time) {
        return new LimitedLog(100, Duration.ofMillis(100), time::nanoTime);
    }

    /**
     * Loads a fleet. None of its agents counts as attached until it is back.
     *
     * @param store where it is kept; stays open when the fleet is closed
     * @param time the loop that batches are written on, which is to have no other work
     * @param chance where the jitter of retries comes from
     * @param flushInterval how long a change of presence may wait to be written with others
     * @param registry where it counts
     * @throws FleetStoreException if it cannot be loaded
     */
    public static Fleet open(
            FleetStore store, Time time, RandomGenerator chance, Duration flushInterval, MeterRegistry registry)
            throws FleetStoreException {
        Fleet fleet = new Fleet(store, time, chance, flushInterval, registry);
        for (AgentRecord record : store.load()) {
            fleet.members.put(record.uid(), new Member(record.detached(), null, record.registrations(), Rivalry.NONE));
        }
        return fleet;
    }

    /** What is known of an agent. */
    public Optional<AgentRecord> agent(InstanceUid uid) {
        return Optional.ofNullable(members.get(uid)).map(Member::record);
    }

    /**
     * How far an agent's clock is ahead of this host's, or behind it where negative, as far as its health has told
     * since the start.
     */
    public Optional<Duration> clockOffset(InstanceUid uid) {
        return clocks.offset(uid);
    }

    /** What an agent is attached over; nothing if it is not attached. */
    public Optional<AgentLink.Transport> transport(InstanceUid uid) {
        return Optional.ofNullable(members.get(uid)).map(Member::link).map(AgentLink::transport);
    }

    /** What is known of all agents, in no order. */
    public List<AgentRecord> agents() {
        return members.values().stream().map(Member::record).toList();
    }

    /** A number for a link that begins now: higher than all before. */
    public long nextLinkNumber() {
        return linkNumbers.incrementAndGet();
    }

    /**
     * Takes an agent's full state and attaches it. The same state again over the same link is no registration.
     *
     * @return done when it may be answered: when the state is stored, or the store has failed to
     */
    public CompletionStage<Void> register(InstanceUid uid, AgentLink link, ServerSession.Effect.Registered state) {
        Member known = members.get(uid);
        if (known != null && known.isAttachedBy(link) && known.record().says(state)) {
            return whenStored(known);
        }
        Instant now = now();
        long nanoTime = time.nanoTime();
        Change change = change(uid, before -> {
            if (before == null) {
                return new Member(AgentRecord.first(uid, state, now), link, 0, Rivalry.NONE);
            }
            return before.isHeldAgainst(link)
                    ? null
                    : before.with(before.record().registered(state, now), link, nanoTime);
        });
        if (change == null) {
            giveWay(uid, link);
            return DONE;
        }
        meters.registrations.increment();
        attached(change, link, "registered");
        return writer.writeNow(uid);
    }

    /**
     * Attaches an agent of which all is known already.
     *
     * @return done when it may be answered: when what is known is stored, or the store has failed to
     */
    public CompletionStage<Void> rejoin(InstanceUid uid, AgentLink link) {
        Instant now = now();
        long nanoTime = time.nanoTime();
        Change change = change(
                uid,
                before -> before == null || before.isHeldAgainst(link)
                        ? null
                        : before.with(before.record().rejoined(now), link, nanoTime));
        if (change == null) {
            giveWay(uid, link);
            return DONE;
        }
        meters.rejoins.increment();
        attached(change, link, "rejoined");
        writer.writeSoon(uid);
        return whenStored(change.after());
    }

    /**
     * Whether a link is that of a second process under a uid, which is to be given another rather than attached: both
     * have shown that they are alive by displacing each other.
     */
    public boolean turnsAway(InstanceUid uid, AgentLink link) {
        Member known = members.get(uid);
        return known != null && known.turnsAway(link, time.nanoTime());
    }

    /** Notes that a link which was to be {@linkplain #turnsAway turned away} was given another uid. */
    public void turnedAway(InstanceUid uid, AgentLink link, InstanceUid given) {
        meters.turnedAway.increment();
        Member known = members.get(uid);
        if (known != null) {
            lines.write(
                    log::warn,
                    () -> named(known.record()) + " is two: " + sort(known.link()) + " and " + sort(link)
                            + " keep displacing each other; the second is given the uid " + given
                            + ". Most likely a data directory was copied with the instance_uid in it");
        }
    }

    /** Notes that a displaced link has answered its close: whatever was behind it was alive. */
    public void answered(InstanceUid uid, AgentLink displaced) {
        if (displaced.process() == null) {
            long now = time.nanoTime();
            change(
                    uid,
                    before ->
                            before == null ? null : before.with(before.rivalry().answered(now)));
        }
    }

    /** Notes that an agent is there. Writes nothing. */
    public void heard(InstanceUid uid) {
        Instant now = now();
        long nanoTime = time.nanoTime();
        change(
                uid,
                before -> before == null
                        ? null
                        : before.with(before.record().withLastSeen(now))
                                .with(before.rivalry().at(nanoTime)));
    }

    /** Notes how an agent is doing. Written only if it is doing otherwise than before: figures alone are not. */
    public void reported(InstanceUid uid, Health health) {
        Change change = change(
                uid,
                before -> before == null ? null : before.with(before.record().withHealth(health)));
        if (change != null) {
            clocks.read(change.after().record(), health.at(), now());
        }
        if (change != null
                && change.before() != null
                && !alike(change.before().record().health(), health)) {
            writer.writeSoon(uid);
        }
    }

    /** Notes an agent's status record. */
    public void received(InstanceUid uid, AgentRecord.Status status) {
        Change change = change(
                uid,
                before -> before == null ? null : before.with(before.record().withStatus(status)));
        if (change != null) {
            writer.writeSoon(uid);
        }
    }

    /**
     * Notes that a link is gone. Without effect unless the agent is attached by this very link.
     *
     * @param loss why
     */
    public void detach(InstanceUid uid, AgentLink link, Loss loss) {
        Change change = change(uid, before -> before == null || !before.isAttachedBy(link) ? null : before.detached());
        if (change != null) {
            meters.lost(loss.why());
            lines.write(log::info, () -> named(change.after().record()) + " detached: " + loss.detail());
            writer.writeSoon(uid);
        }
    }

    /** Writes what is not written yet, on the caller's thread; to be called once all links have ended. */
    @Override
    public void close() {
        writer.close();
    }

    private @Nullable Change change(InstanceUid uid, Step step) {
        while (true) {
            Member before = members.get(uid);
            Member after = step.next(before);
            if (after == null) {
                return null;
            }
            boolean done =
                    before == null ? members.putIfAbsent(uid, after) == null : members.replace(uid, before, after);
            if (done) {
                return new Change(before, after);
            }
        }
    }

    private void attached(Change change, AgentLink link, String how) {
        lines.write(log::info, () -> named(change.after().record()) + " " + how + " over " + link.transport());
        AgentLink old = change.before() == null ? null : change.before().link();
        if (old != null && old.number() != link.number()) {
            giveWay(change.after().record().uid(), old);
        }
    }

    private void giveWay(InstanceUid uid, AgentLink old) {
        meters.displaced.increment();
        lines.write(
                log::info,
                () -> agent(uid).map(Fleet::named).orElse("agent " + uid) + " displaced: its older link over "
                        + old.transport() + " gives way to a newer one");
        old.displaced();
    }

    private static String sort(@Nullable AgentLink link) {
        if (link == null) {
            return "one that is gone";
        }
        return (link.process() == null ? "a process" : "process " + link.process()) + " over " + link.transport();
    }

    private CompletionStage<Void> whenStored(Member member) {
        return member.isStored() ? DONE : writer.writeNow(member.record().uid());
    }

    private AgentRecord record(InstanceUid uid) {
        return Objects.requireNonNull(members.get(uid), "only what is known changes")
                .record();
    }

    private void saved(Collection<AgentRecord> batch) {
        for (AgentRecord record : batch) {
            change(
                    record.uid(),
                    before -> before == null || before.isStored() ? null : before.withStored(record.registrations()));
        }
    }

    private long attachedCount() {
        return members.values().stream().filter(member -> member.link() != null).count();
    }

    private long attachedOver(AgentLink.Transport transport) {
        return members.values().stream()
                .filter(member -> member.link() != null && member.link().transport() == transport)
                .count();
    }

    /** Stores keep milliseconds; what is shown before and after a restart is to be the same. */
    private Instant now() {
        return time.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    /** Whether they differ in figures and dates alone, all the way down. */
    private static boolean alike(@Nullable Health one, @Nullable Health other) {
        return one != null
                && other != null
                && one.healthy() == other.healthy()
                && one.status().equals(other.status())
                && one.lastError().equals(other.lastError())
                && one.components().keySet().equals(other.components().keySet())
                && one.components().entrySet().stream()
                        .allMatch(part ->
                                alike(part.getValue(), other.components().get(part.getKey())));
    }

    /** A host name comes from outside: it must not be able to begin a line of its own. */
    static String named(AgentRecord record) {
        String host = UNPRINTABLE.matcher(record.host()).replaceAll("?");
        return "agent " + record.uid() + (host.isEmpty() ? "" : " (" + host + ")");
    }
}
