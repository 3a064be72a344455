// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.server.admission.Guest;
import dev.holdfast.server.fleet.AgentLink;
import dev.holdfast.server.fleet.AgentProcess;
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
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One agent's WebSocket. Used by its event loop alone, but for {@link #displaced}, {@link #push} and {@link #leave}.
 *
 * <p>Answers keep the order of their messages. While one waits for the store, or the peer does not read, nothing more
 * is read from the peer.
 */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class AgentSocketHandler extends SimpleChannelInboundHandler<WebSocketFrame> implements AgentLink, Guest {

    private static final Logger log = LoggerFactory.getLogger(AgentSocketHandler.class);

    /** How long a peer has to answer a close before the connection is cut. */
    static final Duration CLOSING = Duration.ofSeconds(2);

    private static final int LONGEST_CLOSE_REASON = 100;

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

    private @Nullable Future<?> pings;
    private boolean closing;

    /** Set when the server takes its leave; what comes after that is not taken. */
    private @Nullable Leaving leaving;

    /** Whether it had to be cut, since the peer did not answer the close. */
    private boolean cut;

    /** Whether it was closed for a newer link of the same agent. */
    private boolean displaced;

    private String reason = "its connection ended";

    /** What its peer is told once nothing is owed to it any more, and who is told when it is gone. */
    private record Leaving(Duration after, Consumer<Boolean> gone) {}

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
    public String transport() {
        return "WebSocket";
    }

    @Override
    public void displaced() {
        channel.eventLoop().execute(() -> {
            displaced = !closing;
            close(WebSocketCloseStatus.POLICY_VIOLATION, "a newer link of this agent took its place");
        });
    }

    @Override
    public boolean listens() {
        return true;
    }

    @Override
    public void leave(Duration after, Consumer<Boolean> gone) {
        channel.eventLoop().execute(() -> {
            if (channel.isActive()) {
                leaving = new Leaving(after, gone);
                readOnlyWhenKeepingUp();
                leaveUnlessOwing();
            } else {
                gone.accept(true);
            }
        });
    }

    private void leaveUnlessOwing() {
        if (unread.isEmpty() && answers.isEmpty() && !conversation.owes()) {
            sayGoodbye();
        }
    }

    private void sayGoodbye() {
        if (leaving != null && !closing) {
            send(ServerMessage.refusal(announced.uid(), ServerMessage.Failure.drain(leaving.after())));
            close(WebSocketCloseStatus.ENDPOINT_UNAVAILABLE, "the server stops");
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        pings = ctx.executor()
                .scheduleAtFixedRate(
                        () -> ctx.writeAndFlush(new PingWebSocketFrame()),
                        pingInterval.toNanos(),
                        pingInterval.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (pings != null) {
            pings.cancel(false);
        }
        closing = true;
        conversation.ended(reason);
        if (leaving != null) {
            leaving.gone().accept(!cut);
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
        switch (frame) {
            case BinaryWebSocketFrame binary -> deadline.messageWhole();
            case PongWebSocketFrame pong -> deadline.pongWhole();
            default -> deadline.controlWhole();
        }
        switch (frame) {
            case CloseWebSocketFrame close -> closed(ctx, close);
            case PingWebSocketFrame ping -> {
                if (!closing) {
                    ctx.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
                }
            }
            case PongWebSocketFrame pong -> {}
            case BinaryWebSocketFrame binary -> {
                if (!closing && leaving == null) {
                    received(binary);
                }
            }
            default -> {
                reception.meters().malformed.increment();
                close(WebSocketCloseStatus.INVALID_MESSAGE_TYPE, "a text message (expected: binary ones only)");
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
        readOnlyWhenKeepingUp();
        leaveUnlessOwing();
    }

    private void failed(Throwable cause) {
        reception.meters().failures.increment();
        reception.lines().write(line -> log.error(line, cause), () -> channel + ": the server failed");
        close(WebSocketCloseStatus.INTERNAL_SERVER_ERROR, "the server failed; its log says why");
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
        close(status, detail);
    }

    /** Sends a close and waits a little for the peer's, so that what was sent before it is not lost to a reset. */
    private void close(WebSocketCloseStatus status, String why) {
        if (closing) {
            return;
        }
        reason = why;
        channel.writeAndFlush(new CloseWebSocketFrame(status, shortened(why)));
        closing = true;
        conversation.ended(why);
        readOnlyWhenKeepingUp();
        cutLater();
    }

    private void cutLater() {
        channel.eventLoop()
                .schedule(
                        () -> {
                            cut = true;
                            channel.close();
                        },
                        CLOSING.toNanos(),
                        TimeUnit.NANOSECONDS);
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
        reason = "it closed its connection (" + close.statusCode() + ")";
        ctx.writeAndFlush(close.retainedDuplicate()).addListener(ChannelFutureListener.CLOSE);
        // A peer that reads nothing never lets go of the answer.
        cutLater();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        readOnlyWhenKeepingUp();
    }

    private void readOnlyWhenKeepingUp() {
        boolean keepsUp = unread.isEmpty() && answers.isEmpty() && channel.isWritable();
        channel.config().setAutoRead(closing || (leaving == null && keepsUp));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof AgentPort.Stopping) {
            sayGoodbye();
            close(WebSocketCloseStatus.ENDPOINT_UNAVAILABLE, "the server stops");
        } else if (event instanceof InputBudget.Refused refused) {
            String why = "too much of other messages is under way";
            send(ServerMessage.refusal(
                    announced.uid(),
                    new ServerMessage.Failure(ServerMessage.Failure.Kind.UNAVAILABLE, why, refused.after())));
            close(WebSocketCloseStatus.TRY_AGAIN_LATER, why);
        } else if (event instanceof IdleStateEvent) {
            // While a message waits to be read, or its answer for the store, it is the server that is silent.
            if (unread.isEmpty() && answers.isEmpty()) {
                reason = "silent for " + pingInterval.multipliedBy(2).toSeconds() + " s, pings unanswered";
                ctx.close();
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
                reason = "its connection broke (" + cause.getMessage() + ")";
                ctx.close();
            }
            default -> failed(cause);
        }
    }

    private void violated(WebSocketCloseStatus status, Throwable cause) {
        reception.meters().malformed.increment();
        close(status, String.valueOf(cause.getMessage()));
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST_CLOSE_REASON ? text : text.substring(0, LONGEST_CLOSE_REASON);
    }
}
