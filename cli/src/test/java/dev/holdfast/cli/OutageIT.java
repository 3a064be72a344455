// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static dev.holdfast.cli.RunningCommand.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.time.SystemTime;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server that dies under its agents, with real processes, sockets and files. */
class OutageIT {

    @TempDir
    Path temp;

    private final List<RunningCommand> started = new ArrayList<>();
    private Rig rig;

    @BeforeEach
    void begin() {
        rig = new Rig(temp);
    }

    @AfterEach
    void endWhatRuns() {
        started.forEach(RunningCommand::close);
        rig.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 9})
    void anAgentReattachesByItselfAfterItsServerWasKilled(int failedAttempts) throws Exception {
        RunningCommand server = rig.server("127.0.0.1:0");
        RunningCommand agent = agent("agent", Rig.SHORTENED);
        agent.awaitLines(1, "link attached: REGISTERED");

        String address = rig.listen();
        server.kill();
        agent.awaitLines(failedAttempts, "link down: .*cause=NETWORK attempt=");
        RunningCommand restarted = rig.server(address);
        agent.awaitLines(1, "link attached: REJOINED");

        assertBackInTime(agent, restarted);
        assertRejoinedOnce(restarted);
        assertDelaysAreExplained(agent, failedAttempts);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 40})
    @EnabledIfSystemProperty(
            named = "holdfast.outages",
            matches = "full",
            disabledReason = "takes minutes: mvn verify -Pfull-outages")
    void theSameAtFullLengthWithTheDefaults(int outageSeconds) throws Exception {
        RunningCommand server = rig.server("127.0.0.1:0");
        RunningCommand agent = agent("agent", Map.of());
        agent.awaitLines(1, "link attached: REGISTERED");

        String address = rig.listen();
        server.kill();
        RunningCommand restarted = after(Duration.ofSeconds(outageSeconds), () -> rig.server(address));
        agent.awaitLines(1, "link attached: REJOINED");

        assertBackInTime(agent, restarted);
        assertRejoinedOnce(restarted);
    }

    @Test
    void tenAgentsAllRejoinOnceAndTheFleetListIsRightThroughout() throws Exception {
        RunningCommand server = rig.server("127.0.0.1:0");
        List<RunningCommand> agents = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            agents.add(agent("agent-" + i, Rig.SHORTENED));
        }
        awaitAttached(10);
        assertThat(fleet()).allSatisfy(agent -> {
            assertThat(agent.get("registrations").asInt()).isEqualTo(1);
            assertThat(agent.get("rejoins").asInt()).isZero();
            assertThat(agent.get("host").asString()).isNotBlank();
        });
        assertThat(fleetText()).contains("10 agents, 10 attached");

        agents.getFirst().terminate();
        awaitAttached(9);
        assertThat(fleetText()).contains("10 agents, 9 attached");

        String address = rig.listen();
        server.kill();
        RunningCommand restarted = rig.server(address);
        awaitAttached(9);
        assertThat(fleet()).hasSize(10).allSatisfy(agent -> {
            assertThat(agent.get("registrations").asInt()).isEqualTo(1);
            assertThat(agent.get("rejoins").asInt())
                    .isEqualTo(agent.get("attached").asBoolean() ? 1 : 0);
        });
        assertThat(restarted.lines("rejoined over")).hasSize(9);
        assertThat(restarted.lines("registered over")).isEmpty();
        assertThat(restarted.terminate()).isZero();
    }

    @Test
    void aSecondServerOnTheSameDirectoryIsToldWhoHoldsIt() throws Exception {
        RunningCommand first = rig.server("127.0.0.1:0");
        RunningCommand second = keep(RunningCommand.start(
                temp.resolve("second.log"),
                Map.of(),
                "server",
                "--data",
                rig.path("server").toString(),
                "--listen",
                "127.0.0.1:0",
                "--admin",
                "127.0.0.1:0"));
        assertThat(second.exitCode()).isEqualTo(3);
        assertThat(second.output()).contains("is held by another process (pid " + first.pid() + ")");
        assertThat(first.running()).isTrue();
    }

    @Test
    void upRunsBothShowsTheHostAndStopsCleanly() throws Exception {
        RunningCommand up = keep(RunningCommand.start(
                temp.resolve("up.log"),
                Map.of(),
                "up",
                "--data",
                temp.resolve("up").toString(),
                "--listen",
                "127.0.0.1:0",
                "--admin",
                "127.0.0.1:0"));
        up.awaitLines(1, "link attached: REGISTERED");
        String list =
                RunningCommand.run("fleet", "list", "--data", temp.resolve("up").toString(), "--format", "json");
        JsonNode agent = JsonMapper.shared().readTree(list).get(0);
        assertThat(agent.get("attached").asBoolean()).isTrue();
        String uid = agent.get("instance_uid").asString();
        await().atMost(PATIENCE).untilAsserted(() -> {
            String card = RunningCommand.run(
                    "fleet", "show", uid, "--data", temp.resolve("up").toString(), "--format", "json");
            JsonNode shown = JsonMapper.shared().readTree(card);
            assertThat(shown.at("/description/non_identifying/host.cpu.count").asInt())
                    .isEqualTo(Runtime.getRuntime().availableProcessors());
            assertThat(shown.at("/status/system.memory.total").asLong()).isPositive();
        });

        List<ProcessHandle> children =
                ProcessHandle.of(up.pid()).orElseThrow().descendants().toList();
        assertThat(children).hasSize(2);
        assertThat(up.terminate()).isZero();
        assertThat(children).noneMatch(ProcessHandle::isAlive);
        assertThat(up.output()).contains("agent " + uid + " stopped");
    }

    private void assertBackInTime(RunningCommand agent, RunningCommand server) {
        MatchResult attached = agent.lines("link attached: REJOINED").getFirst();
        MatchResult ready = server.lines("listens for agents on").getLast();
        MatchResult lastDelay = agent.lines("link down: .*delay=([0-9.]+)s").getLast();
        Duration delay = Duration.ofNanos((long) (Double.parseDouble(lastDelay.group(1)) * 1e9));
        assertThat(Duration.between(RunningCommand.date(ready), RunningCommand.date(attached)))
                .as(agent.output())
                .isLessThanOrEqualTo(delay.multipliedBy(5).dividedBy(4).plusSeconds(1));
    }

    private void assertRejoinedOnce(RunningCommand server) throws Exception {
        awaitAttached(1);
        JsonNode agent = fleet().getFirst();
        assertThat(agent.get("registrations").asInt()).isEqualTo(1);
        assertThat(agent.get("rejoins").asInt()).isEqualTo(1);
        assertThat(server.lines("rejoined over")).hasSize(1);
        assertThat(server.lines("registered over")).isEmpty();
    }

    private static void assertDelaysAreExplained(RunningCommand agent, int atLeast) {
        List<MatchResult> lines =
                agent.lines("cause=NETWORK attempt=([0-9]+) delay=[0-9.]+s from=backoff left=unlimited breaker=[a-z-]+"
                        + " way=websocket next=ws://\\S+ detail=");
        assertThat(lines).hasSizeGreaterThanOrEqualTo(atLeast);
        for (int i = 0; i < lines.size(); i++) {
            assertThat(lines.get(i).group(1)).isEqualTo(String.valueOf(i + 1));
        }
    }

    private void awaitAttached(int count) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(rig.attached()).hasSize(count));
    }

    private List<JsonNode> fleet() throws IOException, InterruptedException {
        List<JsonNode> agents = new ArrayList<>();
        JsonMapper.shared()
                .readTree(rig.run("server", "fleet", "list", "--format", "json"))
                .forEach(agents::add);
        return agents;
    }

    private String fleetText() throws IOException, InterruptedException {
        return rig.run("server", "fleet", "list");
    }

    private RunningCommand agent(String name, Map<String, String> environment) throws IOException {
        return rig.agent(name, URI.create("ws://" + rig.listen()), environment);
    }

    private RunningCommand keep(RunningCommand command) {
        started.add(command);
        return command;
    }

    private static RunningCommand after(Duration delay, Start start) {
        try (SystemTime time = SystemTime.start("outage")) {
            CompletableFuture<RunningCommand> begun = new CompletableFuture<>();
            time.schedule(delay, () -> begun.complete(start.start()));
            return begun.join();
        }
    }

    @FunctionalInterface
    private interface Start {
        RunningCommand start();
    }
}
