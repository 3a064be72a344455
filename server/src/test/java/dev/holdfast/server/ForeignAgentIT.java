// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.opamp.InstanceUid;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** An agent that others wrote, OpenTelemetry's client for Java, against a server that restarts. */
class ForeignAgentIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Beyond the first, of messages each: enough to see that they go on. */
    private static final int MORE = 10;

    private final InstanceUid uid = TestAgent.uid(77);

    @TempDir
    private Path directory;

    /** What a restarted server finds. */
    enum Found {
        ITS_DATA,
        NOTHING
    }

    @ParameterizedTest
    @EnumSource
    void overHttpItPollsAndComesBackFromARestart(Found found) throws Exception {
        survivesARestart(ForeignAgent.Transport.HTTP, found);
    }

    @ParameterizedTest
    @EnumSource
    void overAWebSocketItStaysAndComesBackFromARestart(Found found) throws Exception {
        survivesARestart(ForeignAgent.Transport.WEB_SOCKET, found);
    }

    private void survivesARestart(ForeignAgent.Transport transport, Found found) throws Exception {
        TestServer server = TestServer.start(directory.resolve("first"));
        InetSocketAddress address = server.server().agentAddress();
        try (ForeignAgent agent = ForeignAgent.start(transport, server.agentUri("/v1/opamp"), uid)) {
            awaitAttached(server, agent, uid);
            assertListed(server);
            assertStays(server, agent);
            assertThat(server.metric("holdfast_full_state_requests_total")).isLessThanOrEqualTo(1);
            int connects = agent.connects();
            server.close();

            server = TestServer.start(directory.resolve(found == Found.ITS_DATA ? "first" : "second"), address);
            await().atMost(PATIENCE).until(() -> agent.connects() > connects);
            awaitAttached(server, agent, uid);
            assertListed(server);
            assertStays(server, agent);
            assertThat(server.metric("holdfast_full_state_requests_total")).isEqualTo(1);
            assertThat(server.metric("holdfast_registrations_total")).isEqualTo(1);
            assertThat(server.agent(uid).get("registrations").asInt()).isEqualTo(found == Found.ITS_DATA ? 2 : 1);
        } finally {
            server.close();
        }
    }

    private static void awaitAttached(TestServer server, ForeignAgent agent, InstanceUid uid) {
        await().atMost(PATIENCE).until(() -> {
            agent.speak();
            return server.admin("/api/agents/" + uid).statusCode() == 200
                    && server.agent(uid).get("attached").asBoolean();
        });
    }

    private void assertListed(TestServer server) throws Exception {
        JsonNode listed = server.api("/api/agents");
        assertThat(listed).hasSize(1);
        assertThat(listed.get(0).get("instance_uid").asString()).isEqualTo(uid.toString());
        assertThat(listed.get(0).get("host").asString()).isEqualTo("elsewhere");
        assertThat(server.agent(uid).at("/description/identifying/service.name").asString())
                .isEqualTo("foreign");
    }

    /** On one link, and without being asked for more. */
    private void assertStays(TestServer server, ForeignAgent agent) throws Exception {
        double asked = server.metric("holdfast_full_state_requests_total");
        int registrations = server.agent(uid).get("registrations").asInt();
        int answers = agent.answers();
        await().atMost(PATIENCE).until(() -> {
            agent.speak();
            return agent.answers() >= answers + MORE;
        });
        assertThat(server.agent(uid).get("attached").asBoolean()).isTrue();
        assertThat(server.agent(uid).get("registrations").asInt()).isEqualTo(registrations);
        assertThat(server.metric("holdfast_full_state_requests_total")).isEqualTo(asked);
        assertThat(server.metric("holdfast_displaced_total")).isZero();
    }
}
