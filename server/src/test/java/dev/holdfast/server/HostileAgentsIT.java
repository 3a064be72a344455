// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.RawPeer.BINARY;
import static dev.holdfast.server.RawPeer.CONTINUATION;
import static dev.holdfast.server.RawPeer.FINAL;
import static dev.holdfast.server.RawPeer.PING;
import static dev.holdfast.server.RawPeer.TEXT;
import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.opamp.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One broken or hostile peer at a time; after each the port holds nothing of it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileAgentsIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final String POST = "POST /v1/opamp HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-protobuf\r\n";

    private TestServer server;

    @BeforeAll
    void start(@TempDir Path data) throws Exception {
        server = TestServer.impatient(data);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @AfterEach
    void nothingIsLeftAndTheServerHasNotFailed() throws Exception {
        await().atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .until(() ->
                        server.metric("holdfast_connections") == 0 && server.metric("holdfast_input_held_bytes") == 0);
        assertThat(server.metric("holdfast_failures_total")).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "GET /health HTTP/1.1\r\nHos",
                "POST /v1/opamp HTTP/1.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100\r\n\r\nhalf",
                "POST /v1/opamp HTTP/1.1\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n",
            })
    void aRequestWhoseEndNeverComesIsCutOff(String beginning) throws Exception {
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.text(beginning);
            assertThat(peer.rest()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /health HTTP/1.1\r\nX: ", POST + "Content-Length: 100000\r\n\r\n"})
    void aRequestThatTricklesInForEverIsCutOff(String beginning) throws Exception {
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.text(beginning);
            try (ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor()) {
                Future<?> trickle =
                        loop.scheduleAtFixedRate(() -> peer.flood(new byte[] {'x'}, 1), 0, 20, TimeUnit.MILLISECONDS);
                assertThat(peer.rest()).isEmpty();
                trickle.cancel(true);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            TLS hello           | 16030100a5010000a10303
            zeros               | 00000000000000000000000000000000
            HTTP/2              | 505249202a20485454502f322e300d0a0d0a534d0d0a0d0a
            """)
    void whatIsNotHttpIsRefused(String kind, String hex) throws Exception {
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.send(HexFormat.of().parseHex(hex));
            peer.send(new byte[64]);
            peer.text("\r\n\r\n");
            assertThat(peer.rest()).as(kind).startsWith("HTTP/1.1 ").doesNotStartWith("HTTP/1.1 2");
        }
    }

    @Test
    void headersWithoutEndAndHeadersWithoutNumberAreRefused() throws Exception {
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.text("GET /health HTTP/1.1\r\n");
            peer.flood("Name: value\r\n".repeat(100).getBytes(StandardCharsets.US_ASCII), 1 << 20);
            assertThat(peer.rest()).startsWith("HTTP/1.1 400");
        }
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.text("GET /health HTTP/1.1\r\n" + "a:\r\n".repeat(101) + "\r\n");
            assertThat(peer.rest()).startsWith("HTTP/1.1 400").contains("more than 100 headers");
        }
    }

    @Test
    void aBodyInChunksWithoutEndIsRefusedAtTheLimit() throws Exception {
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.text(POST + "Transfer-Encoding: chunked\r\n\r\n");
            peer.flood(
                    "a\r\n0123456789\r\n".repeat(1000).getBytes(StandardCharsets.US_ASCII),
                    8 * TestServer.MESSAGE_LIMIT);
            assertThat(peer.rest()).startsWith("HTTP/1.1 413");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: -1",
                "Content-Length: 5\r\nContent-Length: 6",
                "Content-Length: 1e3",
                "Content-Length: 99999999999999999999",
                "Content-Length: 5\r\nTransfer-Encoding: gzip",
            })
    void aLengthThatIsNoneIsRefused(String headers) throws Exception {
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.text(POST + headers + "\r\n\r\nhello");
            assertThat(peer.rest()).startsWith("HTTP/1.1 400");
        }
    }

    @Test
    void whatFollowsABodyThatWasSaidToBeShorterIsARequestOfItsOwnAndRefused() throws Exception {
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.text(POST + "Content-Length: 2\r\n\r\n");
            peer.send(Wire.body(registration(uid(20), 0, "h", "a")));
            peer.text("\r\n\r\n");
            assertThat(peer.rest()).startsWith("HTTP/1.1 400");
        }
        assertThat(server.admin("/api/agents/" + uid(20)).statusCode()).isEqualTo(404);
    }

    @Test
    void gzipWithSomethingBehindItIsRefusedAndSoAreMembersWithNothingInThem() throws Exception {
        byte[] body = gzip(Wire.body(registration(uid(21), 0, "h", "a")));
        ByteArrayOutputStream empty = new ByteArrayOutputStream();
        while (empty.size() < TestServer.MESSAGE_LIMIT - 100) {
            empty.writeBytes(gzip(new byte[0]));
        }
        ByteArrayOutputStream trailing = new ByteArrayOutputStream();
        trailing.writeBytes(body);
        trailing.writeBytes(new byte[] {1, 2, 3});
        for (byte[] compressed : new byte[][] {empty.toByteArray(), trailing.toByteArray()}) {
            try (RawPeer peer = RawPeer.connect(server)) {
                peer.text(POST + "Content-Encoding: gzip\r\nContent-Length: " + compressed.length + "\r\n\r\n");
                peer.send(compressed);
                assertThat(peer.answer()).startsWith("HTTP/1.1 400");
            }
        }
    }

    @Test
    void whatGrowsPastTheLimitWhenDecompressedIsRefusedAndTheConnectionGoesOn() throws Exception {
        byte[] bomb = gzip(new byte[TestServer.MESSAGE_LIMIT + 1]);
        try (RawPeer peer = RawPeer.connect(server)) {
            for (int times = 0; times < 3; times++) {
                peer.text(POST + "Content-Encoding: gzip\r\nContent-Length: " + bomb.length + "\r\n\r\n");
                peer.send(bomb);
                assertThat(peer.answer()).startsWith("HTTP/1.1 413");
            }
        }
    }

    @Test
    void requestsOneBehindTheOtherAreAnsweredInOrderAndPostsOneAtATime() throws Exception {
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.text("GET /health HTTP/1.1\r\nHost: h\r\n\r\n".repeat(500));
            for (int answers = 0; answers < 500; answers++) {
                assertThat(peer.answer()).startsWith("HTTP/1.1 200");
            }
            String body = new String(Wire.body(heartbeat(uid(22), 0)), StandardCharsets.ISO_8859_1);
            peer.text((POST + "Content-Length: " + body.length() + "\r\n\r\n" + body).repeat(500));
            assertThat(peer.rest()).startsWith("HTTP/1.1 200").contains("connection: close");
        }
        String body = new String(Wire.body(heartbeat(uid(22), 0)), StandardCharsets.ISO_8859_1);
        try (RawPeer peer = RawPeer.connect(server)) {
            peer.text(POST + "Content-Length: " + body.length() + "\r\n\r\n" + body
                    + "GET /health HTTP/1.1\r\n\r\n".repeat(1000));
            assertThat(peer.rest()).startsWith("HTTP/1.1 200").contains("connection: close");
        }
    }

    @Test
    void answersThatNobodyReadsDoNotPileUp() throws Exception {
        byte[] requests = "GET /health HTTP/1.1\r\nHost: h\r\n\r\n".repeat(1000).getBytes(StandardCharsets.US_ASCII);
        try (RawPeer peer = RawPeer.deaf(server)) {
            // What the systems on both ends keep is less; were it taken in full, the server would hold the answers.
            assertThat(peer.floodUntilStuck(requests, 64 << 20)).isLessThan(64 << 20);
        }
    }

    @Test
    void pongsAndAnswersThatNobodyReadsDoNotPileUp() throws Exception {
        byte[] ping = RawPeer.frame(FINAL | PING, new byte[100]);
        byte[] beat = RawPeer.frame(FINAL | BINARY, Wire.frame(heartbeat(uid(23), 7)));
        for (byte[] frame : new byte[][] {ping, beat}) {
            try (RawPeer peer = RawPeer.deaf(server)) {
                peer.upgrade();
                peer.send(beat);
                ByteArrayOutputStream many = new ByteArrayOutputStream();
                for (int frames = 0; frames < 1000; frames++) {
                    many.writeBytes(frame);
                }
                assertThat(peer.floodUntilStuck(many.toByteArray(), 64 << 20)).isLessThan(64 << 20);
            }
        }
    }

    @Test
    void aHundredThousandPingsAreAnsweredAndCostOthersNothing() throws Exception {
        try (RawPeer peer = RawPeer.upgraded(server);
                TestAgent agent = TestAgent.connect(server, uid(24), "a")) {
            agent.ask(registration(uid(24), 0, "h", "a"));
            Thread reader = Thread.startVirtualThread(() -> drain(peer));
            byte[] ping = RawPeer.frame(FINAL | PING, new byte[0]);
            ByteArrayOutputStream many = new ByteArrayOutputStream();
            for (int frames = 0; frames < 1000; frames++) {
                many.writeBytes(ping);
            }
            peer.send(RawPeer.frame(FINAL | BINARY, Wire.frame(heartbeat(uid(25), 0))));
            for (int thousands = 0; thousands < 100; thousands++) {
                peer.send(many.toByteArray());
            }
            assertThat(agent.ask(heartbeat(uid(24), 1)).reportFullState()).isFalse();
            peer.end();
            reader.join();
        }
    }

    private static void drain(RawPeer peer) {
        try {
            peer.rest();
        } catch (IOException closed) {
            // The test is over.
        }
    }

    @Test
    void upgradesThatAreClosedAtOnceLeaveNothing() throws Exception {
        for (int times = 0; times < 200; times++) {
            RawPeer.upgraded(server).close();
        }
    }

    @Test
    void requestsThatAreGivenUpInTheMiddleLeaveNothing() throws Exception {
        for (int times = 0; times < 50; times++) {
            try (RawPeer peer = RawPeer.connect(server)) {
                peer.text(POST + "Content-Length: 100\r\n\r\nhalf");
            }
        }
    }

    @Test
    void aWebSocketWithoutAFirstMessageIsClosed() throws Exception {
        try (RawPeer peer = RawPeer.upgraded(server)) {
            assertThat(peer.closeStatus()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            half a frame                    | 82ff0000000000010000000000000102 | 0
            2^63 bytes announced            | 82ff800000000000000000000000     | 1002
            2^63 - 1 bytes announced        | 82ff7fffffffffffffff00000000     | 1009
            one byte in eight bytes of size | 82ff0000000000000001000000001d   | 1002
            not masked                      | 820100                           | 1002
            a reserved bit                  | c28100000000ff                   | 1002
            a reserved data opcode          | 838100000000ff                   | 1002
            a reserved control opcode       | 8b8000000000                     | 1002
            a ping in fragments             | 098000000000                     | 1002
            a ping of 126 bytes             | 89fe007e00000000                 | 1002
            a continuation of nothing       | 808000000000                     | 1002
            a message within a message      | 028000000000828000000000         | 1002
            text                            | 818100000000ff                   | 1003
            a header that is not 0          | 82820000000001aa                 | 1002
            a header that does not end      | 828b00000000ffffffffffffffffffffff | 1002
            a close of one byte             | 888100000000ff                   | 1002
            nothing                         | 828000000000                     | 1002
            """)
    void aFrameThatIsNoneIsRefused(String kind, String hex, int status) throws Exception {
        try (RawPeer peer = RawPeer.upgraded(server)) {
            peer.send(HexFormat.of().parseHex(hex));
            assertThat(peer.closeStatus()).as(kind).isEqualTo(status);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 17, 100_000})
    void aUidOfAnotherLengthIsRefused(int length) throws Exception {
        try (RawPeer peer = RawPeer.upgraded(server)) {
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            message.write(0);
            message.write(0x0a);
            for (int rest = length; ; rest >>>= 7) {
                message.write(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
                if (rest < 0x80) {
                    break;
                }
            }
            message.writeBytes(new byte[length]);
            peer.send(RawPeer.frame(FINAL | BINARY, message.toByteArray()));
            assertThat(peer.closeStatus()).isEqualTo(1002);
        }
    }

    @Test
    void fragmentsWithoutEndAreCutOffWhetherThereIsSomethingInThemOrNot() throws Exception {
        for (byte[] payload : new byte[][] {{}, {0}}) {
            try (RawPeer peer = RawPeer.upgraded(server)) {
                peer.send(RawPeer.frame(BINARY, new byte[] {0}));
                Thread reader = Thread.startVirtualThread(() -> drain(peer));
                peer.flood(RawPeer.frame(CONTINUATION, payload), TestServer.MESSAGE_LIMIT / 2);
                reader.join();
            }
        }
    }

    @Test
    void aMessageInManySmallFragmentsIsTakenAndNoneAtAllWhenTheyAreTooMany() throws Exception {
        byte[] message =
                Wire.frame(registration(uid(26), 0, "x".repeat(20_000), "a")).array();
        try (RawPeer peer = RawPeer.upgraded(server)) {
            ByteArrayOutputStream frames = new ByteArrayOutputStream();
            for (int at = 0; at < message.length; at++) {
                int last = at == message.length - 1 ? FINAL : 0;
                frames.writeBytes(RawPeer.frame(last | (at == 0 ? BINARY : CONTINUATION), new byte[] {message[at]}));
            }
            peer.send(frames.toByteArray());
            await().atMost(PATIENCE)
                    .until(() -> server.admin("/api/agents/" + uid(26)).statusCode() == 200);
            peer.send(RawPeer.frame(BINARY, new byte[TestServer.MESSAGE_LIMIT]));
            peer.send(RawPeer.frame(FINAL | CONTINUATION, new byte[2]));
            assertThat(peer.closeStatus()).isEqualTo(1009);
        }
    }

    @Test
    void aConnectionMayGoByFewUids() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, null, null)) {
            for (int number = 100; number < 108; number++) {
                assertThat(agent.ask(registration(uid(number), 0, "h", "a")).error())
                        .isNull();
            }
            agent.send(registration(uid(108), 0, "h", "a"));
            assertThat(agent.closeCode()).isEqualTo(1008);
        }
        assertThat(server.admin("/api/agents/" + uid(107)).statusCode()).isEqualTo(200);
        assertThat(server.admin("/api/agents/" + uid(108)).statusCode()).isEqualTo(404);
    }

    @Test
    void anAgentThatTookItsLeaveAndGoesOnTalkingIsAnsweredAndNotAttached() throws Exception {
        try (TestAgent agent = TestAgent.connect(server, uid(27), "a")) {
            agent.ask(registration(uid(27), 0, "h", "a"));
            agent.ask(heartbeat(uid(27), 1).withDisconnect());
            for (int beats = 2; beats < 50; beats++) {
                assertThat(agent.ask(heartbeat(uid(27), beats)).error()).isNull();
            }
        }
        await().atMost(PATIENCE)
                .until(() -> !server.agent(uid(27)).get("attached").asBoolean());
    }

    @Test
    void aTextMessageInFragmentsIsRefusedAtItsFirst() throws Exception {
        try (RawPeer peer = RawPeer.upgraded(server)) {
            peer.send(RawPeer.frame(TEXT, new byte[] {'x'}));
            assertThat(peer.closeStatus()).isEqualTo(1003);
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
