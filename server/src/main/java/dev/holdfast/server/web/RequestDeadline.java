// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a connection whose request or WebSocket message is not whole in time, and one that has had no request for
 * long, or leaves its answers unread. Whether the peer of an upgraded one lives is for pings to tell. Used by the
 * connection's event loop alone.
 */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class RequestDeadline extends ChannelInboundHandlerAdapter {

    private static final Logger log = LoggerFactory.getLogger(RequestDeadline.class);

    /** Between requests: well above the 30 s that agents poll at, or both ends would race. */
    static final Duration IDLE = Duration.ofSeconds(90);

    private final Duration request;

    private @Nullable Future<?> deadline;
    private @Nullable Future<?> question;
    private boolean idle;
    private Awaited awaited = Awaited.NOTHING;

    /** What a WebSocket's peer owes. */
    private enum Awaited {
        NOTHING,
        /** Its first message, or a sign of life at least. */
        FIRST,
        /** The rest of a message. */
        REST
    }

    /**
     * That of one connection.
     *
     * @param request for headers and body together, counted from the connection's beginning or the request's first byte
     */
    RequestDeadline(Duration request) {
        this.request = request;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws Exception {
        closeAfter(ctx, request);
        super.channelActive(ctx);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) throws Exception {
        if (idle) {
            idle = false;
            closeAfter(ctx, request);
        }
        super.channelRead(ctx, bytes);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        cancel();
        if (question != null) {
            question.cancel(false);
        }
    }

    /** A request is there whole: it may take as long as it likes to be answered. */
    void requestWhole() {
        cancel();
    }

    /** A request was answered. */
    void answered(ChannelHandlerContext ctx) {
        idle = true;
        closeAfter(ctx, IDLE);
    }

    /**
     * From now on WebSocket messages come, each whole before it is too late. An agent may have nothing to say for a
     * while, some that others wrote have not until something changes: half-way to the deadline it is asked with a ping
     * whether it lives. A pong does for the first message; from then on pings alone decide.
     */
    void upgraded(ChannelHandlerContext ctx) {
        awaited = Awaited.FIRST;
        closeAfter(ctx, request);
        question = ctx.executor()
                .schedule(
                        () -> {
                            if (awaited == Awaited.FIRST) {
                                ctx.channel().writeAndFlush(new PingWebSocketFrame());
                            }
                        },
                        request.dividedBy(2).toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    /** A WebSocket message came, but not yet whole. */
    void messageBegun() {
        awaited = Awaited.REST;
    }

    /** A WebSocket message came whole. */
    void messageWhole() {
        awaited = Awaited.NOTHING;
        if (question != null) {
            question.cancel(false);
        }
        pause();
    }

    /** A pong came whole, which a peer owes, perhaps between the parts of a message, which it does not put off. */
    void pongWhole() {
        if (awaited == Awaited.FIRST) {
            awaited = Awaited.NOTHING;
        }
        controlWhole();
    }

    /** A ping or the like came whole, perhaps between the parts of a message, which it does not put off. */
    void controlWhole() {
        if (awaited == Awaited.NOTHING) {
            pause();
        }
    }

    private void pause() {
        cancel();
        idle = true;
    }

    private void closeAfter(ChannelHandlerContext ctx, Duration limit) {
        cancel();
        deadline = ctx.executor()
                .schedule(
                        () -> {
                            if (!ctx.channel().config().isAutoRead()
                                    && ctx.channel().isWritable()) {
                                // It is this end that does not read, and not for want of the peer's doing so.
                                closeAfter(ctx, limit);
                                return;
                            }
                            log.debug("{} closed: no whole request or message within {}", ctx.channel(), limit);
                            ctx.close();
                        },
                        limit.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    private void cancel() {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }
}
