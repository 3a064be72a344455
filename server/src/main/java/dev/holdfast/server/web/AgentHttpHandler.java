// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.server.admission.Entrance;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketHandshakeException;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker13;
import io.netty.handler.timeout.IdleStateHandler;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection's HTTP requests, one at a time, until one of them upgrades it. Used by its event loop alone. */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class AgentHttpHandler extends SimpleChannelInboundHandler<FullHttpRequest> {

    private static final Logger log = LoggerFactory.getLogger(AgentHttpHandler.class);

    private final Reception reception;
    private final AgentRequests requests;
    private final InputBudget.Account account;
    private final RequestDeadline deadline;
    private final Duration pingInterval;
    private final int messageLimit;

    private boolean answering;
    private boolean lastOne;

    AgentHttpHandler(
            Reception reception,
            AgentRequests requests,
            InputBudget.Account account,
            RequestDeadline deadline,
            Duration pingInterval,
            int messageLimit) {
        this.reception = reception;
        this.requests = requests;
        this.account = account;
        this.deadline = deadline;
        this.pingInterval = pingInterval;
        this.messageLimit = messageLimit;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (answering || lastOne) {
            account.whole();
            account.drop();
            // Answers have to keep the order of their requests. This one is not answered: the connection closes, which
            // tells the peer to send it again.
            lastOne = true;
            return;
        }
        answering = true;
        int waiting = request.content().readableBytes();
        account.waits(waiting);
        account.whole();
        deadline.requestWhole();
        if (!request.decoderResult().isSuccess()) {
            lastOne = true;
            refuse(ctx, "not HTTP: " + request.decoderResult().cause().getMessage());
        } else if (isUpgrade(request)) {
            upgrade(ctx, request);
        } else {
            answer(ctx, request, waiting);
            return;
        }
        account.read(waiting);
    }

    private void answer(ChannelHandlerContext ctx, FullHttpRequest request, int waiting) {
        boolean keepAlive = HttpUtil.isKeepAlive(request);
        // After what is there to do for others: messages cost something, and an agent has one at a time under way.
        boolean later = request.method().equals(HttpMethod.POST);
        CompletionStage<Answer> answer = requests.answer(request);
        answer.whenComplete((ready, failure) -> {
            Runnable write = () -> {
                account.read(waiting);
                write(ctx, ready, failure, keepAlive);
            };
            if (ctx.executor().inEventLoop() && !later) {
                write.run();
            } else {
                ctx.executor().execute(write);
            }
        });
    }

    private void write(
            ChannelHandlerContext ctx, @Nullable Answer ready, @Nullable Throwable failure, boolean keepAlive) {
        if (!answering) {
            // The server failed in the meantime, and said so.
            return;
        }
        answering = false;
        if (ready == null) {
            tell(ctx, failure instanceof CompletionException e ? e.getCause() : failure);
        }
        Answer answer = ready == null
                ? Answer.error(HttpResponseStatus.INTERNAL_SERVER_ERROR, "the server failed; its log says why")
                : ready;
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, answer.status(), Unpooled.wrappedBuffer(answer.body()));
        answer.headers().forEach(response.headers()::set);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, answer.mediaType())
                .set(HttpHeaderNames.CONTENT_LENGTH, answer.body().remaining());
        if (keepAlive && !lastOne) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
            ctx.writeAndFlush(response);
            deadline.answered(ctx);
        } else {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            lastOne = true;
            ctx.writeAndFlush(response).addListener(written -> end(ctx));
        }
    }

    /** Waits a little for the peer to close: what it still sends would have its system forget the answer. */
    private void end(ChannelHandlerContext ctx) {
        account.drop();
        if (ctx.channel() instanceof DuplexChannel duplex && duplex.isActive()) {
            duplex.shutdownOutput();
            duplex.config().setAutoRead(true);
            ctx.executor().schedule(() -> ctx.close(), AgentSocketHandler.CLOSING.toNanos(), TimeUnit.NANOSECONDS);
        } else {
            ctx.close();
        }
    }

    /** Refuses a request before it is whole. It is the last one; those before it may still have to be answered. */
    private void refuse(ChannelHandlerContext ctx, Answer refusal) {
        if (!answering && !lastOne) {
            answering = true;
            write(ctx, refusal, null, false);
        }
        lastOne = true;
    }

    private void refuse(ChannelHandlerContext ctx, String detail) {
        reception.meters().malformed.increment();
        reception.lines().write(log::warn, () -> ctx.channel().remoteAddress() + " refused: " + detail);
        write(ctx, Answer.error(HttpResponseStatus.BAD_REQUEST, detail), null, false);
    }

    private static boolean isUpgrade(FullHttpRequest request) {
        return AgentRequests.path(request).equals(AgentRequests.OPAMP)
                && request.method().equals(HttpMethod.GET)
                && request.headers().contains(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true);
    }

    private void upgrade(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (!"13".equals(request.headers().get(HttpHeaderNames.SEC_WEBSOCKET_VERSION))) {
            Answer answer = Answer.error(
                            HttpResponseStatus.UPGRADE_REQUIRED,
                            "Sec-WebSocket-Version: " + request.headers().get(HttpHeaderNames.SEC_WEBSOCKET_VERSION)
                                    + " (expected: 13)")
                    .with(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13");
            write(ctx, answer, null, false);
            return;
        }
        try {
            Announced announced = Announced.in(request.headers());
            Optional<Entrance.Refusal> refusal = reception.entrance().ask(announced.uid());
            if (refusal.isPresent()) {
                write(ctx, AgentRequests.closed(refusal.get()), null, false);
            } else {
                shakeHands(ctx, request, announced);
            }
        } catch (IllegalArgumentException | WebSocketHandshakeException e) {
            refuse(ctx, String.valueOf(e.getMessage()));
        }
    }

    private void shakeHands(ChannelHandlerContext ctx, FullHttpRequest request, Announced announced) {
        // A frame has one byte more than its message.
        int frameLimit = messageLimit == Integer.MAX_VALUE ? messageLimit : messageLimit + 1;
        WebSocketServerHandshaker handshaker = new WebSocketServerHandshaker13(
                null,
                null,
                WebSocketDecoderConfig.newBuilder()
                        .maxFramePayloadLength(frameLimit)
                        .closeOnProtocolViolation(false)
                        .build());
        AgentSocketHandler socket =
                new AgentSocketHandler(ctx.channel(), reception, account, announced, pingInterval, deadline);
        handshaker.handshake(ctx.channel(), request);
        answering = false;
        ChannelPipeline pipeline = ctx.pipeline();
        deadline.upgraded(ctx);
        pipeline.addFirst(new IdleStateHandler(2 * pingInterval.toNanos(), 0, 0, TimeUnit.NANOSECONDS));
        pipeline.addLast(socket);
        pipeline.remove(this);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof AgentPort.Stopping) {
            // What is being answered is answered.
            lastOne = true;
            if (!answering) {
                ctx.close();
            }
        } else if (event instanceof InputBudget.Refused refused) {
            refuse(ctx, Answer.comeBack(refused.after(), "too much of other requests is under way"));
        } else if (event instanceof Parts.TooLarge) {
            reception.meters().malformed.increment();
            String detail = "body: too large (expected: <= " + messageLimit + " bytes)";
            refuse(ctx, Answer.error(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, detail));
        } else {
            super.userEventTriggered(ctx, event);
        }
    }

    /** Requests may come faster than their answers are read; those answers are not to pile up here. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ctx.channel().config().setAutoRead(lastOne || ctx.channel().isWritable());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (lastOne && cause instanceof DecoderException) {
            log.debug("{}: nothing is made of what follows the last request", ctx.channel(), cause);
        } else if (cause instanceof IOException || cause instanceof PrematureChannelClosureException) {
            log.debug("{} broke", ctx.channel(), cause);
            ctx.close();
        } else if (answering) {
            write(ctx, null, cause, false);
        } else {
            tell(ctx, cause);
            ctx.close();
        }
    }

    private void tell(ChannelHandlerContext ctx, @Nullable Throwable cause) {
        reception.meters().failures.increment();
        reception.lines().write(line -> log.error(line, cause), () -> ctx.channel() + ": the server failed");
    }
}
