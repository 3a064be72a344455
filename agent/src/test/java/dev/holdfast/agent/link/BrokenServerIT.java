// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.agent.link.ScriptedServer.Script;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.ServerMessage.Failure.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Servers that do everything wrong: the link names the cause, waits, and attaches once the server does right. */
class BrokenServerIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int LIMIT = 1 << 20;

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

    @Test
    void oneThatUpgradesAndClosesAtOnce() throws Exception {
        assertMended(Cause.NETWORK, ScriptedServer.Peer::upgrade);
    }

    @Test
    void oneThatClosesWithACode() throws Exception {
        assertMended(Cause.OVERLOAD, peer -> {
            peer.upgrade().frame(ScriptedServer.CLOSE, new byte[] {0x03, (byte) 0xf5});
            peer.silence();
        });
    }

    @Test
    void oneThatSendsGarbageInAFrame() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().frame(ScriptedServer.BINARY, new byte[] {0, 1, 2, 3, (byte) 0xff});
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
            peer.upgrade().frame(ScriptedServer.TEXT, new byte[] {'h', 'i'});
            peer.silence();
        });
    }

    @Test
    void oneThatSendsMoreThanTheLimit() throws Exception {
        assertMended(Cause.PROTOCOL, peer -> {
            peer.upgrade().frame(ScriptedServer.BINARY, new byte[LIMIT + 2]);
            peer.silence();
        });
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
            peer.send(new ServerMessage(first.uid(), null, false, 1, null, null, List.of(Capabilities.STATUS), null));
            if (played.incrementAndGet() == 1) {
                while (delays.isEmpty()) {
                    Thread.onSpinWait();
                }
            } else {
                peer.answerEverything();
            }
        };
        try (ScriptedServer server = new ScriptedServer(script)) {
            Link link = open(server.uri());
            assertThat(next(heard)).isEqualTo("registered");
            CustomMessage large = new CustomMessage(Capabilities.STATUS, "record", ByteBuffer.allocate(64 << 20));
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

    /** The first connection is broken as told, the second is right: the link must name the cause and attach. */
    private Delay assertMended(Cause cause, Script broken) throws Exception {
        AtomicInteger played = new AtomicInteger();
        Script script = peer -> {
            // The JDK's client may open a second connection for one dial when the first ends without an answer.
            if (delays.isEmpty() && played.incrementAndGet() <= 2) {
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
        Link link = new Link(config(server), self, "cafe", new Ear(), time, chance);
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
        Backoff backoff = Backoff.exponential(Duration.ofMillis(20), 2, Duration.ofMillis(200))
                .withJitter(Jitter.proportional(0.25));
        return new LinkConfig(
                List.of(server),
                backoff,
                backoff,
                Duration.ofSeconds(30),
                Duration.ofHours(1),
                Duration.ofSeconds(2),
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                LIMIT,
                new AgentSession.Timing(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(2), 4));
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
