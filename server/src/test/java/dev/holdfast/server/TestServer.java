// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.server.admission.AdmissionConfig;
import dev.holdfast.server.ingest.IngestConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server on free ports, and how its two ports are asked. */
final class TestServer implements AutoCloseable {

    private static final Duration HEARTBEAT = Duration.ofSeconds(7);

    /** Lets in who comes. */
    private static final AdmissionConfig ANYBODY =
            new AdmissionConfig(AdmissionConfig.UNLIMITED, AdmissionConfig.BURST);

    static final int MESSAGE_LIMIT = 256 << 10;

    static final int INPUT_LIMIT = 4 << 20;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Server server;
    private final Path data;

    private TestServer(Server server, Path data) {
        this.server = server;
        this.data = data;
    }

    static TestServer start(Path data) throws Exception {
        return start(data, ServerConfig.PING_INTERVAL);
    }

    static TestServer start(Path data, Duration pingInterval) throws Exception {
        return new TestServer(Server.start(config(data, free(), free(), pingInterval)), data);
    }

    /** One on a port that it or another had before. */
    static TestServer start(Path data, InetSocketAddress listen) throws Exception {
        return new TestServer(Server.start(config(data, listen, free(), ServerConfig.PING_INTERVAL)), data);
    }

    /** One that waits a second for what has begun to come whole. */
    static TestServer impatient(Path data) throws Exception {
        return start(data, HEARTBEAT, Duration.ofSeconds(1), ANYBODY, ServerConfig.DRAIN_TIMEOUT);
    }

    /** One that tells its agents an interval. */
    static TestServer telling(Path data, Duration heartbeat) throws Exception {
        return start(data, heartbeat, ServerConfig.REQUEST_TIMEOUT, ANYBODY, ServerConfig.DRAIN_TIMEOUT);
    }

    static ServerConfig config(Path data, InetSocketAddress listen, InetSocketAddress admin, Duration pingInterval) {
        return new ServerConfig(
                data,
                listen,
                admin,
                HEARTBEAT,
                pingInterval,
                ServerConfig.REQUEST_TIMEOUT,
                Duration.ofMillis(50),
                MESSAGE_LIMIT,
                INPUT_LIMIT,
                IngestConfig.DEFAULT,
                ANYBODY,
                ServerConfig.DRAIN_TIMEOUT);
    }

    /** One that lets so many agents in, and waits so long for them when it stops. */
    static TestServer start(Path data, AdmissionConfig admission, Duration drainTimeout) throws Exception {
        return start(data, HEARTBEAT, ServerConfig.REQUEST_TIMEOUT, admission, drainTimeout);
    }

    private static TestServer start(
            Path data, Duration heartbeat, Duration requestTimeout, AdmissionConfig admission, Duration drainTimeout)
            throws Exception {
        ServerConfig config = config(data, free(), free(), ServerConfig.PING_INTERVAL);
        return new TestServer(
                Server.start(new ServerConfig(
                        data,
                        config.listen(),
                        config.admin(),
                        heartbeat,
                        config.pingInterval(),
                        requestTimeout,
                        config.flushInterval(),
                        config.messageLimit(),
                        config.inputLimit(),
                        config.ingest(),
                        admission,
                        drainTimeout)),
                data);
    }

    static InetSocketAddress free() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    Server server() {
        return server;
    }

    URI agentUri(String path) {
        return URI.create("http://127.0.0.1:" + server.agentAddress().getPort() + path);
    }

    URI socketUri() {
        return URI.create("ws://127.0.0.1:" + server.agentAddress().getPort() + "/v1/opamp");
    }

    String token() throws IOException {
        return Files.readString(data.resolve("admin.token")).strip();
    }

    <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) throws Exception {
        return http.send(request, handler);
    }

    HttpRequest.Builder adminRequest(String path) {
        return HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.adminAddress().getPort() + path));
    }

    HttpResponse<String> admin(String path) throws Exception {
        return send(
                adminRequest(path).header("Authorization", "Bearer " + token()).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    JsonNode api(String path) throws Exception {
        return JSON.readTree(admin(path).body());
    }

    JsonNode agent(InstanceUid uid) throws Exception {
        return api("/api/agents/" + uid);
    }

    double metric(String line) throws Exception {
        return admin("/metrics")
                .body()
                .lines()
                .filter(candidate -> candidate.startsWith(line + " "))
                .mapToDouble(candidate -> Double.parseDouble(candidate.substring(line.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no metric " + line));
    }

    static JsonNode json(String text) {
        return Objects.requireNonNull(JSON.readTree(text));
    }

    @Override
    public void close() {
        http.close();
        server.close();
    }
}
