// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Value;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ServerAdminIT {

    @TempDir
    private Path data;

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
    void metricsAreNotForAPageWhoseNameLeadsHere() throws Exception {
        assertThat(statusOfMetrics("evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(statusOfMetrics("localhost:4321")).isEqualTo("HTTP/1.1 200 OK");
        assertThat(statusOfMetrics("[::1]")).isEqualTo("HTTP/1.1 200 OK");
    }

    private String statusOfMetrics(String host) throws Exception {
        InetSocketAddress admin = server.server().adminAddress();
        try (Socket socket = new Socket(admin.getAddress(), admin.getPort())) {
            String request = "GET /metrics HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return answer.lines().findFirst().orElseThrow();
        }
    }

    @Test
    void probesNeedNoToken() throws Exception {
        for (String path : List.of("/health", "/health/live")) {
            HttpResponse<String> probe =
                    server.send(server.adminRequest(path).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(probe.statusCode()).isEqualTo(200);
            assertThat(probe.body()).isEqualTo("{\"status\":\"ok\"}");
        }
    }

    @Test
    void theApiNeedsTheTokenAndMetricsDoNot() throws Exception {
        for (String path : new String[] {"/api/agents", "/api/agents/" + uid(1), "/", "/anything"}) {
            HttpResponse<String> without =
                    server.send(server.adminRequest(path).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(without.statusCode()).as(path).isEqualTo(401);
            assertThat(without.headers().firstValue("WWW-Authenticate")).contains("Bearer");
            assertThat(TestServer.json(without.body()).get("error").asString())
                    .contains("admin.token")
                    .doesNotContain(server.token());
        }
        assertThat(server.send(
                                server.adminRequest("/api/agents")
                                        .header("Authorization", "Bearer " + server.token() + "0")
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(401);
        HttpResponse<String> metrics =
                server.send(server.adminRequest("/metrics").build(), HttpResponse.BodyHandlers.ofString());
        assertThat(metrics.statusCode()).isEqualTo(200);
        assertThat(metrics.body())
                .contains(
                        "holdfast_agents_known",
                        "holdfast_agents_attached",
                        "holdfast_registrations_total",
                        "holdfast_rejoins_total",
                        "holdfast_full_state_requests_total",
                        "holdfast_messages_total{transport=\"http\"}",
                        "holdfast_messages_total{transport=\"websocket\"}",
                        "holdfast_malformed_total",
                        "holdfast_displaced_total",
                        "holdfast_store_flush_seconds_count",
                        "holdfast_store_flush_failures_total",
                        "holdfast_store_dirty",
                        "holdfast_status_records_total",
                        "holdfast_connections");
    }

    @Test
    void aClockThatIsTenYearsAheadIsShownAndOneThatIsNotToldIsNull() throws Exception {
        try (TestAgent ahead = TestAgent.connect(server, uid(1), null);
                TestAgent silent = TestAgent.connect(server, uid(2), null)) {
            long decade = Duration.ofDays(3_653).toSeconds();
            Instant date = Instant.now().plusSeconds(decade);
            Health health = new Health(true, date, "", "", date, Map.of(), Map.of());
            ahead.ask(registration(uid(1), 0, "a", "x").withHealth(health));
            silent.ask(registration(uid(2), 0, "b", "x"));

            assertThat(server.agent(uid(1)).get("clock_offset_s").asLong()).isBetween(decade - 60, decade + 60);
            assertThat(server.agent(uid(2)).get("clock_offset_s").isNull()).isTrue();
        }
    }

    @Test
    void theListIsSortedByHostThenUid() throws Exception {
        try (TestAgent b2 = TestAgent.connect(server, uid(2), null);
                TestAgent b1 = TestAgent.connect(server, uid(1), null);
                TestAgent a3 = TestAgent.connect(server, uid(3), null)) {
            b2.ask(registration(uid(2), 0, "b", "x"));
            b1.ask(registration(uid(1), 0, "b", "x"));
            a3.ask(registration(uid(3), 0, "a", "x"));

            JsonNode list = server.api("/api/agents");
            assertThat(list.valueStream().map(agent -> agent.get("instance_uid").asString()))
                    .containsExactly(uid(3).toString(), uid(1).toString(), uid(2).toString());
            JsonNode first = list.get(0);
            assertThat(first.propertyNames())
                    .containsExactlyInAnyOrder(
                            "instance_uid",
                            "host",
                            "attached",
                            "transport",
                            "registrations",
                            "rejoins",
                            "first_seen",
                            "last_seen",
                            "clock_offset_s",
                            "version",
                            "healthy",
                            "labels");
            assertThat(first.get("host").asString()).isEqualTo("a");
            assertThat(first.get("attached").asBoolean()).isTrue();
            assertThat(first.get("transport").asString()).isEqualTo("websocket");
            assertThat(first.get("registrations").asInt()).isEqualTo(1);
            assertThat(first.get("version").asString()).isEqualTo("1.2.3");
            assertThat(first.get("healthy").asBoolean()).isTrue();
            assertThat(Instant.parse(first.get("last_seen").asString()))
                    .isAfterOrEqualTo(Instant.parse(first.get("first_seen").asString()));
        }
    }

    @Test
    void theListHasThoseAloneThatHaveAllLabelsAskedFor() throws Exception {
        try (TestAgent one = TestAgent.connect(server, uid(1), null);
                TestAgent two = TestAgent.connect(server, uid(2), null);
                TestAgent none = TestAgent.connect(server, uid(3), null)) {
            one.ask(labelled(1, Map.of("label.site", Value.of("berlin, mitte"), "label.rack", Value.of(4))));
            two.ask(labelled(2, Map.of("label.site", Value.of("berlin, mitte"), "label.rack", Value.of("a=b"))));
            none.ask(labelled(3, Map.of("site", Value.of("berlin, mitte"), "label.rack", new Value.Absent())));

            assertThat(listed("?label=site%3Dberlin%2C+mitte")).containsExactly(uid(1), uid(2));
            assertThat(listed("?label=site%3Dberlin%2C+mitte&label=rack%3D4")).containsExactly(uid(1));
            assertThat(listed("?label=rack%3Da%3Db")).containsExactly(uid(2));
            assertThat(listed("?label=site%3Dberlin&label=rack%3D4")).isEmpty();
            assertThat(listed("?label=rack%3D4&label=rack%3Da%3Db"))
                    .as("a label has one value")
                    .isEmpty();
            assertThat(listed("")).hasSize(3);
            assertThat(server.agent(uid(1)).get("labels"))
                    .isEqualTo(TestServer.json("{\"site\":\"berlin, mitte\",\"rack\":\"4\"}"));
            assertThat(server.agent(uid(3)).get("labels")).isEmpty();
        }
        HttpResponse<String> bad = server.admin("/api/agents?label=site");
        assertThat(bad.statusCode()).isEqualTo(400);
        assertThat(TestServer.json(bad.body()).get("error").asString())
                .isEqualTo("label: site (expected: NAME=VALUE, such as site=berlin)");
    }

    private static AgentMessage labelled(int number, Map<String, Value> attributes) {
        return registration(uid(number), 0, "", "x").withDescription(new AgentDescription(Map.of(), attributes));
    }

    private List<InstanceUid> listed(String query) throws Exception {
        return server.api("/api/agents" + query)
                .valueStream()
                .map(agent -> InstanceUid.parse(agent.get("instance_uid").asString()))
                .toList();
    }

    @Test
    void oneAgentIsShownWhole() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid(1), null)) {
            agent.ask(registration(uid(1), 0, "h", "x"));

            JsonNode shown = server.agent(uid(1));
            assertThat(shown.at("/description/identifying/service.name").asString())
                    .isEqualTo("test");
            assertThat(shown.at("/description/non_identifying/host.name").asString())
                    .isEqualTo("h");
            assertThat(shown.at("/health/healthy").asBoolean()).isTrue();
            assertThat(shown.get("status").isNull()).isTrue();
            assertThat(shown.get("status_at").isNull()).isTrue();
            assertThat(shown.get("state_hash").asString()).isEqualTo("x");
            assertThat(shown.get("capabilities").asLong()).isPositive();
        }
    }

    @Test
    void whatIsNotThereOrNoUidIsToldInJson() throws Exception {
        HttpResponse<String> unknown = server.admin("/api/agents/" + uid(9));
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(TestServer.json(unknown.body()).get("error").asString()).contains(uid(9).toString());
        HttpResponse<String> bad = server.admin("/api/agents/nobody");
        assertThat(bad.statusCode()).isEqualTo(400);
        assertThat(TestServer.json(bad.body()).get("error").asString()).contains("nobody", "expected: a UUID");
        HttpResponse<String> nowhere = server.admin("/nowhere");
        assertThat(nowhere.statusCode()).isEqualTo(404);
        assertThat(TestServer.json(nowhere.body()).get("error").asString()).contains("/nowhere");
    }

    @Test
    void theTokenIsTheOwnersAloneAndKept() throws Exception {
        String token = server.token();
        assertThat(token).matches("[0-9a-f]{64}");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve("admin.token"))))
                .isEqualTo("rw-------");
        server.close();
        server = TestServer.start(data);
        assertThat(server.token()).isEqualTo(token);
        assertThat(server.admin("/api/agents").statusCode()).isEqualTo(200);
    }
}
