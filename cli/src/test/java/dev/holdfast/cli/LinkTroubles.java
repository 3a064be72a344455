// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.Agent;
import dev.holdfast.agent.AgentConfig;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.metrics.MetricsConfig;
import dev.holdfast.cli.TroubleshootingIT.Trouble;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.server.Server;
import dev.holdfast.server.ServerConfig;
import dev.holdfast.server.admission.AdmissionConfig;
import dev.holdfast.server.ingest.IngestConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;

/** What can go wrong between an agent and a server, or whatever is in a server's place. */
final class LinkTroubles {

    static final Map<String, Trouble> CASES = Map.ofEntries(
            entry("link-refused", LinkTroubles::refused),
            entry("link-name", (dir, line) -> dialling(dir, URI.create("ws://nowhere.invalid:1"), line)),
            entry("link-tls", LinkTroubles::tls),
            entry("link-401", (dir, line) -> answered(dir, line, "401 Unauthorized", "")),
            entry("link-403", (dir, line) -> answered(dir, line, "403 Forbidden", "")),
            entry("link-404", (dir, line) -> answered(dir, line, "404 Not Found", "")),
            entry("link-moved", (dir, line) -> answered(dir, line, "301 Moved Permanently", "Location: /there\r\n")),
            entry("link-200", (dir, line) -> answered(dir, line, "200 OK", "")),
            entry("link-503", (dir, line) -> answered(dir, line, "503 Service Unavailable", "Retry-After: 9\r\n")),
            entry("link-renamed", LinkTroubles::renamed),
            entry("uid-damaged", LinkTroubles::uidDamaged),
            entry("metrics-taken", LinkTroubles::metricsTaken),
            entry("agent-displaced", LinkTroubles::displaced),
            entry("agent-clock", LinkTroubles::clock));

    private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private LinkTroubles() {}

    static Server server(Path data) throws Exception {
        InetSocketAddress free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return Server.start(new ServerConfig(
                data,
                free,
                free,
                null,
                ServerConfig.PING_INTERVAL,
                ServerConfig.REQUEST_TIMEOUT,
                Duration.ofMillis(50),
                ServerConfig.MESSAGE_LIMIT,
                ServerConfig.MESSAGE_LIMIT,
                IngestConfig.DEFAULT,
                AdmissionConfig.DEFAULT,
                ServerConfig.DRAIN_TIMEOUT));
    }

    static Agent agent(Path data, URI server) throws Exception {
        return Agent.start(AgentConfig.of(data, LinkConfig.of(server)));
    }

    static URI uri(Server server) {
        return URI.create("ws://127.0.0.1:" + server.agentAddress().getPort());
    }

    private static Told dialling(Path directory, URI server, Pattern line) throws Exception {
        try (Told.Log log = Told.Log.open();
                Agent agent = agent(directory.resolve("agent"), server)) {
            assertThat(agent.uid()).isNotNull();
            return log.await(line);
        }
    }

    private static Told refused(Path directory, Pattern line) throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        return dialling(directory, URI.create("ws://127.0.0.1:" + free), line);
    }

    private static Told tls(Path directory, Pattern line) throws Exception {
        try (Server server = server(directory.resolve("server"))) {
            return dialling(
                    directory,
                    URI.create("wss://127.0.0.1:" + server.agentAddress().getPort()),
                    line);
        }
    }

    /** What is said to whoever connects, once the request is there. */
    @FunctionalInterface
    private interface Script {
        void play(String request, Socket socket) throws Exception;
    }

    private static Told scripted(Path directory, Pattern line, Script script) throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        Socket socket = listener.accept();
                        script.play(request(socket.getInputStream()), socket);
                    }
                } catch (Exception closed) {
                    // The listener is closed when the line was seen; if it was not, the test says so.
                }
            });
            return dialling(directory, URI.create("ws://127.0.0.1:" + listener.getLocalPort()), line);
        }
    }

    private static String request(InputStream in) throws IOException {
        StringBuilder request = new StringBuilder();
        int next = 0;
        while (next >= 0 && request.indexOf("\r\n\r\n") < 0) {
            next = in.read();
            request.append((char) next);
        }
        return request.toString();
    }

    private static Told answered(Path directory, Pattern line, String status, String header) throws Exception {
        return scripted(directory, line, (request, socket) -> {
            String answer = "HTTP/1.1 " + status + "\r\n" + header + "Content-Length: 0\r\n\r\n";
            socket.getOutputStream().write(answer.getBytes(US_ASCII));
            socket.close();
        });
    }

    /** Upgrades by hand and gives the agent another uid, whatever it says. */
    private static Told renamed(Path directory, Pattern line) throws Exception {
        InstanceUid other = InstanceUid.random(Instant.EPOCH, new Random(7));
        Told told = scripted(directory, line, (request, socket) -> {
            String key = Pattern.compile("(?i)Sec-WebSocket-Key: (\\S+)")
                    .matcher(request)
                    .results()
                    .findFirst()
                    .orElseThrow()
                    .group(1);
            byte[] digest = MessageDigest.getInstance("SHA-1").digest((key + MAGIC).getBytes(US_ASCII));
            String answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: " + Base64.getEncoder().encodeToString(digest) + "\r\n\r\n";
            ByteBuffer frame = Wire.frame(new ServerMessage(null, null, false, 0, other, null, null, null));
            ByteBuffer bytes = ByteBuffer.allocate(answer.length() + 2 + frame.remaining())
                    .put(answer.getBytes(US_ASCII))
                    .put((byte) 0x82)
                    .put((byte) frame.remaining())
                    .put(frame);
            socket.getOutputStream().write(bytes.array());
        });
        assertThat(directory.resolve("agent/instance_uid")).content().contains(other.toString());
        return told;
    }

    private static Told uidDamaged(Path directory, Pattern line) throws Exception {
        Path file = Files.createDirectory(directory.resolve("agent")).resolve("instance_uid");
        Files.writeString(file, "scribble");
        Told told = dialling(directory, URI.create("ws://127.0.0.1:1"), line);
        assertThat(directory.resolve("agent/instance_uid.damaged")).hasContent("scribble");
        return told;
    }

    private static Told metricsTaken(Path directory, Pattern line) throws Exception {
        try (Told.Log log = Told.Log.open();
                ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Server server = server(directory.resolve("server"));
                Agent agent = Agent.start(AgentConfig.of(directory.resolve("agent"), LinkConfig.of(uri(server)))
                        .withMetrics(new MetricsConfig(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), taken.getLocalPort()),
                                MetricsConfig.ALLOWED_GAP)))) {
            assertThat(agent.uid()).isNotNull();
            Told told = log.await(line);
            log.await(Pattern.compile("link attached: REGISTERED.*"));
            return told;
        }
    }

    private static Told displaced(Path directory, Pattern line) throws Exception {
        Path copy = Files.createDirectory(directory.resolve("copy"));
        try (Told.Log log = Told.Log.open();
                Server server = server(directory.resolve("server"));
                Agent one = agent(directory.resolve("agent"), uri(server))) {
            log.await(Pattern.compile("link attached: REGISTERED.*"));
            Files.copy(directory.resolve("agent/instance_uid"), copy.resolve("instance_uid"));
            try (Agent other = agent(copy, uri(server))) {
                assertThat(other.uid()).isEqualTo(one.uid());
                return log.await(line);
            }
        }
    }

    /** An agent of another make, over HTTP, that lives ten years ahead. */
    private static Told clock(Path directory, Pattern line) throws Exception {
        try (Told.Log log = Told.Log.open();
                Server server = server(directory.resolve("server"));
                HttpClient http = HttpClient.newHttpClient()) {
            Instant date = Instant.now().plus(Duration.ofDays(3_653));
            AgentMessage message = AgentMessage.heartbeat(InstanceUid.random(date, new Random(7)), 0, 0)
                    .withDescription(AgentDescription.EMPTY)
                    .withHealth(new Health(true, date, "", "", date, Map.of(), Map.of()));
            URI opamp = URI.create("http://127.0.0.1:" + server.agentAddress().getPort() + "/v1/opamp");
            HttpRequest post = HttpRequest.newBuilder(opamp)
                    .header("Content-Type", Wire.MEDIA_TYPE)
                    .POST(HttpRequest.BodyPublishers.ofByteArray(Wire.body(message)))
                    .build();
            assertThat(http.send(post, HttpResponse.BodyHandlers.discarding()).statusCode())
                    .isEqualTo(200);
            return log.await(line);
        }
    }
}
