// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Value;
import dev.holdfast.opamp.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ServerHttpIT {

    private TestServer server;

    @BeforeAll
    void start(@TempDir Path data) throws Exception {
        server = TestServer.start(data);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void healthIsAnsweredToGetAndHeadAlone() throws Exception {
        HttpResponse<String> get = send("GET", "/health");
        assertThat(get.statusCode()).isEqualTo(200);
        assertThat(get.body()).isEqualTo("{\"status\":\"ok\"}");
        HttpResponse<String> head = send("HEAD", "/health?probe=1");
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        HttpResponse<String> post = send("POST", "/health");
        assertThat(post.statusCode()).isEqualTo(405);
        assertThat(post.headers().firstValue("Allow")).contains("GET, HEAD");
    }

    @Test
    void pathsAndMethodsThatAreNotThereAreRefused() throws Exception {
        assertThat(send("GET", "/nothing").statusCode()).isEqualTo(404);
        assertThat(send("GET", "/v1/opamp").statusCode()).isEqualTo(426);
        HttpResponse<String> put = send("PUT", "/v1/opamp");
        assertThat(put.statusCode()).isEqualTo(405);
        assertThat(put.headers().firstValue("Allow")).contains("GET, POST");
    }

    @Test
    void anAgentThatPollsRegistersPlainOrCompressedAndIsAttached() throws Exception {
        InstanceUid plain = uid(10);
        assertThat(message(post(Wire.body(heartbeat(plain, 0)))).reportFullState())
                .isTrue();
        assertThat(message(post(Wire.body(registration(plain, 1, "plain", "a"))))
                        .reportFullState())
                .isFalse();
        assertThat(server.agent(plain).get("attached").asBoolean()).isTrue();
        assertThat(message(post(Wire.body(heartbeat(plain, 3)))).reportFullState())
                .as("after a gap")
                .isTrue();

        InstanceUid compressed = uid(11);
        HttpResponse<byte[]> answer = server.send(
                opamp(gzip(Wire.body(registration(compressed, 0, "gz", "a"))))
                        .header("Content-Encoding", "gzip")
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/x-protobuf");
        assertThat(message(answer).uid()).isEqualTo(compressed);
        assertThat(server.agent(compressed).get("attached").asBoolean()).isTrue();
    }

    @Test
    void anAgentThatPollsTakesItsLeaveAndRejoins() throws Exception {
        InstanceUid uid = uid(12);
        post(Wire.body(registration(uid, 0, "h", "a")));
        message(post(Wire.body(heartbeat(uid, 1).withDisconnect())));
        assertThat(server.agent(uid).get("attached").asBoolean()).isFalse();

        HttpResponse<byte[]> back = server.send(
                opamp(Wire.body(heartbeat(uid, 0)))
                        .header(Wire.Header.INSTANCE_UID, uid.toString())
                        .header(Wire.Header.STATE, "a")
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        assertThat(message(back).reportFullState()).isFalse();
        assertThat(server.agent(uid).get("attached").asBoolean()).isTrue();
        assertThat(server.agent(uid).get("rejoins").asInt()).isEqualTo(1);
    }

    @Test
    void theNewestLinkWinsAcrossTransports() throws Exception {
        InstanceUid uid = uid(13);
        post(Wire.body(registration(uid, 0, "h", "a")));
        try (TestAgent socket = TestAgent.connect(server, uid, "a")) {
            socket.ask(heartbeat(uid, 1));
            assertThat(message(post(Wire.body(registration(uid, 0, "h", "a")))).uid())
                    .isEqualTo(uid);
            assertThat(socket.closeCode()).isEqualTo(1008);
        }
        assertThat(server.agent(uid).get("attached").asBoolean()).isTrue();
    }

    @Test
    void whatIsMalformedIsRefusedWithTheReason() throws Exception {
        assertBadRequest(post(new byte[] {(byte) 0xff, 1, 2}), "not a protobuf");
        assertBadRequest(post(new byte[0]), "instance_uid: 0 bytes");
        assertBadRequest(
                server.send(
                        opamp(new byte[] {1, 2, 3})
                                .header("Content-Encoding", "gzip")
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray()),
                "not gzip");
        byte[] cut = gzip(Wire.body(registration(uid(14), 0, "h", "a")));
        assertBadRequest(
                server.send(
                        opamp(Arrays.copyOf(cut, cut.length / 2))
                                .header("Content-Encoding", "gzip")
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray()),
                "not gzip");
        assertBadRequest(
                server.send(
                        opamp(Wire.body(heartbeat(uid(14), 0)))
                                .header(Wire.Header.INSTANCE_UID, "nobody")
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray()),
                "OpAMP-Instance-UID: instance_uid: \"nobody\"");
        assertBadRequest(
                server.send(
                        opamp(Wire.body(heartbeat(uid(14), 0)))
                                .header(Wire.Header.PROCESS, "x".repeat(33))
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray()),
                "Holdfast-Process: process: \"");
    }

    @Test
    void typesAndEncodingsItDoesNotKnowAreRefused() throws Exception {
        HttpRequest.Builder json = HttpRequest.newBuilder(server.agentUri("/v1/opamp"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{}"));
        assertThat(server.send(json.build(), HttpResponse.BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(415);
        HttpResponse<String> brotli = server.send(
                opamp(new byte[] {1}).header("Content-Encoding", "br").build(), HttpResponse.BodyHandlers.ofString());
        assertThat(brotli.statusCode()).isEqualTo(415);
        assertThat(brotli.headers().firstValue("Accept-Encoding")).contains("gzip");
    }

    @Test
    void whatIsTooLargeIsRefusedAlsoWhenItIsSoOnlyOnceDecompressed() throws Exception {
        assertThat(post(new byte[TestServer.MESSAGE_LIMIT + 1]).statusCode()).isEqualTo(413);
        byte[] bomb = gzip(new byte[TestServer.MESSAGE_LIMIT + 1]);
        assertThat(bomb).hasSizeLessThan(TestServer.MESSAGE_LIMIT / 100);
        HttpResponse<byte[]> answer = server.send(
                opamp(bomb).header("Content-Encoding", "gzip").build(), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.statusCode()).isEqualTo(413);
    }

    @Test
    void anAgentThatHasTooMuchToSayOfItselfIsRefused() throws Exception {
        Value large = Value.of("x".repeat(64 << 10));
        AgentDescription description = new AgentDescription(Map.of("service.name", large), Map.of());
        assertBadRequest(post(Wire.body(heartbeat(uid(15), 0).withDescription(description))), "agent_description: ");
        Health health = new Health(true, null, "x".repeat(64 << 10), "", null, Map.of(), Map.of());
        assertBadRequest(post(Wire.body(heartbeat(uid(15), 0).withHealth(health))), "bytes (expected: <= 65536)");
        assertThat(server.admin("/api/agents/" + uid(15)).statusCode()).isEqualTo(404);
    }

    @Test
    void whatIsNotHttpIsRefusedAndClosed() throws Exception {
        assertThat(raw("\u0016\u0003\u0001 what is this")).startsWith("HTTP/1.1 400");
        assertThat(raw("GET /health HTTP/1.1", "X: " + "x".repeat(20_000))).startsWith("HTTP/1.1 400");
    }

    @Test
    void anUpgradeThatIsNoneIsRefusedBeforeIt() throws Exception {
        assertThat(raw(
                        "GET /v1/opamp HTTP/1.1",
                        "Host: h",
                        "Connection: Upgrade",
                        "Upgrade: websocket",
                        "Sec-WebSocket-Version: 13"))
                .as("without a key")
                .startsWith("HTTP/1.1 400");
        assertThat(raw(
                        "GET /v1/opamp HTTP/1.1",
                        "Host: h",
                        "Connection: Upgrade",
                        "Upgrade: websocket",
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                        "Sec-WebSocket-Version: 8"))
                .as("to a draft")
                .startsWith("HTTP/1.1 426");
        assertThat(raw(
                        "GET /v1/opamp HTTP/1.1",
                        "Host: h",
                        "Connection: Upgrade",
                        "Upgrade: websocket",
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                        "Sec-WebSocket-Version: 13",
                        "OpAMP-Instance-UID: nobody"))
                .as("of an agent whose uid is none")
                .startsWith("HTTP/1.1 400");
        assertThat(raw(
                        "GET /v1/opamp HTTP/1.1",
                        "Host: h",
                        "Connection: Upgrade",
                        "Upgrade: websocket",
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                        "Sec-WebSocket-Version: 13",
                        "Holdfast-Process: 42"))
                .as("of a process that is none")
                .startsWith("HTTP/1.1 400")
                .contains("header Holdfast-Process: process: \\\"42\\\", 2 characters (expected: ");
    }

    @Test
    void requestsOnOneConnectionAreAnsweredInOrder() throws Exception {
        String answers =
                raw("GET /health HTTP/1.1", "Host: h", "", "GET /nothing HTTP/1.1", "Host: h", "Connection: close");
        assertThat(answers.indexOf("200 OK")).isNotNegative().isLessThan(answers.indexOf("404 Not Found"));
    }

    private HttpResponse<String> send(String method, String path) throws Exception {
        return server.send(
                HttpRequest.newBuilder(server.agentUri(path))
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder opamp(byte[] body) {
        return HttpRequest.newBuilder(server.agentUri("/v1/opamp"))
                .header("Content-Type", Wire.MEDIA_TYPE)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    }

    private HttpResponse<byte[]> post(byte[] body) throws Exception {
        return server.send(opamp(body).build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static ServerMessage message(HttpResponse<byte[]> answer) throws Exception {
        assertThat(answer.statusCode()).isEqualTo(200);
        return Wire.readServerBody(ByteBuffer.wrap(answer.body()));
    }

    private static void assertBadRequest(HttpResponse<byte[]> answer, String reason) throws Exception {
        assertThat(answer.statusCode()).isEqualTo(400);
        ServerMessage.Failure failure = Objects.requireNonNull(
                Wire.readServerBody(ByteBuffer.wrap(answer.body())).error());
        assertThat(failure.kind()).isEqualTo(ServerMessage.Failure.Kind.BAD_REQUEST);
        assertThat(failure.message()).contains(reason);
    }

    /** All that comes back until the server closes. */
    private String raw(String... lines) throws IOException {
        try (Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), server.server().agentAddress().getPort())) {
            socket.setSoTimeout(30_000);
            String request = String.join("\r\n", lines) + "\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(compressed)) {
            out.write(plain);
        }
        return compressed.toByteArray();
    }
}
