// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import dev.holdfast.agent.link.Failure;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.time.Time;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
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

    /** Stands for a close without a code (RFC 6455, section 7.1.5). */
    private static final int NO_CODE = 1005;

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
                dial.end(Failure.ofClose(code, reason));
            }
            default -> dial.end(Failure.of(Cause.PROTOCOL, "the server sent a text message (expected: binary)"));
        }
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
        dial.end(
                cause instanceof DecoderException
                        ? Failure.of(Cause.PROTOCOL, "the server sent what is no message: " + cause.getMessage())
                        : Failure.of(cause));
    }
}
