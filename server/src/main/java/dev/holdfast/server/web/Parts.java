// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Puts what a body or a WebSocket message comes in back together: copied to one buffer, since a part that is kept costs
 * hundreds of bytes, and may be of one. Lets a request whose headers are enough to refuse it pass on without its body,
 * which is dropped as it comes. Used by its connection's event loop alone.
 */
final class Parts extends ChannelInboundHandlerAdapter {

    /** Told to the pipeline instead of a request whose body is more than may be kept. */
    enum TooLarge {
        NOW
    }

    private final InputBudget.Account account;
    private final RequestDeadline deadline;
    private final int limit;

    /** The parts so far, or null between bodies and messages. */
    private @Nullable ByteBuf gathered;

    /** Whether the body of the last request is dropped here. */
    private boolean dropping;

    /**
     * Those of one connection.
     *
     * @param limit what a body or message may hold, in bytes
     */
    Parts(InputBudget.Account account, RequestDeadline deadline, int limit) {
        this.account = account;
        this.deadline = deadline;
        this.limit = limit;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object part) {
        switch (part) {
            case HttpRequest request -> begun(ctx, request);
            case HttpContent content -> received(ctx, content);
            case WebSocketFrame frame -> received(ctx, frame);
            default -> ctx.fireChannelRead(part);
        }
    }

    private void begun(ChannelHandlerContext ctx, HttpRequest request) {
        forget();
        boolean wanted = AgentRequests.takesBody(request);
        dropping = hasBody(request) && (!wanted || HttpUtil.getContentLength(request, 0L) > limit);
        if (dropping && wanted) {
            refuse(ctx);
            return;
        }
        if (dropping) {
            HttpUtil.setTransferEncodingChunked(request, false);
            request.headers().remove(HttpHeaderNames.CONTENT_LENGTH).remove(HttpHeaderNames.EXPECT);
        }
        ctx.fireChannelRead(request);
        if (dropping) {
            ctx.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }

    private void refuse(ChannelHandlerContext ctx) {
        dropping = true;
        forget();
        ctx.fireUserEventTriggered(TooLarge.NOW);
    }

    private static boolean hasBody(HttpRequest request) {
        return request.decoderResult().isSuccess()
                && (HttpUtil.isTransferEncodingChunked(request) || HttpUtil.getContentLength(request, 0L) > 0);
    }

    private void received(ChannelHandlerContext ctx, HttpContent content) {
        boolean last = content instanceof LastHttpContent;
        if (dropping) {
            dropping = !last;
            content.release();
            account.whole();
        } else if (last && gathered == null) {
            ctx.fireChannelRead(content);
        } else if (!gather(ctx, content)) {
            content.release();
            refuse(ctx);
        } else if (last) {
            LastHttpContent whole = new DefaultLastHttpContent(taken());
            whole.setDecoderResult(content.decoderResult());
            ctx.fireChannelRead(whole);
        }
    }

    private void received(ChannelHandlerContext ctx, WebSocketFrame frame) {
        boolean continues = frame instanceof ContinuationWebSocketFrame;
        boolean begins = frame instanceof BinaryWebSocketFrame && !frame.isFinalFragment();
        if (begins) {
            deadline.messageBegun();
        }
        if (continues && gathered == null) {
            // Of a message that was refused.
            frame.release();
        } else if ((begins || continues) && !gather(ctx, frame)) {
            frame.release();
            forget();
            ctx.fireExceptionCaught(
                    new TooLongFrameException("message: more than " + limit + " bytes (expected: <= " + limit + ")"));
        } else if (continues && frame.isFinalFragment()) {
            ctx.fireChannelRead(new BinaryWebSocketFrame(taken()));
            account.whole();
        } else if (!begins && !continues) {
            ctx.fireChannelRead(frame);
            if (gathered == null) {
                account.whole();
            }
        }
    }

    /** Adds a part to those before, and releases it; or leaves both as they are if that is more than may be kept. */
    private boolean gather(ChannelHandlerContext ctx, ByteBufHolder part) {
        ByteBuf all = gathered == null ? ctx.alloc().buffer() : gathered;
        gathered = all;
        if (part.content().readableBytes() > limit - all.readableBytes()) {
            return false;
        }
        all.writeBytes(part.content());
        part.release();
        account.kept(all.readableBytes());
        return true;
    }

    private ByteBuf taken() {
        ByteBuf all = Objects.requireNonNull(gathered, "there is a part");
        gathered = null;
        return all;
    }

    private void forget() {
        if (gathered != null) {
            taken().release();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        forget();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        forget();
    }
}
