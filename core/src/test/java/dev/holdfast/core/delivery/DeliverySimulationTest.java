// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.delivery.DeliveryPolicy.Flight;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Outboxes and a server in virtual time, with faults until some minute and none after it. Then every record that was
 * not lost with a disk is stored once, or was given up on, or was told as lost. Every random choice comes from one
 * seed; {@code -Dholdfast.seed=N} plays another, and with {@code -Dholdfast.runs=1} nothing but it.
 */
class DeliverySimulationTest {

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);
    private static final int RUNS = Integer.getInteger("holdfast.runs", 200);
    private static final Duration FAULTY = Duration.ofMinutes(10);
    private static final Duration QUIET = Duration.ofHours(3);
    private static final List<String> LANES = List.of("events", "status", "audit");

    private enum Fault {
        LINK,
        LOST_ANSWER,
        AGENT_RESTART,
        SERVER_RESTART,
        BAD_RECORD,
        REFUSAL,
        QUOTA,
        CLOCK_BACK,
        AGENT_RESTORE,
        SERVER_RESTORE,
        CLONE
    }

    private static final List<Fault> ALL = List.of(Fault.values());

    @Test
    @Timeout(60)
    void everyRecordIsStoredOnceOrToldOf() {
        for (long seed = SEED; seed < SEED + RUNS; seed++) {
            Run run = new Run(seed);
            try {
                run.play();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "replay with -Dholdfast.seed=" + seed + " -Dholdfast.runs=1: " + run.story(), e);
            }
        }
    }

    private static final class Run {
        final SplittableRandom chance;
        final VirtualTime time = new VirtualTime();
        final ModelServer server = new ModelServer();
        final List<ModelAgent> agents = new ArrayList<>();
        final List<Object> said = new ArrayList<>();
        final Set<Fault> faults = EnumSet.noneOf(Fault.class);
        final DeliveryPolicy policy;

        Map<String, ModelLane> oldOutbox = new HashMap<>();
        ModelServer.@Nullable Disk oldServer;
        long nextId = 1;
        boolean faulty = true;

        Run(long seed) {
            chance = new SplittableRandom(seed);
            for (Fault fault : Fault.values()) {
                if (chance.nextInt(3) == 0) {
                    faults.add(fault);
                }
            }
            policy = DeliveryPolicy.DEFAULT
                    .withFlight(
                            new Flight(1 + chance.nextInt(3), 1 + chance.nextInt(20), 300, 300 + chance.nextInt(600)))
                    .withTimes(Duration.ofSeconds(10), Duration.ofMinutes(1));
        }

        void play() {
            if (faults.contains(Fault.BAD_RECORD)) {
                int every = 2 + chance.nextInt(30);
                server.isBad = id -> id % every == 0;
                server.names = chance.nextBoolean();
            }
            server.refuses = () -> faulty && faults.contains(Fault.REFUSAL) && chance.nextInt(4) == 0
                    ? (chance.nextBoolean() ? Refusal.Why.OVERLOAD : Refusal.Why.STORAGE)
                    : null;
            ModelAgent first = agent();
            for (String lane : LANES.subList(0, 1 + chance.nextInt(LANES.size()))) {
                first.addLane(new ModelLane(lane, chance.nextLong()));
            }
            first.linkUp();
            while (time.elapsed().compareTo(FAULTY) < 0) {
                time.advance(Duration.ofMillis(chance.nextLong(1, 20_000)));
                step();
            }
            faulty = false;
            server.markFloor = Duration.ZERO;
            agents.forEach(agent -> {
                agent.linkDown();
                agent.linkUp();
            });
            time.advance(Duration.ofMinutes(2));
            Duration end = time.elapsed().plus(QUIET);
            while (!agents.stream().allMatch(ModelAgent::isDrained)
                    && time.elapsed().compareTo(end) < 0) {
                time.advance(Duration.ofSeconds(1));
            }
            check();
        }

        private ModelAgent agent() {
            ModelAgent agent = new ModelAgent(time, chance.split(), policy, server, said);
            agent.latency = () -> Duration.ofMillis(faulty ? chance.nextInt(1, 2_000) : 1);
            agent.losesAnswer = () -> faulty && faults.contains(Fault.LOST_ANSWER) && chance.nextInt(10) == 0;
            agents.add(agent);
            agent.name += agents.size();
            return agent;
        }

        private ModelAgent someone() {
            return agents.get(chance.nextInt(agents.size()));
        }

        private void step() {
            ModelAgent agent = someone();
            if (!agent.isUp() && chance.nextInt(3) > 0) {
                agent.linkUp();
            }
            List<String> lanes = List.copyOf(agent.lanes.keySet());
            String lane = lanes.get(chance.nextInt(lanes.size()));
            for (int i = chance.nextInt(15); i > 0; i--) {
                agent.append(lane, nextId++, chance.nextInt(30) == 0 ? 1_000 : 1 + chance.nextInt(60));
            }
            Fault fault = ALL.get(chance.nextInt(ALL.size()));
            if (faults.contains(fault)) {
                said.add(new ModelAgent.Said(time.elapsed(), "everyone", fault));
                inflict(fault, agent, agent.lane(lane));
            }
            if (chance.nextInt(8) == 0) {
                oldOutbox = agents.getFirst().snapshot();
            }
            if (chance.nextInt(8) == 0) {
                oldServer = server.disk.copy();
            }
        }

        private void inflict(Fault fault, ModelAgent agent, ModelLane lane) {
            switch (fault) {
                case LINK -> agent.linkDown();
                case AGENT_RESTART -> agent.restart();
                case SERVER_RESTART -> agents.forEach(ModelAgent::linkDown);
                case REFUSAL -> {
                    server.refusalFloor = Duration.ofMillis(chance.nextInt(10_000));
                    server.markFloor = Duration.ofMillis(chance.nextInt(3_000));
                }
                case QUOTA -> {
                    lane.drop(chance.nextLong(lane.acknowledged.sequence(), lane.last() + 1));
                    for (long sequence = 1; sequence <= lane.droppedUpTo; sequence++) {
                        server.givenUp.add(lane.at(sequence).id());
                    }
                }
                case CLOCK_BACK -> time.shiftWallClock(Duration.ofMinutes(-chance.nextInt(60)));
                case AGENT_RESTORE -> {
                    if (!oldOutbox.isEmpty()) {
                        agents.getFirst().restore(oldOutbox);
                    }
                }
                case SERVER_RESTORE -> {
                    if (oldServer != null) {
                        agents.forEach(ModelAgent::linkDown);
                        server.disk = oldServer.copy();
                    }
                }
                case CLONE -> {
                    if (agents.size() < 3) {
                        agent().restore(agent.snapshot());
                    }
                }
                case LOST_ANSWER, BAD_RECORD -> {}
            }
        }

        private void check() {
            boolean copied = faults.contains(Fault.CLONE) || faults.contains(Fault.AGENT_RESTORE);
            Map<Long, Integer> stored = server.disk.storedById;
            assertThat(stored.values()).as("twice").allMatch(times -> times == 1);
            server.disk
                    .streams
                    .values()
                    .forEach(stream -> assertThat(stream.sequences).isSorted());
            for (ModelAgent agent : agents) {
                assertThat(agent.isDrained()).as("drained").isTrue();
                if (!faults.contains(Fault.SERVER_RESTORE)) {
                    assertThat(agent.toldLost).isEmpty();
                    assertThat(agent.toldUncertain).isEmpty();
                }
                if (!copied) {
                    assertThat(agent.all(Action.Tell.class)).noneMatch(tell -> tell.news() == Action.News.SERVER_AHEAD);
                    assertThat(agent.toldLost).noneMatch(stored::containsKey);
                }
                for (ModelLane lane : agent.lanes.values()) {
                    lane.entries.forEach(entry -> check(entry.id(), stored));
                }
            }
        }

        private void check(long id, Map<Long, Integer> stored) {
            boolean givenUp = server.givenUp.contains(id);
            boolean lost =
                    agents.stream().anyMatch(agent -> agent.toldLost.contains(id) || agent.toldUncertain.contains(id));
            assertThat(stored.containsKey(id) || givenUp || lost)
                    .as("record %d is stored, or given up on, or told", id)
                    .isTrue();
            assertThat(server.isBad.test(id) && stored.containsKey(id)).isFalse();
            if (!faults.contains(Fault.QUOTA) && !server.isBad.test(id)) {
                assertThat(givenUp).as("record %d given up on", id).isFalse();
            }
        }

        private String story() {
            return faults + " ..." + said.subList(Math.max(0, said.size() - 30), said.size());
        }
    }
}
