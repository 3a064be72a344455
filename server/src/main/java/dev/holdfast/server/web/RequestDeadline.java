// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a connection whose request is not whole in time, and one that has had no request for long. First in its
 * pipeline, and used by the connection's event loop alone.
 */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class RequestDeadline extends ChannelInboundHandlerAdapter {

    private static final Logger log = LoggerFactory.getLogger(RequestDeadline.class);

    /** For headers and body together, counted from the connection's beginning or the request's first byte. */
    static final Duration REQUEST = Duration.ofSeconds(10);

    /** Between requests: well above the 30 s that agents poll at, or both ends would race. */
    static final Duration IDLE = Duration.ofSeconds(90);

    private @Nullable Future<?> deadline;
    private boolean idle;

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws Exception {
        closeAfter(ctx, REQUEST);
        super.channelActive(ctx);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) throws Exception {
        if (idle) {
            idle = false;
            closeAfter(ctx, REQUEST);
        }
        super.channelRead(ctx, bytes);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        cancel();
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

    private void closeAfter(ChannelHandlerContext ctx, Duration limit) {
        cancel();
        deadline = ctx.executor()
                .schedule(
                        () -> {
                            log.debug("{} closed: no whole request within {}", ctx.channel(), limit);
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
