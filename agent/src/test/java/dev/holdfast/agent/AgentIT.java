// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.LinkListener;
import dev.holdfast.agent.route.Delay;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.opamp.InstanceUid;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
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

    private AgentConfig config() throws IOException {
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return AgentConfig.of(data, LinkConfig.of(URI.create("ws://127.0.0.1:" + closed.getLocalPort())));
        }
    }
}
