// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.agent.http.ScriptedServer.Script;
import dev.holdfast.agent.link.Link;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.LinkListener;
import dev.holdfast.agent.link.LinkPhase;
import dev.holdfast.agent.link.TestAgent;
import dev.holdfast.agent.route.Delay;
import dev.holdfast.agent.route.RouteConfig;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.ServerMessage.Failure.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers that do everything wrong: the link names the cause, waits, and attaches once the server does right. */
class BrokenServerIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int LIMIT = 1 << 20;
    private static final Backoff BACKOFF = Backoff.exponential(Duration.ofMillis(20), 2, Duration.ofMillis(200))
            .withJitter(Jitter.proportional(0.25));

    private final SystemTime time = SystemTime.start("link-under-test");
    private final BlockingQueue<Delay> delays = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    @AfterEach
    void closeTime() {
        time.close();
    }

    @Test
    void oneThatAnswersTwoHundredInsteadOfUpgrading() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.request();
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
    }

    /** Where polling is allowed, this is what a link takes for a reason to poll; 502 and the like are none. */
    @Test
    void oneThatHasNoWebSockets() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.request();
            peer.write("HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n");
        });
    }

    @Test
    void oneThatUpgradesAndClosesAtOnce() throws Exception {
        assertMended(Cause.NETWORK, ScriptedServer.Peer::upgrade);
    }

    @Test
    void oneThatUpgradesAndClosesEachTimeIsNotHammered() throws Exception {
        try (ScriptedServer server = new ScriptedServer(ScriptedServer.Peer::upgrade)) {
            Link link = open(server.uri());
            assertDelaysGrow(7);
            assertThat(server.connections).hasValueLessThanOrEqualTo(8);
            stop(link);
        }
    }

    @Test
    void oneThatIsNoHttpServer() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.request();
            peer.write("SSH-2.0-OpenSSH_9.2\r\n\r\n");
            peer.silence();
        });
    }

    @Test
    void oneThatSendsBytesWithoutALineEnd() throws Exception {
        AtomicLong sent = new AtomicLong();
        assertMended(Cause.PROTOCOL, peer -> {
            peer.request();
            sent.set(peer.flood(new byte[1 << 16]));
        });
        assertBounded(sent);
    }

    @Test
    void oneWhoseHeadersNeverEnd() throws Exception {
        AtomicLong sent = new AtomicLong();
        assertMended(Cause.PROTOCOL, peer -> {
            peer.request();
            peer.write("HTTP/1.1 101 Switching Protocols\r\n");
            sent.set(peer.flood("X-More: and more\r\n".getBytes(US_ASCII)));
        });
        assertBounded(sent);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Type: text/html\r\n",
                "Content-Type: text/html\r\nContent-Encoding: gzip\r\n",
                "Content-Type: text/html\r\nContent-Length: 9223372036854775807\r\n",
            })
    void oneThatRefusesWithAPageThatNeverEnds(String headers) throws Exception {
        AtomicLong sent = new AtomicLong();
        assertMended(Cause.SERVER, peer -> {
            peer.request();
            peer.write("HTTP/1.1 502 Bad Gateway\r\n" + headers + "\r\n");
            sent.set(peer.flood(new byte[1 << 16]));
        });
        assertBounded(sent);
    }

    @Test
    void oneThatRefusesWithAPageThatNeverComes() throws Exception {
        assertMended(Cause.SERVER, peer -> {
            peer.request();
            peer.write("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100\r\n\r\n<html>");
            peer.silence();
        });
    }

    @Test
    void oneThatResetsInTheMiddleOfItsAnswer() throws Exception {
        assertMended(Cause.NETWORK, peer -> {
            peer.request();
            peer.write("HTTP/1.1 101 Switching Protocols\r\nUpgr");
            peer.reset();
        });
    }

    @Test
    void oneThatClosesInTheMiddleOfItsAnswer() throws Exception {
        assertMended(Cause.NETWORK, peer -> {
            peer.request();
            peer.write("HTTP/1.1 101 Switching Protocols\r\nUpgr");
        });
    }

    @Test
    void oneThatClosesItsHalf() throws Exception {
        assertMended(Cause.NETWORK, peer -> {
            peer.upgrade().message();
            peer.shutdownOutput();
            peer.silence();
        });
    }

    @Test
    void oneThatClosesInTheMiddleOfAFrame() throws Exception {
        assertMended(Cause.NETWORK, peer -> peer.upgrade().header(0x82, 100));
    }

    @Test
    void oneThatTurnsOnCompressionUnasked() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade("Sec-WebSocket-Extensions: permessage-deflate\r\n");
            peer.silence();
        });
    }

    @Test
    void oneThatCompressesUnasked() throws Exception {
        Delay delay = assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().frame(0x40 | OpCode.BINARY, new byte[1000]);
            peer.silence();
        });
        assertThat(delay.failure().detail()).contains("RSV");
    }

    @Test
    void oneThatClosesWithACode() throws Exception {
        assertMended(Cause.OVERLOAD, peer -> {
            peer.upgrade().frame(OpCode.CLOSE, new byte[] {0x03, (byte) 0xf5});
            peer.silence();
        });
    }

    @Test
    void oneThatSendsGarbageInAFrame() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().frame(OpCode.BINARY, new byte[] {0, 1, 2, 3, (byte) 0xff});
            peer.silence();
        });
    }

    @Test
    void oneThatSendsGarbageInPlaceOfAFrame() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().write("HTTP/1.1 200 OK\r\n\r\n");
            peer.silence();
        });
    }

    @Test
    void oneThatSendsText() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().frame(OpCode.TEXT, new byte[] {'h', 'i'});
            peer.silence();
        });
    }

    @Test
    void oneThatSendsMoreThanTheLimit() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().frame(OpCode.BINARY, new byte[LIMIT + 2]);
            peer.silence();
        });
    }

    @Test
    void oneThatSendsMoreThanTheLimitInFragments() throws Exception {
        AtomicLong sent = new AtomicLong();
        assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().header(OpCode.BINARY, 0);
            byte[] fragment = new byte[4 + (1 << 10)];
            ByteBuffer.wrap(fragment).put((byte) 0).put((byte) 126).putShort((short) (1 << 10));
            sent.set(peer.flood(fragment));
        });
        assertBounded(sent);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, Long.MAX_VALUE, 1L << 32, LIMIT + 1})
    void oneThatAnnouncesMoreThanTheLimit(long length) throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().header(0x80 | OpCode.BINARY, length);
            peer.silence();
        });
    }

    @Test
    void oneThatAnswersAllTwiceIsNoneTheWorse() throws Exception {
        CountDownLatch answered = new CountDownLatch(3);
        Script script = peer -> {
            peer.upgrade();
            while (true) {
                ServerMessage answer = ServerMessage.answer(peer.message().uid());
                peer.send(answer);
                peer.send(answer);
                answered.countDown();
            }
        };
        try (ScriptedServer server = new ScriptedServer(script)) {
            Link link = open(server.uri());
            assertThat(next(heard)).isEqualTo("registered");
            assertThat(answered.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
            assertThat(server.connections).hasValue(1);
            assertThat(heard).isEmpty();
            stop(link);
        }
    }

    @Test
    void oneThatAnswersAnotherAgent() throws Exception {
        InstanceUid other = InstanceUid.parse("01996b8a-7c1e-7d3a-9b1f-0123456789ab");
        Delay delay = assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().message();
            peer.send(ServerMessage.answer(other));
            peer.silence();
        });
        assertThat(delay.failure().detail()).contains(other.toString());
    }

    @Test
    void oneThatNeverHasEnoughIsNotSentTheFullStateForEver() throws Exception {
        AtomicInteger fullStates = new AtomicInteger();
        Script script = peer -> {
            peer.upgrade();
            while (true) {
                AgentMessage message = peer.message();
                fullStates.addAndGet(message.description() == null ? 0 : 1);
                peer.send(new ServerMessage(message.uid(), null, true, 1, null, null, null, null));
            }
        };
        try (ScriptedServer server = new ScriptedServer(script)) {
            Link link = open(server.uri());
            assertDelaysGrow(5);
            assertThat(fullStates).hasValueLessThanOrEqualTo(6 * 4);
            stop(link);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1_000_000_000_000_000_000L, Long.MIN_VALUE})
    void oneThatOffersAnAbsurdHeartbeatKeepsItsAgents(long seconds) throws Exception {
        BlockingQueue<AgentMessage> messages = new LinkedBlockingQueue<>();
        Script script = peer -> {
            peer.upgrade();
            while (true) {
                messages.add(peer.message());
                peer.frame(OpCode.BINARY, offering(seconds));
            }
        };
        try (ScriptedServer server = new ScriptedServer(script)) {
            Link link = open(server.uri());
            assertThat(next(heard)).isEqualTo("registered");
            assertThat(next(messages).description()).isNotNull();
            if (seconds == 0) {
                assertThat(next(messages).description()).isNull();
            }
            assertThat(link.send(CustomMessage.ofText("none", "x", "y"))).succeedsWithin(PATIENCE);
            assertThat(messages).hasSizeLessThan(3);
            assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
            stop(link);
        }
    }

    /** An offer of a heartbeat as it is on the wire, whatever the number: connection_settings.opamp.interval. */
    private static byte[] offering(long seconds) {
        ByteBuffer varint = ByteBuffer.allocate(10);
        for (long rest = seconds; ; rest >>>= 7) {
            boolean last = rest >>> 7 == 0;
            varint.put((byte) ((rest & 0x7f) | (last ? 0 : 0x80)));
            if (last) {
                break;
            }
        }
        int length = varint.position();
        ByteBuffer frame = ByteBuffer.allocate(6 + length).put((byte) 0);
        frame.put((byte) 0x22).put((byte) (3 + length)).put((byte) 0x12).put((byte) (1 + length));
        return frame.put((byte) 0x20).put(varint.array(), 0, length).array();
    }

    @Test
    void oneThatIsUnavailableAndSaysHowLong() throws Exception {
        Delay delay = assertMended(Cause.OVERLOAD, refusal(Kind.UNAVAILABLE, Duration.ofMillis(700)));
        assertThat(delay.source()).isEqualTo(Delay.Source.SERVER);
        assertThat(delay.delay()).isBetween(Duration.ofMillis(700), Duration.ofMillis(1050));
    }

    @Test
    void oneThatIsUnavailableAndDoesNotSayHowLong() throws Exception {
        Delay delay = assertMended(Cause.OVERLOAD, refusal(Kind.UNAVAILABLE, null));
        assertThat(delay.source()).isEqualTo(Delay.Source.BACKOFF);
    }

    @Test
    void oneThatCallsTheRegistrationABadRequest() throws Exception {
        assertMended(Cause.REJECTED, refusal(Kind.BAD_REQUEST, null));
    }

    @Test
    void oneThatNeverAnswersTheRegistration() throws Exception {
        assertMended(Cause.TIMEOUT, peer -> peer.upgrade().silence());
    }

    @Test
    void oneThatNeverAnswersTheUpgrade() throws Exception {
        assertMended(Cause.TIMEOUT, ScriptedServer.Peer::silence);
    }

    @Test
    void oneThatAnswersTheUpgradeButNotTheRejoinGetsTheFullStateOnTheSameConnection() throws Exception {
        AtomicInteger attachments = new AtomicInteger();
        BlockingQueue<AgentMessage> second = new LinkedBlockingQueue<>();
        Script script = peer -> {
            peer.upgrade();
            if (attachments.incrementAndGet() == 1) {
                peer.send(ServerMessage.answer(peer.message().uid()));
                return;
            }
            second.add(peer.message());
            AgentMessage full = peer.message();
            second.add(full);
            peer.send(new ServerMessage(full.uid(), null, true, 1, null, null, null, null));
            peer.send(ServerMessage.answer(full.uid()));
            peer.answerEverything();
        };
        try (ScriptedServer server = new ScriptedServer(script)) {
            Link link = open(server.uri());
            assertThat(next(heard)).isEqualTo("registered");
            assertThat(next(second).description()).isNull();
            assertThat(next(second).description()).isNotNull();
            assertThat(next(heard)).isEqualTo("registered");
            assertThat(server.connections).hasValue(2);
            stop(link);
        }
    }

    @Test
    void oneThatStopsReadingDoesNotHoldASendForEver() throws Exception {
        AtomicInteger played = new AtomicInteger();
        Script script = peer -> {
            peer.upgrade();
            AgentMessage first = peer.message();
            peer.send(new ServerMessage(first.uid(), null, false, 1, null, null, List.of(Capabilities.OUTBOX), null));
            if (played.incrementAndGet() == 1) {
                await().atMost(PATIENCE).until(() -> !delays.isEmpty());
            } else {
                peer.answerEverything();
            }
        };
        try (ScriptedServer server = new ScriptedServer(script)) {
            Link link = open(server.uri());
            assertThat(next(heard)).isEqualTo("registered");
            CustomMessage large = new CustomMessage(Capabilities.OUTBOX, "record", ByteBuffer.allocate(64 << 20));
            assertThat(link.send(large)).succeedsWithin(PATIENCE).isEqualTo(true);
            Delay delay = next(delays);
            assertThat(delay.failure().cause()).as(delay.toString()).isEqualTo(Cause.TIMEOUT);
            assertThat(next(heard)).isEqualTo("rejoined");
            stop(link);
        }
    }

    @Test
    void oneThatTakesAndDropsIsNotHammered() throws Exception {
        Script script = peer -> {
            peer.upgrade();
            peer.send(ServerMessage.answer(peer.message().uid()));
        };
        try (ScriptedServer server = new ScriptedServer(script)) {
            Link link = open(server.uri());
            for (int attempt = 1; attempt <= 7; attempt++) {
                assertThat(next(delays).attempt()).isEqualTo(attempt);
            }
            stop(link);
        }
    }

    private void assertDelaysGrow(int attempts) throws InterruptedException {
        for (int attempt = 1; attempt <= attempts; attempt++) {
            Delay delay = next(delays);
            assertThat(delay.attempt()).isEqualTo(attempt);
            assertThat(delay.delay())
                    .isGreaterThanOrEqualTo(
                            BACKOFF.envelope(attempt).multipliedBy(3).dividedBy(4));
        }
    }

    /** What was sent went into buffers of the two kernels, at most, and not into the agent. */
    private static void assertBounded(AtomicLong sent) {
        await().atMost(PATIENCE).until(() -> sent.get() > 0);
        assertThat(sent).hasValueLessThan(64L << 20);
    }

    /** The first connection is broken as told, the second is right: the link must name the cause and attach. */
    private Delay assertMended(Cause cause, Script broken) throws Exception {
        AtomicInteger played = new AtomicInteger();
        Script script = peer -> {
            if (played.incrementAndGet() == 1) {
                broken.play(peer);
            } else {
                peer.upgrade().answerEverything();
            }
        };
        try (ScriptedServer server = new ScriptedServer(script)) {
            Link link = open(server.uri());
            await().atMost(PATIENCE).until(() -> !delays.isEmpty());
            Delay delay = delays.element();
            assertThat(delay.failure().cause()).as(delay.toString()).isEqualTo(cause);
            assertThat(next(heard)).isEqualTo("registered");
            assertThat(server.connections).as("one connection a dial").hasValue(2);
            stop(link);
            return delay;
        }
    }

    private static Script refusal(Kind kind, @Nullable Duration retryAfter) {
        return peer -> {
            AgentMessage first = peer.upgrade().message();
            peer.send(ServerMessage.refusal(first.uid(), new ServerMessage.Failure(kind, "no", retryAfter)));
            peer.silence();
        };
    }

    private Link open(URI server) throws IOException {
        SplittableRandom chance = new SplittableRandom(1);
        AgentState self = TestAgent.state(time, chance);
        LinkConfig config = config(server);
        Link link = new Link(
                config, self, "cafe", new Ear(), time, chance, new HttpTransport(config, Proxies.none(), time));
        link.start();
        return link;
    }

    private static void stop(Link link) throws Exception {
        link.stop().toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(next).as("something within " + PATIENCE).isNotNull();
        return next;
    }

    private static LinkConfig config(URI server) {
        LinkConfig defaults = LinkConfig.of(server);
        RouteConfig.Schedule schedule =
                new RouteConfig.Schedule(BACKOFF, BACKOFF, null, Duration.ofSeconds(30), Duration.ofHours(1));
        RouteConfig.Servers websocketOnly = new RouteConfig.Servers(List.of(server), true, Way.WEBSOCKET);
        return defaults.with(defaults.route()
                        .with(schedule)
                        .with(websocketOnly)
                        .with(new RouteConfig.Probing(false, Duration.ofSeconds(1))))
                .with(new LinkConfig.Timeouts(Duration.ofSeconds(2), Duration.ofSeconds(2), Duration.ofSeconds(30)))
                .withMessageLimit(LIMIT)
                .with(new AgentSession.Timing(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(2), 4));
    }

    private final class Ear implements LinkListener {

        @Override
        public void rejoined() {
            heard.add("rejoined");
        }

        @Override
        public void registered() {
            heard.add("registered");
        }

        @Override
        public void waits(Delay delay) {
            delays.add(delay);
        }
    }
}
