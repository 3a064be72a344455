// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static dev.holdfast.cli.Rig.REGISTERED;
import static dev.holdfast.cli.Rig.REJOINED;
import static dev.holdfast.cli.RunningCommand.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Partitions between agents and a server in network namespaces, packets dropped both ways and one way only: three
 * agents, each behind a router of its own, are cut off in three ways at the same time. Needs root.
 */
class PartitionIT {

    private static final boolean FULL = "full".equals(System.getProperty("holdfast.outages"));

    private static final String PORT = "4320";
    private static final int METRICS = 9464;

    /** What is dropped. */
    private enum Cut {
        BOTH_WAYS(1),
        TO_SERVER(2),
        TO_AGENT(3);

        private final int agent;

        Cut(int agent) {
            this.agent = agent;
        }

        String agentName() {
            return "agent" + agent;
        }
    }

    /** An agent, and what happens to it. */
    private record Attached(Cut cut, RunningCommand agent) {}

    @TempDir
    Path temp;

    private final List<RunningCommand> started = new ArrayList<>();
    private final List<Attached> attached = new ArrayList<>();
    private Namespaces network;
    private RunningCommand server;

    @BeforeEach
    void lay() throws Exception {
        Optional<String> obstacle = Namespaces.obstacle();
        assumeTrue(obstacle.isEmpty(), () -> obstacle.orElse(""));
        network = new Namespaces(Cut.values().length);
        server = start("server", "server", "--listen", "0.0.0.0:" + PORT, "--admin", "127.0.0.1:0");
        server.awaitLines(1, "listens for agents on");
    }

    @AfterEach
    void clearAway() {
        started.forEach(RunningCommand::close);
        if (network != null) {
            network.close();
        }
    }

    /** Shorter than what it takes to notice silence: TCP sends again what was lost, and nobody need know. */
    @Test
    void aBlipTakesNobodyAwayForLongAndLosesNothing() throws Exception {
        attachAll(Map.of());
        List<RunningCommand> appending = new ArrayList<>();
        for (Cut one : Cut.values()) {
            RunningCommand append = append(one);
            appending.add(append);
            acknowledge(append, "before", 1);
        }
        Instant cut = Instant.now();
        for (Cut one : Cut.values()) {
            cut(one);
        }
        for (RunningCommand append : appending) {
            acknowledge(append, "in the blip", 2);
        }
        after(Duration.ofMillis(1500), cut);
        Instant healed = heal();

        for (Attached one : attached) {
            awaitEvents(one.cut(), "in the blip");
            Optional<MatchResult> rejoined =
                    one.agent().lines(REJOINED).stream().findFirst();
            MatchResult back = rejoined.orElse(one.agent().lines(REGISTERED).getFirst());
            Duration took = Rig.tell(name("blip", one.cut()), Duration.between(cut, healed), healed, back);
            // Below zero where the link was never lost.
            assertThat(took).as(one.agent().output()).isLessThan(Duration.ofSeconds(2));
        }
        assertOneSessionEach();
    }

    @Test
    void aCutIsNoticedAndWhoeverWasCutOffIsBackAsItselfAfterwards() throws Exception {
        attachAll(FULL ? Map.of() : Rig.WATCHFUL);
        Instant cut = Instant.now();
        for (Cut one : Cut.values()) {
            cut(one);
        }
        for (Attached one : attached) {
            one.agent().awaitLines(1, "link down: cause=TIMEOUT .*detail=\"2 heartbeats unanswered");
            acknowledge(append(one.cut()), "in the cut", 1);
        }
        after(FULL ? Duration.ofMinutes(3) : Duration.ofSeconds(12), cut);
        assertThat(attached)
                .allSatisfy(one -> assertThat(one.agent().lines(REJOINED)).isEmpty());
        Instant healed = heal();

        for (Attached one : attached) {
            MatchResult line = one.agent().awaitLines(1, REJOINED).getFirst();
            Duration back = Rig.tell(name("cut", one.cut()), Duration.between(cut, healed), healed, line);
            assertThat(back).isLessThan(Duration.ofSeconds(30));
            awaitEvents(one.cut(), "in the cut");
        }
        assertOneSessionEach();
    }

    /** One agent's cable is drawn, another one's route is gone, and the third is to notice nothing. */
    @Test
    void anAgentWithoutANetworkSaysSoDoesNotHurryAndIsBackSoonAfterItHasOne() throws Exception {
        Map<String, String> metrics = Map.of("HOLDFAST_METRICS_LISTEN", "127.0.0.1:" + METRICS);
        attachAll(Rig.with(FULL ? Map.of() : Rig.WATCHFUL, metrics));
        List<Attached> without = attached.subList(0, 2);
        Instant gone = Instant.now();
        network.unplug(1);
        network.takeRoute(2);
        for (Attached one : without) {
            one.agent().awaitLines(2, "link down: cause=LOCAL .*detail=\".*Network is unreachable");
        }
        Duration outage = FULL ? Duration.ofMinutes(3) : Duration.ofSeconds(12);
        after(outage, gone);
        for (Attached one : without) {
            assertThat(one.agent().lines("link attached: ")).hasSize(1);
            // After the fast start a second goes by between any two.
            assertThat(one.agent().lines("link down: ").size())
                    .as("attempts")
                    .isLessThanOrEqualTo(
                            5 + (int) Duration.between(gone, Instant.now()).toSeconds());
        }

        Instant healed = Instant.now();
        network.plug(1);
        network.plug(2);
        for (Attached one : without) {
            MatchResult line = one.agent().awaitLines(1, REJOINED).getFirst();
            String scenario = one.cut().agent == 1 ? "unplugged" : "no-route";
            Duration back = Rig.tell(scenario, Duration.between(gone, healed), healed, line);
            // The longest delay, and what a probe and a busy machine may take.
            assertThat(back).isLessThan(Duration.ofSeconds(FULL ? 30 : 10));
            String counted = network.get(one.cut().agentName(), METRICS, "/metrics");
            assertThat(counted)
                    .containsPattern("holdfast_agent_attempts_failed_total\\{cause=\"local\"} ([2-9]|[1-9][0-9])");
        }
        assertThat(attached.getLast().agent().lines("link down: ")).isEmpty();
        assertOneSessionEach();
    }

    private void attachAll(Map<String, String> environment) {
        for (Cut one : Cut.values()) {
            String url = "ws://" + Namespaces.serverAddress(one.agent) + ":" + PORT;
            attached.add(new Attached(one, start(one.agentName(), environment, "agent", "--server", url)));
        }
        attached.forEach(one -> one.agent().awaitLines(1, REGISTERED));
    }

    private void cut(Cut one) throws Exception {
        if (one != Cut.TO_AGENT) {
            network.dropToServer(one.agent);
        }
        if (one != Cut.TO_SERVER) {
            network.dropToAgent(one.agent);
        }
    }

    private Instant heal() throws Exception {
        for (Cut one : Cut.values()) {
            network.heal(one.agent);
        }
        return Instant.now();
    }

    /** Waits until so much time has gone by since then: that is all that a partition is. */
    private static void after(Duration time, Instant since) {
        await().atMost(time.plus(PATIENCE))
                .until(() -> Duration.between(since, Instant.now()).compareTo(time) >= 0);
    }

    private static String name(String outage, Cut one) {
        return "partition-" + outage + "-" + one.name().toLowerCase(Locale.ROOT);
    }

    /** Each registered once, is attached, and nothing of its older links is left. */
    private void assertOneSessionEach() throws Exception {
        await().atMost(PATIENCE).untilAsserted(() -> {
            JsonNode list = JsonMapper.shared().readTree(run("fleet", "list", "--format", "json"));
            assertThat(list).hasSize(Cut.values().length).allSatisfy(agent -> {
                assertThat(agent.get("attached").asBoolean()).isTrue();
                assertThat(agent.get("registrations").asInt()).isEqualTo(1);
            });
        });
        assertThat(server.lines("registered over")).hasSize(Cut.values().length);
        assertThat(attached).allMatch(one -> one.agent().running());
    }

    /** Appends to an agent's outbox what it is given. */
    private RunningCommand append(Cut one) {
        return start(one.agentName(), "outbox", "append", "--lane", "notes");
    }

    private static void acknowledge(RunningCommand append, String record, int sequence) throws Exception {
        append.input().write((record + "\n").getBytes(UTF_8));
        append.input().flush();
        append.awaitLines(1, "\"sequence\":" + sequence + "}");
    }

    private void awaitEvents(Cut one, String record) throws Exception {
        String uid = Files.readString(temp.resolve(one.agentName()).resolve("instance_uid"))
                .strip();
        await().atMost(PATIENCE).untilAsserted(() -> {
            String events = run("fleet", "events", uid, "--lane", "notes");
            assertThat(events.lines().filter(line -> line.contains(record))).hasSize(1);
        });
    }

    /** Runs a command on the server's data directory to its end, where the server is. */
    private String run(String... arguments) throws Exception {
        RunningCommand command = start("server", Map.of(), arguments);
        assertThat(command.exitCode()).as(command.output()).isZero();
        return command.output();
    }

    private RunningCommand start(String place, String... arguments) {
        return start(place, Map.of(), arguments);
    }

    /** A command in a namespace, on the data directory of the same name; each has a log of its own. */
    private RunningCommand start(String place, Map<String, String> environment, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--data", temp.resolve(place).toString()));
        RunningCommand command = RunningCommand.startBehind(
                network.in(place), temp.resolve(started.size() + ".log"), environment, all.toArray(String[]::new));
        started.add(command);
        return command;
    }
}
