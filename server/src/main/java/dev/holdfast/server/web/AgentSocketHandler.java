// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
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
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One agent's WebSocket. Used by its event loop alone, but for {@link #displaced} and {@link #push}.
 *
 * <p>Answers keep the order of their messages. While one waits for the store, or the peer does not read, nothing more
 * is read from the peer.
 */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class AgentSocketHandler extends SimpleChannelInboundHandler<WebSocketFrame> implements AgentLink {

    private static final Logger log = LoggerFactory.getLogger(AgentSocketHandler.class);

    /** How long a peer has to answer a close before the connection is cut. */
    static final Duration CLOSING = Duration.ofSeconds(2);

    private static final int LONGEST_CLOSE_REASON = 100;

    private final Channel channel;
    private final Reception reception;
    private final InputBudget.Account account;
    private final Conversation conversation;
    private final Announced announced;
    private final Duration pingInterval;
    private final RequestDeadline deadline;
    private final long number;

    /** A large message that is being read elsewhere, and those behind it. */
    private final Queue<BinaryWebSocketFrame> unread = new ArrayDeque<>();

    /** In the order of their messages; the first of them is not ready yet. */
    private final Queue<CompletableFuture<ServerMessage>> answers = new ArrayDeque<>();

    private @Nullable Future<?> pings;
    private boolean closing;

    /** Whether it was closed for a newer link of the same agent. */
    private boolean displaced;

    private String reason = "its connection ended";

    AgentSocketHandler(
            Channel channel,
            Reception reception,
            InputBudget.Account account,
            Announced announced,
            Duration pingInterval,
            RequestDeadline deadline) {
        this.channel = channel;
        this.reception = reception;
        this.account = account;
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
                if (!closing) {
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
        account.waits(size);
        unread.add(frame.retain());
        if (unread.size() == 1) {
            readElsewhere(frame);
        }
        readOnlyWhenKeepingUp();
    }

    private void readElsewhere(BinaryWebSocketFrame frame) {
        CompletableFuture.supplyAsync(() -> Conversation.read(frame.content().nioBuffer()), reception.largeReads())
                .whenCompleteAsync(this::readElsewhere, channel.eventLoop());
    }

    private void readElsewhere(Conversation.@Nullable Reading reading, @Nullable Throwable failure) {
        forget(unread.remove());
        if (reading != null && !closing) {
            take(reading);
        } else if (failure != null) {
            failed(failure);
        }
        if (closing) {
            unread.forEach(this::forget);
            unread.clear();
        } else if (!unread.isEmpty()) {
            readElsewhere(unread.element());
        }
        readOnlyWhenKeepingUp();
    }

    private void forget(BinaryWebSocketFrame frame) {
        account.read(frame.content().readableBytes());
        frame.release();
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
    }

    private void failed(Throwable cause) {
        reception.meters().failures.increment();
        reception.lines().write(line -> log.error(line, cause), () -> channel + ": the server failed");
        close(WebSocketCloseStatus.INTERNAL_SERVER_ERROR, "the server failed; its log says why");
    }

    /** Sends what the server has to say besides answers, on any thread. */
    private void push(CustomMessage message) {
        channel.eventLoop().execute(() -> conversation.say(message).ifPresent(this::send));
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
        channel.eventLoop().schedule(() -> channel.close(), CLOSING.toNanos(), TimeUnit.NANOSECONDS);
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
        channel.config().setAutoRead(closing || (unread.isEmpty() && answers.isEmpty() && channel.isWritable()));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof AgentPort.Stopping) {
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
