// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static dev.holdfast.cli.Rig.REGISTERED;
import static dev.holdfast.cli.Rig.REJOINED;
import static dev.holdfast.cli.RunningCommand.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.cli.FrontProxy.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * One server, and before it, for each agent, a proxy that fails in a way of its own. The scenarios are played at the
 * same time: most of what they take is waiting.
 */
class RecoveryIT {

    @TempDir
    static Path temp;

    private static Rig rig;

    @BeforeAll
    static void startTheServer() {
        rig = new Rig(temp);
        rig.server("127.0.0.1:0");
    }

    @AfterAll
    static void endWhatRuns() {
        rig.close();
    }

    @ParameterizedTest
    @CsvSource({"REFUSE, NETWORK, Connection refused", "BAD_GATEWAY, SERVER, the server answered 502"})
    @Execution(ExecutionMode.CONCURRENT)
    void theCauseIsToldAndTheAgentRejoinsWhenItIsGone(Mode fault, String cause, String detail) throws Exception {
        try (FrontProxy front = new FrontProxy(rig.listen())) {
            RunningCommand agent = attached(fault, front, Rig.SHORTENED);
            Instant gone = Instant.now();
            front.be(fault);
            front.cut();
            agent.awaitLines(2, "link down: cause=" + cause + " .*detail=\".*" + detail);
            assertThat(agent.lines(REJOINED)).isEmpty();

            Instant reachable = Instant.now();
            front.be(Mode.PASS);
            tell(fault, gone, reachable, agent.awaitLines(1, REJOINED).getFirst());
            assertRejoinedAsOne(fault, agent);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void silenceIsNoticedWithinTwoHeartbeats() throws Exception {
        try (FrontProxy front = new FrontProxy(rig.listen())) {
            RunningCommand agent = attached(Mode.BLACKHOLE, front, Rig.WATCHFUL);
            Instant silent = Instant.now();
            front.be(Mode.BLACKHOLE);
            MatchResult noticed = agent.awaitLines(1, "link down: cause=TIMEOUT .*detail=\"2 heartbeats unanswered")
                    .getFirst();
            // The next heartbeat is due after 1 s, and silence after it is one after 2 s. The rest is for a machine
            // that has too much to do; pings, or TCP, would take longer than all of it.
            assertThat(Duration.between(silent, RunningCommand.date(noticed))).isLessThan(Duration.ofSeconds(15));
            agent.awaitLines(1, "link down: cause=TIMEOUT .*detail=\"not connected within");

            Instant reachable = Instant.now();
            front.be(Mode.PASS);
            tell(
                    Mode.BLACKHOLE,
                    silent,
                    reachable,
                    agent.awaitLines(1, REJOINED).getLast());
            assertRejoinedAsOne(Mode.BLACKHOLE, agent);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void latencyAloneTakesNobodyAway() throws Exception {
        try (FrontProxy front = new FrontProxy(rig.listen())) {
            RunningCommand agent = attached(Mode.SLOW, front, Rig.SHORTENED);
            Instant gone = Instant.now();
            front.be(Mode.SLOW);
            front.cut();
            MatchResult rejoined = agent.awaitLines(1, REJOINED).getFirst();
            Duration back = tell(Mode.SLOW, gone, gone, rejoined);

            // There and back for the upgrade and for the rejoin.
            assertThat(back).isGreaterThan(FrontProxy.LATENCY.multipliedBy(4));
            assertRejoinedAsOne(Mode.SLOW, agent);
            await().during(Duration.ofSeconds(3))
                    .atMost(PATIENCE)
                    .until(() -> agent.lines("link down: ").getLast().start() < rejoined.start());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NO_UPGRADES", "CUT_UPGRADES"})
    @Execution(ExecutionMode.CONCURRENT)
    void whereWebSocketsAreBlockedTheAgentPollsAndGoesBackWhenTheyAreNot(Mode blocked) throws Exception {
        Map<String, String> polling = Rig.with(
                Rig.SHORTENED,
                Map.of(
                        "HOLDFAST_POLLING_WEBSOCKET_RETRY", "4s",
                        "HOLDFAST_POLLING_FAST_INTERVAL", "500ms",
                        "HOLDFAST_POLLING_INTERVAL", "1s"));
        try (FrontProxy front = new FrontProxy(rig.listen())) {
            RunningCommand agent = attached(blocked, front, polling);
            Instant gone = Instant.now();
            front.be(blocked);
            front.cut();
            MatchResult polls =
                    agent.awaitLines(1, REJOINED + " at \\S+ over polling").getFirst();
            tell(blocked, gone, gone, polls);
            String cause = blocked == Mode.NO_UPGRADES ? "REJECTED" : "NETWORK";
            assertThat(agent.lines("link down: cause=" + cause + " .* way=polling "))
                    .isNotEmpty();

            rig.awaitAttachedAndRegisteredOnce(blocked.name());
            if (blocked == Mode.NO_UPGRADES) {
                assertListed(blocked.name());
                append(blocked.name(), "while it polled");
                awaitEvent(blocked.name(), "while it polled");
            }

            front.be(Mode.PASS);
            agent.awaitLines(1, REJOINED + " at \\S+ over websocket");
            assertRejoinedAsOne(blocked, agent);
        }
    }

    private static RunningCommand attached(Mode name, FrontProxy front, Map<String, String> environment) {
        RunningCommand agent = rig.agent(name.name(), front.uri(), environment);
        agent.awaitLines(1, REGISTERED);
        return agent;
    }

    private static Duration tell(Mode fault, Instant gone, Instant reachable, MatchResult attached) {
        Duration outage = Duration.between(gone, reachable);
        return Rig.tell("proxy-" + fault.name().toLowerCase(Locale.ROOT), outage, reachable, attached);
    }

    private static void assertRejoinedAsOne(Mode name, RunningCommand agent) {
        rig.awaitAttachedAndRegisteredOnce(name.name());
        assertThat(agent.lines(REGISTERED)).hasSize(1);
        assertThat(agent.running()).isTrue();
    }

    private static void assertListed(String agent) throws Exception {
        String uid = rig.uid(agent);
        await().atMost(PATIENCE).untilAsserted(() -> {
            String list = rig.run("server", "fleet", "list", "--format", "json");
            assertThat(JsonMapper.shared().readTree(list))
                    .filteredOn(one -> one.get("instance_uid").asString().equals(uid))
                    .singleElement()
                    .satisfies(
                            one -> assertThat(one.get("attached").asBoolean()).isTrue());
        });
    }

    private static void append(String agent, String record) throws Exception {
        Path log = rig.path(agent + "-append.log");
        try (RunningCommand append = RunningCommand.start(
                log,
                Map.of(),
                "outbox",
                "append",
                "--lane",
                "notes",
                "--data",
                rig.path(agent).toString())) {
            append.input().write((record + "\n").getBytes(UTF_8));
            append.input().close();
            assertThat(append.exitCode()).as(append.output()).isZero();
        }
    }

    private static void awaitEvent(String agent, String record) throws Exception {
        String uid = rig.uid(agent);
        await().atMost(PATIENCE).untilAsserted(() -> {
            List<String> events = rig.run("server", "fleet", "events", uid, "--lane", "notes")
                    .lines()
                    .toList();
            assertThat(events).filteredOn(line -> line.contains(record)).hasSize(1);
        });
    }
}
