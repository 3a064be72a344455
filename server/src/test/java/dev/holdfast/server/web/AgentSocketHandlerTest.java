// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Value;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AgentSocketHandlerTest {

    private static final Duration TEN = Duration.ofSeconds(10);

    private final VirtualTime time = new VirtualTime();
    private final Reception reception = TestReception.in(time);
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final AgentSocketHandler handler = new AgentSocketHandler(
            channel,
            reception,
            new InputBudget(reception, 1 << 20).open(),
            Announced.NOTHING,
            Duration.ofSeconds(30),
            new RequestDeadline(TEN));

    AgentSocketHandlerTest() {
        channel.freezeTime();
        channel.pipeline().addLast(handler);
    }

    @Test
    void aRegistrationIsAnsweredOnlyOnceItIsStoredAndLaterMessagesAfterIt() throws Exception {
        send(TestReception.registration(0));
        send(TestReception.heartbeat(5));
        assertThat(channel.outboundMessages().poll()).isNull();
        assertThat(channel.config().isAutoRead()).isFalse();

        time.advance(Duration.ZERO);
        channel.runPendingTasks();

        assertThat(answer().reportFullState()).isFalse();
        assertThat(answer().reportFullState()).as("the gap of the second").isTrue();
        assertThat(channel.config().isAutoRead()).isTrue();
    }

    @Test
    void anAnswerThatIsReadyTheMomentAfterItWasLookedAtIsSent() throws Exception {
        handler.sendWhenReady(new ReadyAfterOneLook(ServerMessage.answer(TestReception.UID)));
        channel.runPendingTasks();

        assertThat(answer().uid()).isEqualTo(TestReception.UID);
        assertThat(channel.config().isAutoRead()).isTrue();
    }

    @Test
    void anAnswerThatFailsEndsTheConnectionAndHoldsNothingUp() {
        handler.sendWhenReady(CompletableFuture.failedFuture(new IllegalStateException("a fault of the server's own")));
        channel.runPendingTasks();

        assertThat(channel.outboundMessages().poll())
                .isInstanceOfSatisfying(
                        CloseWebSocketFrame.class,
                        close -> assertThat(close.statusCode()).isEqualTo(1011));
        assertThat(channel.config().isAutoRead()).isTrue();
    }

    @Test
    void anAgentThatHasTooMuchToSayOfItselfIsRefusedAndNotKept() throws Exception {
        send(TestReception.heartbeat(0)
                .withDescription(new AgentDescription(Map.of("large", Value.of("x".repeat(64 << 10))), Map.of())));

        ServerMessage.Failure refusal = Objects.requireNonNull(answer().error());
        assertThat(refusal.kind()).isEqualTo(ServerMessage.Failure.Kind.BAD_REQUEST);
        assertThat(refusal.message()).startsWith("agent_description: ").endsWith("(expected: <= 65536)");
        assertThat(channel.outboundMessages().poll())
                .isInstanceOfSatisfying(
                        CloseWebSocketFrame.class,
                        close -> assertThat(close.statusCode()).isEqualTo(1009));
        assertThat(reception.fleet().agents()).isEmpty();
    }

    @Test
    void nothingIsSentAfterAClose() {
        send(TestReception.registration(0));
        channel.writeInbound(new CloseWebSocketFrame(1000, "bye"));
        time.advance(Duration.ZERO);
        channel.runPendingTasks();

        assertThat(channel.outboundMessages().poll()).isInstanceOf(CloseWebSocketFrame.class);
        assertThat(channel.outboundMessages().poll()).isNull();
        assertThat(channel.isOpen()).isFalse();
        assertThat(TestReception.attached(reception)).isFalse();
    }

    @Test
    void aPeerThatDoesNotAnswerACloseIsCut() {
        channel.pipeline().fireUserEventTriggered(AgentPort.Stopping.NOW);
        channel.runPendingTasks();
        assertThat(channel.outboundMessages().poll())
                .isInstanceOfSatisfying(
                        CloseWebSocketFrame.class,
                        close -> assertThat(close.statusCode()).isEqualTo(1001));
        assertThat(channel.isOpen()).isTrue();

        channel.advanceTimeBy(2, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void aLargeMessageIsReadElsewhereAndThoseBehindItWaitTheirTurn() throws Exception {
        Queue<Runnable> elsewhere = new ArrayDeque<>();
        Reception patient = new Reception(
                reception.fleet(),
                reception.intake(),
                reception.entrance(),
                reception.offer(),
                reception.meters(),
                reception.lines(),
                elsewhere::add);
        InputBudget budget = new InputBudget(patient, 1 << 20);
        EmbeddedChannel peer = new EmbeddedChannel();
        peer.pipeline()
                .addLast(new AgentSocketHandler(
                        peer,
                        patient,
                        budget.open(),
                        Announced.NOTHING,
                        Duration.ofSeconds(30),
                        new RequestDeadline(TEN)));
        AgentMessage large = TestReception.heartbeat(0)
                .withCustom(CustomMessage.ofText("unknown", "large", "x".repeat(Reception.SMALL)));
        peer.writeInbound(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(Wire.frame(large))));
        peer.writeInbound(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(Wire.frame(TestReception.heartbeat(1)))));
        assertThat(peer.outboundMessages()).isEmpty();
        assertThat(peer.config().isAutoRead()).isFalse();

        for (int read = 1; read <= 2; read++) {
            elsewhere.remove().run();
            peer.runPendingTasks();
            assertThat(peer.outboundMessages()).hasSize(read);
        }
        assertThat(peer.config().isAutoRead()).isTrue();
        assertThat(elsewhere).isEmpty();
        assertThat(budget.used()).isZero();
    }

    @Test
    void aPeerThatClosesAndDoesNotReadIsCut() {
        channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {
            @Override
            public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
                ReferenceCountUtil.release(message);
            }
        });
        channel.writeInbound(new CloseWebSocketFrame(1000, "bye"));
        assertThat(channel.isOpen()).isTrue();

        channel.advanceTimeBy(2, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void pingsAtItsInterval() {
        channel.advanceTimeBy(29, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.outboundMessages().poll()).isNull();

        channel.advanceTimeBy(1, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.outboundMessages().poll()).isInstanceOf(PingWebSocketFrame.class);
    }

    private void send(AgentMessage message) {
        channel.writeInbound(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(Wire.frame(message))));
    }

    private ServerMessage answer() throws WireException {
        BinaryWebSocketFrame frame = channel.readOutbound();
        return Wire.readServerFrame(frame.content().nioBuffer());
    }

    /** An answer that another thread gives at the worst moment. */
    private static final class ReadyAfterOneLook extends CompletableFuture<ServerMessage> {

        private final ServerMessage answer;

        ReadyAfterOneLook(ServerMessage answer) {
            this.answer = answer;
        }

        @Override
        public boolean isDone() {
            boolean before = super.isDone();
            complete(answer);
            return before;
        }
    }
}
