// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.RawPeer.BINARY;
import static dev.holdfast.server.RawPeer.FINAL;
import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.opamp.Wire;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Peers that all stop a byte before the end of the largest message there may be. */
class InputBudgetIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final String POST = "POST /v1/opamp HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-protobuf\r\n";

    private static final byte[] LARGEST = RawPeer.frame(FINAL | BINARY, new byte[TestServer.MESSAGE_LIMIT]);

    /** As many as there is room for, since each may hold a little unasked. */
    private static final int ROOM = TestServer.INPUT_LIMIT / TestServer.MESSAGE_LIMIT;

    private final List<RawPeer> holders = new ArrayList<>();
    private TestServer server;

    @BeforeEach
    void start(@TempDir Path data) throws Exception {
        server = TestServer.start(data);
    }

    @AfterEach
    void stop() throws Exception {
        for (RawPeer holder : holders) {
            holder.close();
        }
        await().atMost(PATIENCE).until(() -> held() == 0 && server.metric("holdfast_connections") == 0);
        server.close();
    }

    @Test
    void whatIsSmallIsTakenWhenTheBudgetIsUsedUpAndWhatIsLargeIsToldToTryAgain() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid(1), "a");
                RawPeer socket = RawPeer.upgraded(server);
                RawPeer post = RawPeer.connect(server);
                RawPeer poll = RawPeer.connect(server)) {
            agent.ask(registration(uid(1), 0, "h", "a"));
            fill();

            socket.send(LARGEST);
            assertThat(socket.closeStatus()).isEqualTo(1013);
            post.text(POST + "Content-Length: " + TestServer.MESSAGE_LIMIT + "\r\n\r\n");
            post.flood(new byte[TestServer.MESSAGE_LIMIT - 1], TestServer.MESSAGE_LIMIT - 1);
            assertThat(post.answer())
                    .startsWith("HTTP/1.1 503")
                    .containsPattern("(?i)\r\nretry-after: \\d+\r\n")
                    .containsPattern("(?i)\r\nholdfast-retry-after-ms: \\d+\r\n");
            assertThat(server.metric("holdfast_input_refused_total")).isEqualTo(2);
            assertThat(held()).isLessThanOrEqualTo(TestServer.INPUT_LIMIT);

            assertThat(agent.ask(heartbeat(uid(1), 1)).reportFullState()).isFalse();
            byte[] small = Wire.body(registration(uid(2), 0, "h", "a"));
            poll.text(POST + "Content-Length: " + small.length + "\r\n\r\n");
            poll.send(small);
            assertThat(poll.answer()).startsWith("HTTP/1.1 200");
            try (TestAgent late = TestAgent.connect(server, uid(1), "a")) {
                assertThat(late.ask(heartbeat(uid(1), 5)).reportFullState()).isFalse();
            }
        }
    }

    @Test
    void whatIsLargeIsTakenAgainOnceThereIsRoom() throws Exception {
        fill();
        holders.removeFirst().close();
        await().atMost(PATIENCE).until(() -> held() <= TestServer.INPUT_LIMIT - TestServer.MESSAGE_LIMIT);

        try (TestAgent agent = TestAgent.connect(server, uid(1), "a")) {
            agent.ask(registration(uid(1), 0, "x".repeat(60_000), "a"));
            assertThat(server.agent(uid(1)).get("attached").asBoolean()).isTrue();
        }
    }

    private void fill() throws Exception {
        for (int peer = 0; peer < ROOM; peer++) {
            RawPeer holder = RawPeer.upgraded(server);
            holders.add(holder);
            holder.send(Arrays.copyOf(LARGEST, LARGEST.length - 1));
        }
        await().atMost(PATIENCE).until(() -> held() > TestServer.INPUT_LIMIT - TestServer.MESSAGE_LIMIT);
    }

    private double held() throws Exception {
        return server.metric("holdfast_input_held_bytes");
    }
}
