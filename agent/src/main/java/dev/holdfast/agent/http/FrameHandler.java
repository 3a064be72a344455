// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Time;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.nio.ByteBuffer;

/**
 * What a server sends once it has upgraded. More is read only when the link's loop has done what it was handed, so that
 * a server that sends without end fills its own buffers and not this process's memory.
 */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class FrameHandler extends SimpleChannelInboundHandler<WebSocketFrame> {

    /** Close codes of RFC 6455, section 7.4.1, and of the IANA registry that goes on from there. */
    private static final int NORMAL = 1000;

    private static final int GOING_AWAY = 1001;

    /** Never sent: stands for a close without a code. */
    private static final int NO_CODE = 1005;

    private static final int INTERNAL_ERROR = 1011;
    private static final int SERVICE_RESTART = 1012;
    private static final int TRY_AGAIN_LATER = 1013;
    private static final int BAD_GATEWAY = 1014;

    private final Dial dial;
    private final Time time;

    FrameHandler(Dial dial, Time time) {
        this.dial = dial;
        this.time = time;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
        switch (frame) {
            case BinaryWebSocketFrame binary -> dial.received(ByteBuffer.wrap(ByteBufUtil.getBytes(binary.content())));
            case PingWebSocketFrame ping ->
                ctx.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
            case PongWebSocketFrame pong -> dial.pong();
            case CloseWebSocketFrame close -> {
                int code = close.statusCode() < 0 ? NO_CODE : close.statusCode();
                String reason = close.reasonText();
                ctx.writeAndFlush(close.retainedDuplicate());
                dial.end(closed(code, reason));
            }
            default -> dial.end(Failure.of(Cause.PROTOCOL, "the server sent a text message (expected: binary)"));
        }
    }

    /** What the close of a connection by the server stands for. */
    static Failure closed(int code, String reason) {
        Cause cause = switch (code) {
            case NORMAL, GOING_AWAY, NO_CODE, SERVICE_RESTART -> Cause.NETWORK;
            case TRY_AGAIN_LATER -> Cause.OVERLOAD;
            case INTERNAL_ERROR, BAD_GATEWAY -> Cause.SERVER;
            default -> Cause.PROTOCOL;
        };
        return Failure.of(cause, "closed by the server: " + code + (reason.isEmpty() ? "" : " " + reason));
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        time.execute(dial::readOn);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        dial.end(Failure.of(Cause.NETWORK, "the connection ended without a close"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        dial.end(NettyClassifier.failureOf(cause));
    }
}
