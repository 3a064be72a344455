// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.time.SystemTime;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server whose fleet store another program holds locked for twenty seconds. */
class SlowStoreIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration LOCKED = Duration.ofSeconds(20);

    /** Two heartbeats of an agent, which then calls the server dead. */
    private static final Duration DEAD = Duration.ofSeconds(10);

    /** Longer than those take who only register here. */
    private static final Duration HEARTBEAT = Duration.ofMinutes(5);

    private static final int AGENTS = 20;

    @TempDir
    private Path data;

    @Test
    void heartbeatsGoOnRegistrationsAreAnsweredAndNobodyIsLost() throws Exception {
        try (SystemTime time = SystemTime.start("locked")) {
            List<TestAgent> agents = new ArrayList<>();
            try (TestServer server = TestServer.telling(data, HEARTBEAT);
                    TestAgent attached = TestAgent.connect(server, uid(0), "hash")) {
                attached.ask(registration(uid(0), 0, "attached", "hash"));
                try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + data.resolve("fleet.db"));
                        Statement statement = other.createStatement()) {
                    statement.execute("BEGIN IMMEDIATE");
                    long began = time.nanoTime();
                    for (int number = 1; number <= AGENTS; number++) {
                        TestAgent agent = TestAgent.connect(server, uid(number), "hash");
                        agent.send(registration(uid(number), 0, "h" + number, "hash"));
                        agents.add(agent);
                    }
                    assertThat(worstHeartbeat(attached, time, began)).isLessThan(DEAD);
                    for (TestAgent agent : agents) {
                        assertThat(agent.next().error()).isNull();
                    }
                    assertThat(server.metric("holdfast_agents_attached")).isEqualTo(1 + AGENTS);
                    // While a try is under way what it is to store does not count.
                    await().atMost(PATIENCE).until(() -> server.metric("holdfast_store_dirty") > 0);
                    statement.execute("ROLLBACK");
                }
                await().atMost(PATIENCE).until(() -> server.metric("holdfast_store_dirty") == 0);
            }
            agents.forEach(TestAgent::close);
            try (TestServer server = TestServer.start(data)) {
                assertThat(server.api("/api/agents")).hasSize(1 + AGENTS);
                try (TestAgent back = TestAgent.connect(server, uid(AGENTS), "hash")) {
                    assertThat(back.ask(heartbeat(uid(AGENTS), 9)).reportFullState())
                            .isFalse();
                }
            }
        }
    }

    private static Duration worstHeartbeat(TestAgent attached, SystemTime time, long began) throws Exception {
        long worst = 0;
        for (int beat = 1; time.nanoTime() - began < LOCKED.toNanos(); beat++) {
            long sent = time.nanoTime();
            assertThat(attached.ask(heartbeat(uid(0), beat)).error()).isNull();
            worst = Math.max(worst, time.nanoTime() - sent);
            time.pause(Duration.ofMillis(100));
        }
        return Duration.ofNanos(worst);
    }
}
