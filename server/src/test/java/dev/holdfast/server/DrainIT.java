// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.server.admission.AdmissionConfig;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DrainIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Far more than is ever waited for. */
    private static final Duration LONG = Duration.ofSeconds(60);

    private static final AdmissionConfig TEN_A_SECOND = new AdmissionConfig(10, 1000);

    @TempDir
    private Path data;

    private final SystemTime time = SystemTime.start("drain-test");

    @AfterEach
    void stop() {
        time.close();
    }

    @Test
    void everyAgentIsToldAnotherTimeToComeBackAndThenClosed() throws Exception {
        int count = 20;
        TestServer server = TestServer.start(data, TEN_A_SECOND, LONG);
        List<TestAgent> agents = new ArrayList<>();
        for (int number = 0; number < count; number++) {
            TestAgent agent = TestAgent.connect(server, uid(number), "hash");
            agent.ask(registration(uid(number), 0, "h" + number, "hash"));
            agents.add(agent);
        }
        long began = time.nanoTime();
        server.close();
        assertThat(elapsed(began)).isLessThan(LONG);

        List<Duration> told = new ArrayList<>();
        for (TestAgent agent : agents) {
            ServerMessage.Failure goodbye = Objects.requireNonNull(agent.next().error());
            assertThat(goodbye.kind()).isEqualTo(ServerMessage.Failure.Kind.UNAVAILABLE);
            assertThat(goodbye.isDrain()).isTrue();
            assertThat(agent.closeCode()).isEqualTo(1001);
            told.add(Objects.requireNonNull(goodbye.retryAfter()));
            agent.close();
        }
        assertThat(told).doesNotHaveDuplicates().allMatch(after -> after.compareTo(Duration.ofSeconds(1)) >= 0);
        assertThat(told.stream().max(Duration::compareTo)).contains(Duration.ofMillis(1000 + 100 * (count - 1)));
        assertThat(told).as("in no order").isNotEqualTo(told.stream().sorted().toList());
    }

    @Test
    void withoutAgentsItStopsAtOnce() throws Exception {
        TestServer server = TestServer.start(data, TEN_A_SECOND, LONG);
        long began = time.nanoTime();
        server.close();
        assertThat(elapsed(began)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void whoDoesNotAnswerTheGoodbyeIsCutAndKeepsNobodyWaiting() throws Exception {
        TestServer server = TestServer.start(data, TEN_A_SECOND, LONG);
        try (RawPeer deaf = RawPeer.upgraded(server)) {
            deaf.send(
                    RawPeer.frame(RawPeer.FINAL | RawPeer.BINARY, Wire.frame(registration(uid(1), 0, "deaf", "hash"))));
            await().atMost(PATIENCE).until(() -> server.metric("holdfast_agents_attached") == 1);
            long began = time.nanoTime();
            server.close();
            assertThat(elapsed(began)).isLessThan(Duration.ofSeconds(10));
            assertThat(deaf.closeStatus()).isEqualTo(1001);
        }
    }

    @Test
    void whileItDrainsNewcomersAreToldToComeBackAndSoIsWhoeverPolls() throws Exception {
        TestServer server = TestServer.start(data, TEN_A_SECOND, LONG);
        InstanceUid polling = uid(2);
        assertThat(post(server, Wire.body(registration(polling, 0, "polls", "hash")))
                        .statusCode())
                .isEqualTo(200);
        assertThat(server.agent(polling).get("attached").asBoolean()).isTrue();

        CompletableFuture<Void> closed = CompletableFuture.runAsync(server.server()::close);
        await().atMost(PATIENCE).until(() -> get(server, "/health").statusCode() == 503);
        HttpResponse<String> health = get(server, "/health");
        assertThat(health.headers().firstValue("Retry-After")).contains("60");
        assertThat(health.body()).contains("draining");
        assertThat(get(server, "/health/live").statusCode()).isEqualTo(200);
        assertThat(server.send(server.adminRequest("/health").build(), HttpResponse.BodyHandlers.ofString()))
                .satisfies(admin -> {
                    assertThat(admin.statusCode()).isEqualTo(503);
                    assertThat(admin.headers().firstValue("Retry-After")).contains("60");
                });

        try (RawPeer newcomer = RawPeer.connect(server)) {
            newcomer.askForUpgrade();
            assertThat(newcomer.head()).startsWith("HTTP/1.1 503 ").contains("retry-after: 2");
        }
        HttpResponse<byte[]> refused = post(server, Wire.body(registration(uid(3), 0, "new", "hash")));
        assertDrained(refused);
        assertThat(post(server, Wire.body(heartbeat(polling, 1)))).satisfies(DrainIT::assertDrained);
        closed.get(30, TimeUnit.SECONDS);
        server.close();
    }

    private static void assertDrained(HttpResponse<byte[]> answer) {
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Retry-After")).isPresent();
        assertThat(answer.headers().firstValue("Content-Type")).contains(Wire.MEDIA_TYPE);
        try {
            ServerMessage.Failure failure = Objects.requireNonNull(
                    Wire.readServerBody(ByteBuffer.wrap(answer.body())).error());
            assertThat(failure.isDrain()).isTrue();
            assertThat(answer.headers().firstValue(Wire.Header.RETRY_AFTER_MS))
                    .contains(Long.toString(
                            Objects.requireNonNull(failure.retryAfter()).toMillis()));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static HttpResponse<byte[]> post(TestServer server, byte[] body) throws Exception {
        return server.send(
                HttpRequest.newBuilder(server.agentUri("/v1/opamp"))
                        .header("Content-Type", Wire.MEDIA_TYPE)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    private static HttpResponse<String> get(TestServer server, String path) throws Exception {
        return server.send(HttpRequest.newBuilder(server.agentUri(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private Duration elapsed(long began) {
        return Duration.ofNanos(time.nanoTime() - began);
    }
}
