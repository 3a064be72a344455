// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Value;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxWire;
import dev.holdfast.server.admission.Guest;
import dev.holdfast.server.ingest.Lanes;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AgentSocketHandlerTest {

    private static final Duration TEN = Duration.ofSeconds(10);

    private static final InstanceUid OTHER = new InstanceUid(new UUID(0x0199_6b8a_7c1e_7000L, 0x8000_0000_0000_0002L));

    private static final AgentDescription DESCRIPTION = new AgentDescription(Map.of(), Map.of());

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

    @Test
    void whileARegistrationTakesTwentySecondsItsPingsAndTheHeartbeatsOfOthersAreAnswered() throws Exception {
        VirtualTime store = new VirtualTime();
        Reception slow = TestReception.in(time, store, time);
        EmbeddedChannel registering = socket(slow, Announced.NOTHING);
        EmbeddedChannel other = socket(slow, new Announced(null, "hash", null));
        receive(other, Wire.frame(message(OTHER, 0).withDescription(DESCRIPTION)));
        store.advance(Duration.ZERO);
        other.runPendingTasks();
        assertThat(Wire.readServerFrame(next(other)).uid()).isEqualTo(OTHER);

        receive(registering, Wire.frame(TestReception.registration(0)));
        for (int second = 1; second <= 20; second++) {
            time.advance(Duration.ofSeconds(1));
            receive(other, Wire.frame(message(OTHER, second)));
            assertThat(Wire.readServerFrame(next(other)).uid()).isEqualTo(OTHER);
            registering.writeInbound(new PingWebSocketFrame());
            assertThat(registering.outboundMessages().poll()).isInstanceOf(PongWebSocketFrame.class);
        }
        assertThat(registering.outboundMessages()).isEmpty();
        assertThat(registering.config().isAutoRead()).isTrue();

        store.advance(Duration.ZERO);
        registering.runPendingTasks();
        assertThat(Wire.readServerFrame(next(registering)).uid()).isEqualTo(TestReception.UID);
        assertThat(TestReception.attached(slow)).isTrue();
    }

    @Test
    void nothingMoreIsReadWhileManyMessagesWaitForTheStore() {
        for (int message = 0; message < AgentSocketHandler.MOST_WAITING; message++) {
            assertThat(channel.config().isAutoRead()).isTrue();
            send(TestReception.registration(message));
        }
        assertThat(channel.config().isAutoRead()).isFalse();

        time.advance(Duration.ZERO);
        channel.runPendingTasks();
        assertThat(channel.outboundMessages()).hasSize(AgentSocketHandler.MOST_WAITING);
        assertThat(channel.config().isAutoRead()).isTrue();
    }

    @Test
    void anAgentThatWasToldAnIntervalIsLostAfterTwoOfThemAndItsConnectionCut() {
        Reception telling = TestReception.in(time, Duration.ofSeconds(5));
        EmbeddedChannel peer = socket(telling, Announced.NOTHING);
        receive(peer, Wire.frame(TestReception.registration(0)));
        time.advance(Duration.ZERO);
        peer.runPendingTasks();
        for (int beat = 1; beat < 10; beat++) {
            pass(peer, Duration.ofSeconds(10));
            receive(peer, Wire.frame(TestReception.heartbeat(beat)));
        }
        pass(peer, Duration.ofSeconds(10));
        peer.writeInbound(new PongWebSocketFrame());
        assertThat(peer.isOpen()).isTrue();
        pass(peer, Duration.ofSeconds(1));
        assertThat(peer.isOpen()).isFalse();
        assertThat(TestReception.attached(telling)).isFalse();
    }

    @Test
    void anAgentThatSendsNoHeartbeatsIsNotGivenUpForWantOfThem() {
        Reception telling = TestReception.in(time, Duration.ofSeconds(5));
        EmbeddedChannel peer = socket(telling, Announced.NOTHING);
        receive(peer, Wire.frame(message(TestReception.UID, 0).withDescription(DESCRIPTION)));
        time.advance(Duration.ZERO);
        peer.runPendingTasks();
        pass(peer, Duration.ofHours(1));
        assertThat(peer.isOpen()).isTrue();
        assertThat(TestReception.attached(telling)).isTrue();
    }

    @Test
    void whenTheServerStopsWhatIsOwedIsSentAndThenTheGoodbyeAndTheClose() throws Exception {
        List<Boolean> gone = new ArrayList<>();
        send(TestReception.registration(0));
        handler.leave(new Guest.Parting(Duration.ofSeconds(3), gone::add));
        channel.runPendingTasks();
        send(TestReception.heartbeat(1));
        assertThat(channel.outboundMessages()).isEmpty();

        time.advance(Duration.ZERO);
        channel.runPendingTasks();
        assertThat(answer().error()).isNull();
        ServerMessage.Failure goodbye = Objects.requireNonNull(answer().error());
        assertThat(goodbye.isDrain()).isTrue();
        assertThat(goodbye.retryAfter()).isEqualTo(Duration.ofSeconds(3));
        assertThat(channel.outboundMessages())
                .as("the peer may close by itself")
                .isEmpty();
        pass(channel, AgentSocketHandler.LISTENING);
        assertThat(channel.outboundMessages().poll())
                .isInstanceOfSatisfying(
                        CloseWebSocketFrame.class,
                        close -> assertThat(close.statusCode()).isEqualTo(1001));
        assertThat(gone).isEmpty();
        channel.writeInbound(new CloseWebSocketFrame(1001, ""));
        assertThat(channel.isOpen()).isFalse();
        assertThat(gone).containsExactly(true);
    }

    @Test
    void theAcknowledgementOfABatchThatIsBeingStoredComesBeforeTheGoodbye() throws Exception {
        VirtualTime store = new VirtualTime();
        EmbeddedChannel peer = socket(TestReception.in(time, time, store), Announced.NOTHING);
        Lanes lane = Lanes.of(1, "numbers").append(2);
        receive(peer, Wire.frame(TestReception.registration(0).withCustomCapabilities(List.of(Capabilities.OUTBOX))));
        time.advance(Duration.ZERO);
        peer.runPendingTasks();
        receive(peer, Wire.frame(TestReception.heartbeat(1).withCustom(OutboxWire.write(lane.batch(0, 2)))));
        peer.pipeline().get(AgentSocketHandler.class).leave(new Guest.Parting(Duration.ofSeconds(3), answered -> {}));
        peer.runPendingTasks();
        assertThat(peer.outboundMessages()).as("the answers of both messages").hasSize(2);
        peer.outboundMessages().clear();

        store.advance(Duration.ZERO);
        peer.runPendingTasks();
        assertThat(OutboxWire.read(
                        Objects.requireNonNull(Wire.readServerFrame(next(peer)).custom())))
                .get()
                .isInstanceOf(OutboxMessage.Mark.class);
        assertThat(Objects.requireNonNull(Wire.readServerFrame(next(peer)).error())
                        .isDrain())
                .isTrue();
    }

    @Test
    void whoDoesNotAnswerTheGoodbyeIsCutAndToldOfAsSilent() {
        List<Boolean> gone = new ArrayList<>();
        handler.leave(new Guest.Parting(Duration.ofSeconds(3), gone::add));
        channel.runPendingTasks();
        pass(channel, AgentSocketHandler.LISTENING);
        pass(channel, AgentSocketHandler.CLOSING);
        assertThat(channel.isOpen()).isFalse();
        assertThat(gone).containsExactly(false);
    }

    @Test
    void whoClosesByItselfWhenItIsToldIsAnsweredAndNotClosedASecondTime() throws Exception {
        List<Boolean> gone = new ArrayList<>();
        handler.leave(new Guest.Parting(Duration.ofSeconds(3), gone::add));
        channel.runPendingTasks();
        assertThat(Objects.requireNonNull(answer().error()).isDrain()).isTrue();
        channel.writeInbound(new CloseWebSocketFrame(1000, ""));
        assertThat(channel.outboundMessages().poll())
                .isInstanceOfSatisfying(
                        CloseWebSocketFrame.class,
                        close -> assertThat(close.statusCode()).isEqualTo(1000));
        assertThat(channel.isOpen()).isFalse();
        assertThat(channel.outboundMessages()).isEmpty();
        assertThat(gone).containsExactly(true);
    }

    private static AgentMessage message(InstanceUid uid, long sequence) {
        return AgentMessage.heartbeat(uid, sequence, Capabilities.REPORTS_STATUS);
    }

    private static EmbeddedChannel socket(Reception reception, Announced announced) {
        EmbeddedChannel peer = new EmbeddedChannel();
        peer.freezeTime();
        peer.pipeline()
                .addLast(new AgentSocketHandler(
                        peer,
                        reception,
                        new InputBudget(reception, 1 << 20).open(),
                        announced,
                        Duration.ofSeconds(30),
                        new RequestDeadline(TEN)));
        return peer;
    }

    private static void receive(EmbeddedChannel peer, ByteBuffer frame) {
        peer.writeInbound(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(frame)));
    }

    private static ByteBuffer next(EmbeddedChannel peer) {
        BinaryWebSocketFrame frame = peer.readOutbound();
        return frame.content().nioBuffer();
    }

    private static void pass(EmbeddedChannel peer, Duration time) {
        peer.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        peer.runScheduledPendingTasks();
    }
}
