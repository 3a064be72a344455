// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.server.admission.AdmissionConfig;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that lets one newcomer in every second, after two at once. */
class AdmissionIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private TestServer server;

    @BeforeEach
    void start(@TempDir Path data) throws Exception {
        server = TestServer.start(data, new AdmissionConfig(1, 2), Duration.ofSeconds(1));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void anUpgradeOverTheRateIsRefusedBeforeItIsMadeAndEachIsToldAnotherTime() throws Exception {
        try (TestAgent one = TestAgent.connect(server, uid(1), "hash");
                TestAgent two = TestAgent.connect(server, uid(2), "hash")) {
            Set<Long> told = new HashSet<>();
            for (int refused = 0; refused < 5; refused++) {
                try (RawPeer peer = RawPeer.connect(server)) {
                    peer.askForUpgrade();
                    String head = peer.head();
                    assertThat(head).startsWith("HTTP/1.1 503 ");
                    long millis = header(head, "holdfast-retry-after-ms");
                    assertThat(header(head, "retry-after")).isEqualTo((millis + 999) / 1000);
                    told.add(millis);
                }
            }
            assertThat(told).hasSize(5).allMatch(millis -> millis > 0 && millis <= 5000);
            assertThat(server.metric("holdfast_admission_admitted_total")).isEqualTo(2);
            assertThat(server.metric("holdfast_admission_refused_total{why=\"rate\"}"))
                    .isEqualTo(5);
            assertThat(server.metric("holdfast_admission_delay_seconds_count")).isEqualTo(5);
            assertThat(server.metric("holdfast_admission_promised")).isEqualTo(5);

            assertThat(one.ask(registration(uid(1), 0, "one", "hash")).error()).isNull();
            for (int beat = 1; beat < 20; beat++) {
                assertThat(one.ask(heartbeat(uid(1), beat)).error()).isNull();
            }
            assertThat(two.ask(registration(uid(2), 0, "two", "hash")).error()).isNull();
        }
    }

    @Test
    void probesAreAnsweredWhateverComesAndTheirConnectionIsGoodForTheUpgradeOrAPost() throws Exception {
        try (RawPeer peer = RawPeer.connect(server)) {
            for (int probe = 0; probe < 50; probe++) {
                peer.lines("HEAD /health HTTP/1.1", "Host: h", "", "");
                assertThat(peer.head()).startsWith("HTTP/1.1 200 ");
            }
            peer.upgrade();
            peer.send(RawPeer.frame(
                    RawPeer.FINAL | RawPeer.BINARY, Wire.frame(registration(uid(1), 0, "probed", "hash"))));
            await().atMost(PATIENCE).until(() -> server.metric("holdfast_agents_attached") == 1);
        }
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.lines("GET /health HTTP/1.1", "Host: h", "", "");
            assertThat(peer.answer()).startsWith("HTTP/1.1 200 ");
            byte[] body = Wire.body(registration(uid(2), 0, "posts", "hash"));
            peer.lines(
                    "POST /v1/opamp HTTP/1.1",
                    "Host: h",
                    "Content-Type: " + Wire.MEDIA_TYPE,
                    "Content-Length: " + body.length,
                    "",
                    "");
            peer.send(body);
            assertThat(peer.head()).startsWith("HTTP/1.1 200 ");
            assertThat(server.agent(uid(2)).get("attached").asBoolean()).isTrue();
        }
    }

    @Test
    void theFirstPostOfAnAgentAsksAndNoneOfThoseThatFollow() throws Exception {
        InstanceUid first = uid(1);
        assertThat(ask(heartbeat(first, 0)).reportFullState()).isTrue();
        assertThat(ask(registration(first, 1, "first", "hash")).error()).isNull();
        for (int poll = 2; poll < 20; poll++) {
            assertThat(ask(heartbeat(first, poll)).error()).isNull();
        }
        assertThat(ask(registration(uid(2), 0, "second", "hash")).error()).isNull();

        HttpResponse<byte[]> refused = post(registration(uid(3), 0, "third", "hash"));
        assertThat(refused.statusCode()).isEqualTo(503);
        long millis =
                refused.headers().firstValueAsLong(Wire.Header.RETRY_AFTER_MS).orElseThrow();
        ServerMessage.Failure failure = Objects.requireNonNull(
                Wire.readServerBody(ByteBuffer.wrap(refused.body())).error());
        assertThat(failure.kind()).isEqualTo(ServerMessage.Failure.Kind.UNAVAILABLE);
        assertThat(failure.isDrain()).isFalse();
        assertThat(Objects.requireNonNull(failure.retryAfter()).toMillis()).isEqualTo(millis);
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> post(registration(uid(3), 0, "third", "hash")).statusCode() == 200);
    }

    private ServerMessage ask(AgentMessage message) throws Exception {
        HttpResponse<byte[]> answer = post(message);
        assertThat(answer.statusCode()).isEqualTo(200);
        return Wire.readServerBody(ByteBuffer.wrap(answer.body()));
    }

    private HttpResponse<byte[]> post(AgentMessage message) throws Exception {
        return server.send(
                HttpRequest.newBuilder(server.agentUri("/v1/opamp"))
                        .header("Content-Type", Wire.MEDIA_TYPE)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(Wire.body(message)))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    private static long header(String head, String name) {
        Matcher header = Pattern.compile(name + ": (\\d+)").matcher(head.toLowerCase(Locale.ROOT));
        assertThat(header.find()).as(head).isTrue();
        return Long.parseLong(header.group(1));
    }
}
