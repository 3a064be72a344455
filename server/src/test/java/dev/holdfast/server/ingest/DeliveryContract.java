// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.delivery.DeliveryPolicy;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.StreamId;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The machine of the agents against the intake of the server, over the real wire, in virtual time: with faults until
 * some minute and none after it. Then every record that was not lost with a disk was stored once, in order, or was
 * given up on, or was told as lost. {@code -Dholdfast.seed=N} plays another seed, with {@code -Dholdfast.runs=1} it
 * alone.
 */
public abstract class DeliveryContract {

    private static final long SEED = Long.getLong("holdfast.seed", 20261129);
    private static final Duration FAULTY = Duration.ofMinutes(10);
    private static final Duration QUIET = Duration.ofHours(3);
    private static final int RECORD_LIMIT = 80_000;

    private enum Fault {
        LINK,
        LOST_ANSWER,
        AGENT_RESTART,
        BAD_RECORD,
        LARGE_RECORD,
        FULL_DISK,
        QUOTA,
        AGENT_RESTORE,
        SERVER_RESTORE,
        CLONE,
        RETENTION
    }

    private static final List<Fault> ALL = List.of(Fault.values());

    /** A database as it was once. */
    @FunctionalInterface
    protected interface Backup {

        /** A store that goes on from there; as often as wanted. */
        EventStore open() throws Exception;
    }

    /** An empty store. */
    protected abstract EventStore open() throws Exception;

    /** What is in a store now. */
    protected abstract Backup backUp(EventStore store) throws Exception;

    /** How many seeds are played. */
    protected abstract int runs();

    @Test
    void everyRecordIsStoredOnceAndInOrderOrToldOf() throws Exception {
        int runs = Integer.getInteger("holdfast.runs", runs());
        for (long seed = SEED; seed < SEED + runs; seed++) {
            Run run = new Run(seed);
            try {
                run.play();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "replay with -Dholdfast.seed=" + seed + " -Dholdfast.runs=1: " + run.faults, e);
            } finally {
                run.database.close();
            }
        }
    }

    private final class Run {

        private final SplittableRandom chance;
        private final VirtualTime time = new VirtualTime();
        private final Set<Fault> faults = EnumSet.noneOf(Fault.class);
        private final List<OutboxAgent> agents = new ArrayList<>();
        private final DeliveryPolicy policy;
        private EventStore database;
        private LoggedStore store;
        private Intake intake;

        private Map<String, OutboxDisk> oldOutbox = new HashMap<>();
        private @Nullable Backup oldDatabase;
        private List<LoggedStore.Stored> oldLog = List.of();
        private long records;
        private boolean faulty = true;

        Run(long seed) throws Exception {
            chance = new SplittableRandom(seed);
            for (Fault fault : Fault.values()) {
                if (chance.nextInt(3) == 0) {
                    faults.add(fault);
                }
            }
            policy = DeliveryPolicy.DEFAULT
                    .withFlight(new DeliveryPolicy.Flight(
                            1 + chance.nextInt(3), 1 + chance.nextInt(20), 1_000, 1_000 + chance.nextInt(4_000)))
                    .withTimes(Duration.ofSeconds(10), Duration.ofMinutes(1));
            database = DeliveryContract.this.open();
            store = logged(List.of());
            intake = intake();
        }

        private LoggedStore logged(List<LoggedStore.Stored> log) {
            return new LoggedStore(
                    database, log, () -> faulty && faults.contains(Fault.FULL_DISK) && chance.nextInt(5) == 0);
        }

        private Intake intake() {
            Duration retention = faults.contains(Fault.RETENTION) ? Duration.ofMinutes(2) : Duration.ofDays(7);
            IngestConfig config = new IngestConfig(IngestConfig.QUEUE_LIMIT, RECORD_LIMIT, retention, 1 << 30);
            return Intake.open(store, time, config, new SimpleMeterRegistry());
        }

        void play() throws Exception {
            OutboxAgent first = agent();
            for (String lane : List.of("events", "status").subList(0, 1 + chance.nextInt(2))) {
                first.addLane(new OutboxDisk(lane, chance.nextLong()));
            }
            while (time.elapsed().compareTo(FAULTY) < 0) {
                time.advance(Duration.ofMillis(chance.nextLong(1, 10_000)));
                step();
            }
            faulty = false;
            agents.forEach(agent -> {
                agent.linkDown();
                agent.linkUp(intake);
            });
            Duration end = time.elapsed().plus(QUIET);
            time.advance(Duration.ofMinutes(2));
            while (!agents.stream().allMatch(OutboxAgent::isDrained)
                    && time.elapsed().compareTo(end) < 0) {
                time.advance(Duration.ofSeconds(1));
            }
            check();
        }

        private OutboxAgent agent() {
            int number = agents.size() + 1;
            OutboxAgent agent = new OutboxAgent(time, chance.split(), policy, new OutboxId(1, 1), number);
            agent.latency = () -> Duration.ofMillis(faulty ? chance.nextInt(1, 2_000) : 1);
            agent.losesAnswer = () -> faulty && faults.contains(Fault.LOST_ANSWER) && chance.nextInt(10) == 0;
            agents.add(agent);
            return agent;
        }

        private void step() throws Exception {
            OutboxAgent agent = agents.get(chance.nextInt(agents.size()));
            if (!agent.isUp() && chance.nextInt(3) > 0) {
                agent.linkUp(intake);
            }
            List<OutboxDisk> lanes = List.copyOf(agent.lanes.values());
            OutboxDisk lane = lanes.get(chance.nextInt(lanes.size()));
            for (int i = chance.nextInt(15); i > 0; i--) {
                append(agent, lane.lane);
            }
            Fault fault = ALL.get(chance.nextInt(ALL.size()));
            if (faults.contains(fault)) {
                inflict(fault, agent, lane);
            }
            if (chance.nextInt(8) == 0) {
                oldOutbox = agents.getFirst().snapshot();
            }
            if (chance.nextInt(8) == 0) {
                oldDatabase = backUp(database);
                oldLog = List.copyOf(store.log);
            }
        }

        private void append(OutboxAgent agent, String lane) {
            boolean large = faults.contains(Fault.LARGE_RECORD) && chance.nextInt(20) == 0;
            boolean bad = faults.contains(Fault.BAD_RECORD) && chance.nextInt(10) == 0;
            int bytes = large ? chance.nextInt(2 * RECORD_LIMIT) : chance.nextInt(100);
            agent.append(lane, ++records, bytes, bad ? "unheard-of" : "");
        }

        private void inflict(Fault fault, OutboxAgent agent, OutboxDisk lane) throws Exception {
            switch (fault) {
                case LINK -> agent.linkDown();
                case AGENT_RESTART -> agent.restart(agent.snapshot());
                case QUOTA -> agent.drop(lane, chance.nextLong(lane.acknowledged.sequence(), lane.last() + 1));
                case AGENT_RESTORE -> {
                    if (!oldOutbox.isEmpty()) {
                        agents.getFirst().restart(oldOutbox);
                    }
                }
                case SERVER_RESTORE -> {
                    if (oldDatabase != null) {
                        agents.forEach(OutboxAgent::linkDown);
                        intake.close();
                        database.close();
                        database = oldDatabase.open();
                        store = logged(oldLog);
                        intake = intake();
                    }
                }
                case CLONE -> {
                    if (agents.size() < 3) {
                        agent().restart(agent.snapshot());
                    }
                }
                case LOST_ANSWER, BAD_RECORD, LARGE_RECORD, FULL_DISK, RETENTION -> {}
            }
        }

        private void check() throws Exception {
            assertThat(agents).as("drained").allMatch(OutboxAgent::isDrained);
            List<Long> stored = numbers(store.log);
            assertThat(stored).as("stored").isNotEmpty().doesNotHaveDuplicates();
            Map<StreamId, List<Long>> sequences = new HashMap<>();
            store.log.forEach(each -> sequences
                    .computeIfAbsent(each.stream(), stream -> new ArrayList<>())
                    .add(each.item().first()));
            assertThat(sequences.values()).allSatisfy(each -> assertThat(each).isSorted());
            Set<Long> known = new HashSet<>(stored);
            Set<Long> told = new HashSet<>();
            agents.forEach(agent -> {
                told.addAll(agent.told);
                known.addAll(agent.told);
                // What one gave up on is a gap to its copies.
                known.addAll(agent.givenUp);
            });
            for (OutboxAgent agent : agents) {
                for (OutboxDisk lane : agent.lanes.values()) {
                    assertThat(lane.records)
                            .as("records of %s that are stored, given up on or told", lane.lane)
                            .allMatch(record -> known.contains(OutboxDisk.number(record)));
                }
            }
            if (!faults.contains(Fault.BAD_RECORD)
                    && !faults.contains(Fault.LARGE_RECORD)
                    && !faults.contains(Fault.QUOTA)) {
                assertThat(agents).allMatch(agent -> agent.givenUp.isEmpty());
            }
            if (!faults.contains(Fault.SERVER_RESTORE)) {
                assertThat(told).isEmpty();
            }
            if (!faults.contains(Fault.RETENTION)) {
                assertThat(readAll()).as("handed on").containsExactlyElementsOf(stored);
            }
        }

        private List<Long> readAll() throws Exception {
            List<Long> all = new ArrayList<>();
            EventStore.Page<EventStore.Event> page = store.events(EventStore.Query.after(0, 1_000));
            page.items().forEach(event -> all.add(OutboxDisk.number(event.data())));
            while (!page.end()) {
                page = store.events(EventStore.Query.after(page.next(), 1_000));
                page.items().forEach(event -> all.add(OutboxDisk.number(event.data())));
            }
            return all;
        }

        private List<Long> numbers(List<LoggedStore.Stored> log) {
            return log.stream()
                    .map(LoggedStore.Stored::item)
                    .filter(item -> item instanceof Item.Data)
                    .map(item -> OutboxDisk.number((Item.Data) item))
                    .toList();
        }
    }
}
