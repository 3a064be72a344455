// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.RawPeer.BINARY;
import static dev.holdfast.server.RawPeer.CONTINUATION;
import static dev.holdfast.server.RawPeer.FINAL;
import static dev.holdfast.server.RawPeer.PING;
import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.Value;
import dev.holdfast.opamp.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All kinds of broken and hostile peers at once, and between them agents that only want to stay attached. */
class HostileHerdIT {

    private static final Logger log = LoggerFactory.getLogger(HostileHerdIT.class);

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** The one bound on time there is: an agent that hears nothing for two of these calls the server dead. */
    private static final Duration HEARTBEAT_INTERVAL = Duration.ofSeconds(5);

    private static final int AGENTS = 10;
    private static final int BEATS = 5;
    private static final int IDLE = 3_000;
    private static final int PEERS_OF_EACH_KIND = 10;

    private static final String POST = "POST /v1/opamp HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-protobuf\r\n";

    private static final byte[] FIRST = RawPeer.frame(FINAL | BINARY, Wire.frame(heartbeat(uid(900), 0)));

    @TempDir
    private Path data;

    /** Closed at the end, whatever their peers are doing with them. */
    private final Queue<RawPeer> open = new ConcurrentLinkedQueue<>();

    private volatile boolean over;

    /** What a hostile peer does with a connection, again and again. */
    @FunctionalInterface
    private interface Kind {
        void play(TestServer server) throws Exception;
    }

    @Test
    void agentsStayAttachedAndAreAnsweredInTime() throws Exception {
        try (TestServer server = TestServer.telling(data, PATIENCE);
                SystemTime time = SystemTime.start("beats");
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<TestAgent> agents = attach(server);
            List<SocketChannel> idle = idle(server);
            long heapBefore = heap();

            List<Kind> kinds = kinds();
            for (Kind kind : kinds) {
                for (int peer = 0; peer < PEERS_OF_EACH_KIND; peer++) {
                    threads.execute(() -> playUntilOver(server, kind));
                }
            }
            await().atMost(PATIENCE).until(() -> server.metric("holdfast_connections") > IDLE + AGENTS);
            Duration worst = beat(agents, time);
            log.info("{} kinds x {} peers: worst heartbeat {} ms", kinds.size(), PEERS_OF_EACH_KIND, worst.toMillis());
            assertThat(worst).isLessThan(HEARTBEAT_INTERVAL);
            assertThat(server.metric("holdfast_agents_attached")).isGreaterThanOrEqualTo(AGENTS);
            assertThat(server.metric("holdfast_input_held_bytes")).isLessThanOrEqualTo(TestServer.INPUT_LIMIT);
            over = true;
            open.forEach(HostileHerdIT::closed);
            for (SocketChannel connection : idle) {
                connection.close();
            }
            threads.shutdown();
            await().atMost(PATIENCE).until(() -> server.metric("holdfast_connections") == AGENTS);
            await().atMost(PATIENCE).until(() -> server.metric("holdfast_input_held_bytes") == 0);
            for (int agent = 0; agent < AGENTS; agent++) {
                assertThat(server.agent(uid(agent)).get("attached").asBoolean()).isTrue();
                assertThat(server.agent(uid(agent)).get("registrations").asInt())
                        .isEqualTo(1);
                assertThat(server.agent(uid(agent)).get("rejoins").asInt()).isZero();
                agents.get(agent).close();
            }
            assertThat(server.metric("holdfast_failures_total")).isZero();
            assertThat(heap() - heapBefore).isLessThan(64 << 20);
        }
    }

    private static List<TestAgent> attach(TestServer server) throws Exception {
        List<TestAgent> agents = new ArrayList<>();
        for (int number = 0; number < AGENTS; number++) {
            TestAgent agent = TestAgent.connect(server, uid(number), "hash");
            agent.ask(registration(uid(number), 0, "h" + number, "hash"));
            agents.add(agent);
        }
        return agents;
    }

    private static List<SocketChannel> idle(TestServer server) throws IOException {
        List<SocketChannel> connections = new ArrayList<>();
        for (int connection = 0; connection < IDLE; connection++) {
            connections.add(SocketChannel.open(server.server().agentAddress()));
        }
        return connections;
    }

    /** The longest that any of their heartbeats took to be answered. */
    private static Duration beat(List<TestAgent> agents, Time time) throws Exception {
        long worst = 0;
        for (int beat = 1; beat <= BEATS; beat++) {
            long began = time.nanoTime();
            for (int agent = 0; agent < agents.size(); agent++) {
                agents.get(agent).send(heartbeat(uid(agent), beat));
            }
            for (TestAgent agent : agents) {
                assertThat(agent.next().error()).isNull();
                worst = Math.max(worst, time.nanoTime() - began);
            }
        }
        return Duration.ofNanos(worst);
    }

    private void playUntilOver(TestServer server, Kind kind) {
        while (!over) {
            try {
                kind.play(server);
            } catch (Exception cut) {
                // The server cut it, or the test is over.
            }
        }
    }

    private List<Kind> kinds() throws IOException {
        int limit = TestServer.MESSAGE_LIMIT;
        byte[] largest = RawPeer.frame(FINAL | BINARY, new byte[limit]);
        byte[] unfinished = Arrays.copyOf(largest, largest.length - 1);
        Value values = new Value.Array(Collections.nCopies(99_000, new Value.Absent()));
        byte[] costly = RawPeer.frame(
                FINAL | BINARY,
                Wire.frame(heartbeat(uid(901), 0)
                        .withHealth(new Health(true, null, "", "", null, Map.of(), Map.of("v", values)))));
        byte[] bomb = gzip(new byte[limit + 1]);
        byte[] record = RawPeer.frame(
                FINAL | BINARY,
                Wire.frame(heartbeat(uid(902), 0)
                        .withCustom(CustomMessage.ofText(
                                "com.example.other", "record", "[" + "1,".repeat(30_000) + "1]"))));
        return List.of(
                server -> connected(server).rest(),
                server -> upgraded(server).rest(),
                server -> closed(upgraded(server)),
                server -> endless(connected(server), "GET /health HTTP/1.1\r\n", text("a: b\r\n")),
                server -> endless(connected(server), POST + "Transfer-Encoding: chunked\r\n\r\n", text("1\r\nx\r\n")),
                server -> endless(connected(server), "", text("GET /health HTTP/1.1\r\nHost: h\r\n\r\n")),
                server -> endless(connected(server), "", post("Content-Encoding: gzip\r\n", bomb)),
                server -> endless(upgraded(server), "", largest),
                server -> endless(upgraded(server), "", costly),
                server -> endless(upgraded(server), "", record),
                server -> endless(begun(server), "", RawPeer.frame(FINAL | PING, new byte[125])),
                server -> endless(begun(server), "", RawPeer.frame(FINAL | BINARY, new byte[0])),
                server -> endless(begun(server), "", FIRST),
                server -> {
                    RawPeer peer = begun(server);
                    peer.send(RawPeer.frame(BINARY, new byte[] {0}));
                    endless(peer, "", RawPeer.frame(CONTINUATION, new byte[0]));
                },
                server -> {
                    RawPeer peer = begun(server);
                    peer.send(unfinished);
                    peer.rest();
                });
    }

    /** Sends the same for as long as the server lets it, and reads nothing. */
    private static void endless(RawPeer peer, String before, byte[] bytes) throws IOException {
        peer.text(before);
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        while (many.size() < 16 << 10) {
            many.writeBytes(bytes);
        }
        peer.flood(many.toByteArray(), Integer.MAX_VALUE);
    }

    private RawPeer connected(TestServer server) throws IOException {
        RawPeer peer = RawPeer.connect(server);
        open.add(peer);
        if (over) {
            peer.close();
        }
        return peer;
    }

    private RawPeer upgraded(TestServer server) throws IOException {
        RawPeer peer = connected(server);
        peer.upgrade();
        return peer;
    }

    private RawPeer begun(TestServer server) throws IOException {
        RawPeer peer = upgraded(server);
        peer.send(FIRST);
        return peer;
    }

    private static void closed(RawPeer peer) {
        try {
            peer.close();
        } catch (IOException closed) {
            // That is what was wanted.
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] post(String headers, byte[] body) {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(text(POST + headers + "Content-Length: " + body.length + "\r\n\r\n"));
        request.writeBytes(body);
        return request.toByteArray();
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(compressed)) {
            out.write(plain);
        }
        return compressed.toByteArray();
    }

    private static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
