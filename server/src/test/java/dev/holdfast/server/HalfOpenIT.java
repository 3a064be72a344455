// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.Wire;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Agents whose connections are open and behind which there is nobody any more, at a server that tells an interval. */
class HalfOpenIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private TestServer server;

    @BeforeEach
    void start(@TempDir Path data) throws Exception {
        server = TestServer.telling(data, Duration.ofSeconds(4));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void anAgentThatFallsSilentIsLostThoughItsConnectionStaysOpenAndOneThatBeatsIsNot() throws Exception {
        try (RawPeer silent = RawPeer.upgraded(server);
                TestAgent lively = TestAgent.connect(server, uid(2), "hash")) {
            lively.ask(registration(uid(2), 0, "lively", "hash"));
            silent.send(RawPeer.frame(
                    RawPeer.FINAL | RawPeer.BINARY, Wire.frame(registration(uid(1), 0, "silent", "hash"))));
            await().atMost(PATIENCE).until(() -> server.metric("holdfast_links{transport=\"websocket\"}") == 2);
            int beats = 0;
            while (server.metric("holdfast_losses_total{why=\"silent\"}") == 0) {
                assertThat(lively.ask(heartbeat(uid(2), ++beats)).error()).isNull();
            }
            silent.rest();
            assertThat(server.agent(uid(1)).get("attached").asBoolean()).isFalse();
            assertThat(server.agent(uid(2)).get("attached").asBoolean()).isTrue();
        }
    }

    @Test
    void whoPollsIsLostAfterTwoIntervalsAndIsShownWithItsTransportUntilThen() throws Exception {
        assertThat(post(registration(uid(3), 0, "polls", "hash"))).isEqualTo(200);
        assertThat(server.agent(uid(3)).get("transport").asString()).isEqualTo("polling");
        assertThat(server.metric("holdfast_links{transport=\"polling\"}")).isEqualTo(1);

        await().atMost(PATIENCE)
                .until(() -> !server.agent(uid(3)).get("attached").asBoolean());
        assertThat(server.metric("holdfast_losses_total{why=\"silent\"}")).isEqualTo(1);
        assertThat(server.agent(uid(3)).get("transport").isNull()).isTrue();
    }

    @Test
    void anAgentThatSendsNoHeartbeatsStaysForAsLongAsItAnswersPings() throws Exception {
        long plain = Capabilities.REPORTS_STATUS | Capabilities.ACCEPTS_CONNECTION_SETTINGS;
        AgentMessage full = registration(uid(4), 0, "quiet", "hash");
        try (TestAgent quiet = TestAgent.connect(server, uid(4), "hash");
                RawPeer silent = RawPeer.upgraded(server)) {
            quiet.ask(new AgentMessage(
                    full.uid(), 0, plain, full.description(), full.health(), false, false, null, null));
            silent.send(RawPeer.frame(
                    RawPeer.FINAL | RawPeer.BINARY, Wire.frame(registration(uid(1), 0, "silent", "hash"))));
            await().atMost(PATIENCE).until(() -> server.metric("holdfast_losses_total{why=\"silent\"}") == 1);
            assertThat(server.agent(uid(4)).get("attached").asBoolean()).isTrue();
        }
    }

    private int post(AgentMessage message) throws Exception {
        return server.send(
                        HttpRequest.newBuilder(server.agentUri("/v1/opamp"))
                                .header("Content-Type", Wire.MEDIA_TYPE)
                                .POST(HttpRequest.BodyPublishers.ofByteArray(Wire.body(message)))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }
}
