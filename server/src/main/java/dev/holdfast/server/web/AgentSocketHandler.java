// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.server.admission.Guest;
import dev.holdfast.server.fleet.AgentLink;
import dev.holdfast.server.fleet.AgentProcess;
import dev.holdfast.server.fleet.Loss;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One agent's WebSocket. Used by its event loop alone, but for {@link #displaced}, {@link #push} and {@link #leave}.
 *
 * <p>Answers keep the order of their messages. While some wait for the store the peer goes on to be read, so that its
 * pings are answered; while {@value #MOST_WAITING} do, or the peer does not read, nothing more is.
 */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class AgentSocketHandler extends SimpleChannelInboundHandler<WebSocketFrame> implements AgentLink, Guest {

    private static final Logger log = LoggerFactory.getLogger(AgentSocketHandler.class);

    /** How long a peer has to answer a close before the connection is cut. */
    static final Duration CLOSING = Duration.ofSeconds(2);

    /** How long a peer that was told that the server stops has to close by itself. */
    static final Duration LISTENING = Duration.ofMillis(500);

    /** How many messages of a peer may wait for the store, the first among them. */
    static final int MOST_WAITING = 16;

    private final Channel channel;
    private final Reception reception;
    private final Conversation conversation;
    private final Announced announced;
    private final Duration pingInterval;
    private final RequestDeadline deadline;
    private final long number;
    private final LargeReads unread;

    /** In the order of their messages; the first of them is not ready yet. */
    private final Queue<CompletableFuture<ServerMessage>> answers = new ArrayDeque<>();

    private final Watch watch;
    private boolean closing;
    private boolean told;

    /** Set when the server takes its leave: what comes is not taken, and it is told once nothing is owed to it. */
    private @Nullable Parting leaving;

    /** Whether it had to be cut, since the peer did not answer the close. */
    private boolean cut;

    /** Whether it was closed for a newer link of the same agent. */
    private boolean displaced;

    private Loss loss = new Loss(Loss.Why.BROKEN, "its connection ended");

    AgentSocketHandler(
            Channel channel,
            Reception reception,
            InputBudget.Account account,
            Announced announced,
            Duration pingInterval,
            RequestDeadline deadline) {
        this.channel = channel;
        this.reception = reception;
        this.unread = new LargeReads(channel, reception.largeReads(), account, this::readElsewhere);
        this.announced = announced;
        this.pingInterval = pingInterval;
        this.deadline = deadline;
        this.number = reception.fleet().nextLinkNumber();
        this.conversation = new Conversation(reception, this, announced.stateHash(), this::push);
        this.watch = new Watch(
                channel.eventLoop(),
                this::isItsTurn,
                () -> channel.writeAndFlush(new PingWebSocketFrame()),
                silent -> silent("silent for " + silent.toSeconds() + " s"));
    }

    @Override
    public long number() {
        return number;
    }

    @Override
    public @Nullable AgentProcess process() {
        return announced.process();
    }

    @Override
    public Transport transport() {
        return Transport.WEBSOCKET;
    }

    @Override
    public void displaced() {
        channel.eventLoop().execute(() -> {
            displaced = !closing;
            close(WebSocketCloseStatus.POLICY_VIOLATION, Loss.Why.DISPLACED, "a newer link of it took its place");
        });
    }

    @Override
    public void leave(Parting parting) {
        channel.eventLoop().execute(() -> {
            if (channel.isActive()) {
                leaving = parting;
                readOnlyWhenKeepingUp();
                leaveUnlessOwing();
            } else {
                parting.gone().accept(true);
            }
        });
    }

    private void leaveUnlessOwing() {
        if (unread.isEmpty() && answers.isEmpty() && !conversation.owes()) {
            sayGoodbye();
        }
    }

    /** Lets the peer close: some lose their way if both ends do so at the same moment. Those that do not are closed. */
    private void sayGoodbye() {
        if (leaving != null && !told && !closing) {
            send(ServerMessage.refusal(announced.uid(), ServerMessage.Failure.drain(leaving.after())));
            told = true;
            readOnlyWhenKeepingUp();
            channel.eventLoop().schedule(this::stopped, LISTENING.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void stopped() {
        close(WebSocketCloseStatus.ENDPOINT_UNAVAILABLE, Loss.Why.STOPPED, "the server stops");
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        watch.ping(pingInterval);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closing = true;
        watch.end();
        conversation.ended(loss);
        if (leaving != null) {
            leaving.gone().accept(!cut);
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
        switch (frame) {
            case BinaryWebSocketFrame binary -> {
                deadline.messageWhole();
                watch.spoke();
                if (!closing && leaving == null) {
                    received(binary);
                }
            }
            case PongWebSocketFrame pong -> {
                deadline.pongWhole();
                watch.lives();
            }
            case PingWebSocketFrame ping -> {
                deadline.controlWhole();
                if (!closing) {
                    ctx.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
                }
            }
            case CloseWebSocketFrame close -> closed(ctx, close);
            default -> {
                reception.meters().malformed.increment();
                close(WebSocketCloseStatus.INVALID_MESSAGE_TYPE, Loss.Why.REFUSED, "text (expected: binary messages)");
            }
        }
    }

    private void received(BinaryWebSocketFrame frame) {
        int size = frame.content().readableBytes();
        if (unread.isEmpty() && size <= Reception.SMALL) {
            take(Conversation.read(frame.content().nioBuffer()));
            return;
        }
        unread.add(frame);
        readOnlyWhenKeepingUp();
    }

    private void readElsewhere(Conversation.@Nullable Reading reading, @Nullable Throwable failure) {
        if (reading != null && !closing) {
            take(reading);
        } else if (failure != null) {
            failed(failure);
        }
        if (closing) {
            unread.drop();
        }
        readOnlyWhenKeepingUp();
        leaveUnlessOwing();
    }

    private void take(Conversation.Reading reading) {
        AgentMessage message = reading.message();
        if (message == null) {
            refuse(
                    reading.fault(),
                    reading.tooLarge() ? WebSocketCloseStatus.MESSAGE_TOO_BIG : WebSocketCloseStatus.PROTOCOL_ERROR);
            return;
        }
        if (conversation.isOneUidTooMany(message.uid())) {
            refuse(
                    "instance_uid: one more than " + Conversation.MOST_UIDS + " on one connection (expected: one)",
                    WebSocketCloseStatus.POLICY_VIOLATION);
            return;
        }
        reception.meters().overWebSocket.increment();
        sendWhenReady(conversation.received(message).toCompletableFuture());
    }

    /** Sends an answer after those before it. It is looked at once only: it may be ready at any moment. */
    void sendWhenReady(CompletableFuture<ServerMessage> answer) {
        answers.add(answer);
        if (answer.isDone()) {
            sendWhatIsReady();
        } else {
            readOnlyWhenKeepingUp();
            answer.whenComplete((ready, failure) -> channel.eventLoop().execute(this::sendWhatIsReady));
        }
    }

    private void sendWhatIsReady() {
        while (!answers.isEmpty() && answers.element().isDone()) {
            CompletableFuture<ServerMessage> answer = answers.remove();
            if (answer.isCompletedExceptionally()) {
                failed(answer.exceptionNow());
            } else {
                send(answer.join());
            }
        }
        if (conversation.beats() && !closing) {
            watch.begin(conversation.toldInterval(), pingInterval);
        }
        readOnlyWhenKeepingUp();
        leaveUnlessOwing();
    }

    private void failed(Throwable cause) {
        reception.meters().failures.increment();
        reception.lines().write(line -> log.error(line, cause), () -> channel + ": the server failed");
        close(WebSocketCloseStatus.INTERNAL_SERVER_ERROR, Loss.Why.FAILED, "the server failed; its log says why");
    }

    /** Sends what the server has to say besides answers, on any thread. */
    private void push(Optional<CustomMessage> message) {
        channel.eventLoop().execute(() -> {
            message.flatMap(conversation::say).ifPresent(this::send);
            conversation.settled();
            leaveUnlessOwing();
        });
    }

    private void send(ServerMessage message) {
        if (!closing) {
            channel.writeAndFlush(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(Wire.frame(message))));
        }
    }

    private void refuse(String detail, WebSocketCloseStatus status) {
        reception.meters().malformed.increment();
        reception.lines().write(log::warn, () -> "message of agent " + announced.uid() + " refused: " + detail);
        send(ServerMessage.refusal(
                announced.uid(), new ServerMessage.Failure(ServerMessage.Failure.Kind.BAD_REQUEST, detail, null)));
        close(status, Loss.Why.REFUSED, detail);
    }

    /** Whether it is the server that is silent: a message waits to be read, or its answer for the store. */
    private boolean isItsTurn() {
        return leaving != null || !unread.isEmpty() || !answers.isEmpty();
    }

    private void silent(String detail) {
        loss = new Loss(Loss.Why.SILENT, detail);
        channel.close();
    }

    /** Sends a close and waits a little for the peer's, so that what was sent before it is not lost to a reset. */
    private void close(WebSocketCloseStatus status, Loss.Why why, String detail) {
        if (closing) {
            return;
        }
        loss = new Loss(why, detail);
        channel.writeAndFlush(new CloseWebSocketFrame(status, loss.inShort()));
        closing = true;
        watch.end();
        conversation.ended(loss);
        readOnlyWhenKeepingUp();
        cutLater();
    }

    private void cutLater() {
        channel.eventLoop().schedule(this::cut, CLOSING.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void cut() {
        cut = true;
        channel.close();
    }

    private void closed(ChannelHandlerContext ctx, CloseWebSocketFrame close) {
        if (closing) {
            if (displaced) {
                conversation.closeAnswered();
            }
            ctx.close();
            return;
        }
        closing = true;
        loss = told
                ? Loss.stopped()
                : new Loss(Loss.Why.CLOSED, "it closed its connection (" + close.statusCode() + ")");
        ctx.writeAndFlush(close.retainedDuplicate()).addListener(ChannelFutureListener.CLOSE);
        // A peer that reads nothing never lets go of the answer.
        cutLater();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        readOnlyWhenKeepingUp();
    }

    private void readOnlyWhenKeepingUp() {
        boolean keepsUp = unread.isEmpty() && answers.size() < MOST_WAITING && channel.isWritable();
        channel.config().setAutoRead(closing || told || (leaving == null && keepsUp));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof AgentPort.Stopping) {
            sayGoodbye();
            stopped();
        } else if (event instanceof InputBudget.Refused refused) {
            String why = "too much of other messages is under way";
            send(ServerMessage.refusal(
                    announced.uid(),
                    new ServerMessage.Failure(ServerMessage.Failure.Kind.UNAVAILABLE, why, refused.after())));
            close(WebSocketCloseStatus.TRY_AGAIN_LATER, Loss.Why.REFUSED, why);
        } else if (event instanceof IdleStateEvent) {
            if (!isItsTurn()) {
                silent("silent for " + pingInterval.multipliedBy(2).toSeconds() + " s, pings unanswered");
            }
        } else {
            super.userEventTriggered(ctx, event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        switch (cause) {
            case CorruptedWebSocketFrameException corrupted -> violated(corrupted.closeStatus(), cause);
            case TooLongFrameException tooLong -> violated(WebSocketCloseStatus.MESSAGE_TOO_BIG, cause);
            case IOException broken -> {
                loss = new Loss(Loss.Why.BROKEN, "its connection broke (" + cause.getMessage() + ")");
                ctx.close();
            }
            default -> failed(cause);
        }
    }

    private void violated(WebSocketCloseStatus status, Throwable cause) {
        reception.meters().malformed.increment();
        close(status, Loss.Why.REFUSED, String.valueOf(cause.getMessage()));
    }
}
