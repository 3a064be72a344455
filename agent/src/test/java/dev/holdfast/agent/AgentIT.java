// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.LinkListener;
import dev.holdfast.agent.link.LinkPhase;
import dev.holdfast.agent.metrics.MetricsConfig;
import dev.holdfast.agent.route.Delay;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.opamp.InstanceUid;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentIT {

    @TempDir
    Path data;

    @Test
    void theNameIsKeptOverRestarts() throws Exception {
        InstanceUid first = runOnce();
        assertThat(runOnce()).isEqualTo(first);
    }

    @Test
    void aDamagedNameIsSetAsideAndReplaced() throws Exception {
        InstanceUid first = runOnce();
        byte[] noText = {(byte) 0xff, (byte) 0xfe, 1, 2};
        Files.write(data.resolve("instance_uid"), noText);
        assertThat(runOnce()).isNotEqualTo(first);
        assertThat(data.resolve("instance_uid.damaged")).hasBinaryContent(noText);
    }

    @Test
    void aSecondAgentOnTheSameDirectoryIsRefused() throws Exception {
        try (Agent first = Agent.start(config())) {
            assertThatThrownBy(() -> Agent.start(config()))
                    .isInstanceOf(DataDirectoryException.Held.class)
                    .hasMessageContaining(data.toString());
            assertThat(first.uid()).isNotNull();
        }
    }

    @Test
    void whoeverListensHearsWhyTheLinkWaits() throws Exception {
        CompletableFuture<Delay> waited = new CompletableFuture<>();
        LinkListener listener = new LinkListener() {
            @Override
            public void waits(Delay delay) {
                waited.complete(delay);
            }
        };
        try (Agent agent = Agent.start(config(), listener)) {
            Delay delay = waited.orTimeout(30, TimeUnit.SECONDS).join();
            assertThat(delay.failure().cause()).isEqualTo(Cause.NETWORK);
            assertThat(delay.attempt()).isEqualTo(1);
            assertThat(agent.phase()).isNotNull();
        }
    }

    @Test
    void whereMetricsAreWantedTheyAreThere() throws Exception {
        int port = freePort();
        try (Agent agent = Agent.start(config().withMetrics(metrics(port)));
                HttpClient client = HttpClient.newHttpClient()) {
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(scrape(client, port))
                            .contains("holdfast_agent_outbox_open 1.0")
                            .containsPattern("holdfast_agent_attempts_failed_total\\{cause=\"network\"} [1-9]"));
            assertThat(agent.phase()).isNotNull();
        }
    }

    @Test
    void anAgentWhosePortForMetricsIsTakenRunsWithoutThem() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Agent agent = Agent.start(config().withMetrics(metrics(taken.getLocalPort())))) {
            await().atMost(Duration.ofSeconds(30)).until(() -> agent.phase() != LinkPhase.IDLE);
            assertThat(agent.phase()).isNotEqualTo(LinkPhase.STOPPED);
        }
    }

    @Test
    void aListenerMayStopItsAgent() throws Exception {
        CompletableFuture<Agent> started = new CompletableFuture<>();
        LinkListener listener = new LinkListener() {
            @Override
            public void waits(Delay delay) {
                started.join().close();
            }
        };
        started.complete(Agent.start(config(), listener));
        await().atMost(Duration.ofSeconds(30))
                .ignoreExceptionsInstanceOf(DataDirectoryException.Held.class)
                .untilAsserted(() -> runOnce());
    }

    private InstanceUid runOnce() throws Exception {
        try (Agent agent = Agent.start(config())) {
            return agent.uid();
        }
    }

    private static String scrape(HttpClient client, int port) throws Exception {
        URI metrics = URI.create("http://127.0.0.1:" + port + "/metrics");
        return client.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private static MetricsConfig metrics(int port) {
        return new MetricsConfig(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port), MetricsConfig.ALLOWED_GAP);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private AgentConfig config() throws IOException {
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return AgentConfig.of(data, LinkConfig.of(URI.create("ws://127.0.0.1:" + closed.getLocalPort())));
        }
    }
}
