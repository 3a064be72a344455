// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerWebSocketIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String ONE = "0123456789abcdef0123456789abcdef";
    private static final String OTHER = "fedcba9876543210fedcba9876543210";

    @TempDir
    private Path data;

    private final InstanceUid uid = uid(1);
    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        server = TestServer.start(data);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void answersARegistrationWithWhatItOffersAndHeartbeatsPlainly() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid, "hash")) {
            ServerMessage first = agent.ask(registration(uid, 0, "h1", "hash"));
            assertThat(first.uid()).isEqualTo(uid);
            assertThat(first.reportFullState()).isFalse();
            assertThat(first.capabilities())
                    .isEqualTo(Capabilities.ACCEPTS_STATUS | Capabilities.OFFERS_CONNECTION_SETTINGS);
            assertThat(first.heartbeatInterval()).isEqualTo(Duration.ofSeconds(7));
            assertThat(first.customCapabilities()).containsExactly(Capabilities.OUTBOX);

            assertThat(agent.ask(heartbeat(uid, 1)).reportFullState()).isFalse();
            assertThat(server.agent(uid).get("attached").asBoolean()).isTrue();
            assertThat(server.metric("holdfast_agents_attached")).isEqualTo(1);
            assertThat(server.metric("holdfast_messages_total{transport=\"websocket\"}"))
                    .isEqualTo(2);
        }
        awaitAttached(uid, false);
    }

    @Test
    void asksForTheFullStateAfterAGapAndOfAnAgentItDoesNotKnow() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid, "hash")) {
            assertThat(agent.ask(heartbeat(uid, 5)).reportFullState()).isTrue();
            assertThat(agent.ask(registration(uid, 6, "h1", "hash")).reportFullState())
                    .isFalse();
            assertThat(agent.ask(heartbeat(uid, 8)).reportFullState()).isTrue();
            assertThat(server.metric("holdfast_full_state_requests_total")).isEqualTo(2);
        }
    }

    @Test
    void afterARestartAnAgentWithTheSameStateRejoinsAndOneWithAnotherIsAskedForIt() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid, "hash")) {
            agent.ask(registration(uid, 0, "h1", "hash"));
            server.close();
            assertThat(agent.closeCode()).isEqualTo(1001);
        }
        server = TestServer.start(data);
        assertThat(server.agent(uid).get("attached").asBoolean()).isFalse();

        try (TestAgent same = TestAgent.connect(server, uid, "hash")) {
            assertThat(same.ask(heartbeat(uid, 9)).reportFullState()).isFalse();
            assertThat(server.agent(uid).get("rejoins").asInt()).isEqualTo(1);
            assertThat(server.agent(uid).get("registrations").asInt()).isEqualTo(1);
            assertThat(server.agent(uid).get("host").asString()).isEqualTo("h1");
        }
        try (TestAgent changed = TestAgent.connect(server, uid, "another")) {
            assertThat(changed.ask(heartbeat(uid, 0)).reportFullState()).isTrue();
        }
    }

    @Test
    void theNewestLinkOfAUidWins() throws Exception {
        try (TestAgent older = TestAgent.connect(server, uid, "hash")) {
            older.ask(registration(uid, 0, "h1", "hash"));
            try (TestAgent newer = TestAgent.connect(server, uid, "hash")) {
                newer.ask(heartbeat(uid, 1));
                assertThat(older.closeCode()).isEqualTo(1008);
                await().atMost(PATIENCE).until(() -> server.metric("holdfast_connections") == 1);
                assertThat(server.agent(uid).get("attached").asBoolean()).isTrue();
                assertThat(server.metric("holdfast_displaced_total")).isEqualTo(1);
            }
        }
    }

    @Test
    void aLastMessageIsAnsweredAndDetachesTheAgent() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid, "hash")) {
            agent.ask(registration(uid, 0, "h1", "hash"));
            assertThat(agent.ask(heartbeat(uid, 1).withDisconnect()).uid()).isEqualTo(uid);
            assertThat(server.agent(uid).get("attached").asBoolean()).isFalse();
        }
    }

    @Test
    void aUidThatChangesWithinAConnectionLeavesTheOldOneDetached() throws Exception {
        InstanceUid next = uid(2);
        try (TestAgent agent = TestAgent.connect(server, uid, "hash")) {
            agent.ask(registration(uid, 0, "h1", "hash"));
            assertThat(agent.ask(heartbeat(next, 1)).reportFullState()).isTrue();
            agent.ask(registration(next, 2, "h1", "other"));

            assertThat(server.agent(uid).get("attached").asBoolean()).isFalse();
            assertThat(server.agent(next).get("attached").asBoolean()).isTrue();
        }
        awaitAttached(next, false);
    }

    @Test
    void twoProcessesThatKeepDisplacingEachOtherEndUpUnderTwoUids() throws Exception {
        TestAgent one = TestAgent.connect(server, uid, "hash", ONE);
        one.ask(registration(uid, 0, "h1", "hash"));
        try (TestAgent other = TestAgent.connect(server, uid, "hash", OTHER)) {
            assertThat(other.ask(heartbeat(uid, 0)).newUid()).isNull();
            assertThat(one.closeCode()).isEqualTo(1008);
            one.close();
            one = TestAgent.connect(server, uid, "hash", ONE);
            assertThat(one.ask(heartbeat(uid, 1)).newUid()).isNull();
            assertThat(other.closeCode()).isEqualTo(1008);
        }
        try (TestAgent other = TestAgent.connect(server, uid, "hash", OTHER)) {
            ServerMessage answer = other.ask(heartbeat(uid, 1).withHealth(Health.good()));
            InstanceUid given = Objects.requireNonNull(answer.newUid());
            assertThat(answer.reportFullState()).isTrue();
            assertThat(other.ask(registration(given, 2, "h1", "hash2")).newUid())
                    .isNull();

            assertThat(one.ask(heartbeat(uid, 2)).reportFullState()).isFalse();
            assertThat(server.agent(uid).get("attached").asBoolean()).isTrue();
            assertThat(server.agent(given).get("attached").asBoolean()).isTrue();
            assertThat(server.api("/api/agents")).hasSize(2);
            assertThat(server.metric("holdfast_uids_shared_total")).isEqualTo(1);
        } finally {
            one.close();
        }
    }

    @Test
    void copiesThatDoNotSayWhichProcessTheyAreAreToldApartByTheirAnswersToTheClose() throws Exception {
        List<TestAgent> links = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            links.add(TestAgent.connect(server, uid, null));
            assertThat(links.getLast().ask(registration(uid, i, "h1", "hash")).newUid())
                    .isNull();
            if (i > 0) {
                assertThat(links.get(i - 1).closeCode()).isEqualTo(1008);
                await().atMost(PATIENCE).until(() -> server.metric("holdfast_connections") == 1);
            }
        }
        try (TestAgent another = TestAgent.connect(server, uid, null)) {
            InstanceUid given = Objects.requireNonNull(
                    another.ask(registration(uid, 0, "h1", "hash")).newUid());
            another.ask(registration(given, 1, "h1", "hash"));
            assertThat(links.getLast().ask(heartbeat(uid, 4)).reportFullState()).isFalse();
            assertThat(server.metric("holdfast_agents_attached")).isEqualTo(2);
        } finally {
            links.forEach(TestAgent::close);
        }
    }

    @Test
    void anAgentThatRestartsOrReconnectsWithItsOldConnectionHalfOpenKeepsItsUid() throws Exception {
        List<TestAgent> links = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String process = String.format(Locale.ROOT, "%032x", i / 2);
            links.add(TestAgent.connect(server, uid, "hash", process));
            assertThat(links.getLast().ask(registration(uid, i, "h1", "hash")).newUid())
                    .isNull();
        }
        assertThat(server.metric("holdfast_uids_shared_total")).isZero();
        links.forEach(TestAgent::close);
    }

    @Test
    void anAgentThatHasNothingToSayIsAskedWhetherItLives() throws Exception {
        try (TestAgent silent = TestAgent.connect(server, uid, "hash")) {
            silent.awaitPing();
            assertThat(silent.ask(registration(uid, 0, "h1", "hash")).reportFullState())
                    .isFalse();
        }
    }

    @Test
    void anAgentThatAsksForAUidLeavesNoRecordOfTheOldOne() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid, null)) {
            AgentMessage full = registration(uid, 0, "h1", "hash");
            InstanceUid given = Objects.requireNonNull(agent.ask(asking(full)).newUid());
            assertThat(agent.ask(asking(full)).newUid()).as("once more").isEqualTo(given);
            agent.ask(registration(given, 2, "h1", "hash"));

            assertThat(server.api("/api/agents")).hasSize(1);
            assertThat(server.agent(given).get("attached").asBoolean()).isTrue();
        }
    }

    private static AgentMessage asking(AgentMessage message) {
        return new AgentMessage(
                message.uid(),
                message.sequence(),
                message.capabilities(),
                message.description(),
                message.health(),
                false,
                true,
                message.customCapabilities(),
                null);
    }

    @Test
    void aUidIsGivenToAnAgentThatAsksForOne() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid, null)) {
            AgentMessage asking = new AgentMessage(uid, 0, 1, null, null, false, true, null, null);
            InstanceUid given = Objects.requireNonNull(agent.ask(asking).newUid());
            assertThat(given).isNotEqualTo(uid);
            assertThat(given.value().version()).isEqualTo(7);
        }
    }

    @Test
    void answersWhatIsMalformedAndClosesThatConnectionAlone() throws Exception {
        try (TestAgent good = TestAgent.connect(server, uid, null);
                TestAgent bad = TestAgent.connect(server, uid(2), null)) {
            good.ask(registration(uid, 0, "h1", "hash"));
            bad.sendBytes(ByteBuffer.wrap(new byte[] {1, 2, 3}));

            ServerMessage.Failure failure = Objects.requireNonNull(bad.next().error());
            assertThat(failure.kind()).isEqualTo(ServerMessage.Failure.Kind.BAD_REQUEST);
            assertThat(failure.message()).contains("frame header: 1");
            assertThat(bad.closeCode()).isEqualTo(1002);
            assertThat(good.ask(heartbeat(uid, 1)).reportFullState()).isFalse();
            assertThat(server.metric("holdfast_malformed_total")).isEqualTo(1);
        }
    }

    @Test
    void closesOnTextAndOnMessagesPastTheLimitWholeOrInParts() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid, null)) {
            agent.socket().sendText("hello", true).get(30, TimeUnit.SECONDS);
            assertThat(agent.closeCode()).isEqualTo(1003);
        }
        ByteBuffer half = ByteBuffer.allocate(TestServer.MESSAGE_LIMIT / 2 + 2);
        try (TestAgent agent = TestAgent.connect(server, uid, null)) {
            agent.socket().sendBinary(half.duplicate(), false).get(30, TimeUnit.SECONDS);
            agent.socket().sendBinary(half.duplicate(), true).get(30, TimeUnit.SECONDS);
            assertThat(agent.closeCode()).isEqualTo(1009);
        }
        try (TestAgent agent = TestAgent.connect(server, uid, null)) {
            agent.sendBytes(ByteBuffer.allocate(TestServer.MESSAGE_LIMIT * 2));
            assertThat(agent.closeCode()).isEqualTo(1009);
        }
    }

    @Test
    void putsFragmentsTogether() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid, "hash")) {
            ByteBuffer frame = Wire.frame(registration(uid, 0, "h1", "hash"));
            WebSocket socket = agent.socket();
            socket.sendBinary(frame.slice(0, 1), false).get(30, TimeUnit.SECONDS);
            socket.sendBinary(frame.slice(1, 10), false).get(30, TimeUnit.SECONDS);
            socket.sendBinary(frame.slice(11, frame.remaining() - 11), true).get(30, TimeUnit.SECONDS);

            assertThat(agent.next().uid()).isEqualTo(uid);
            assertThat(server.agent(uid).get("attached").asBoolean()).isTrue();
        }
    }

    private void awaitAttached(InstanceUid agent, boolean attached) {
        await().atMost(PATIENCE).until(() -> server.agent(agent).get("attached").asBoolean() == attached);
    }
}
