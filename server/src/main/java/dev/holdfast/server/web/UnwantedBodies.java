// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * Lets a request whose headers are enough to refuse it pass on without its body, which is dropped as it comes. Used by
 * its connection's event loop alone.
 */
final class UnwantedBodies extends ChannelInboundHandlerAdapter {

    private boolean dropping;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object part) {
        if (part instanceof HttpRequest request) {
            dropping = hasBody(request) && !AgentRequests.takesBody(request);
            if (dropping) {
                HttpUtil.setTransferEncodingChunked(request, false);
                request.headers().remove(HttpHeaderNames.CONTENT_LENGTH).remove(HttpHeaderNames.EXPECT);
                ctx.fireChannelRead(request);
                ctx.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT);
                return;
            }
        } else if (dropping && part instanceof HttpContent) {
            dropping = !(part instanceof LastHttpContent);
            ReferenceCountUtil.release(part);
            return;
        }
        ctx.fireChannelRead(part);
    }

    private static boolean hasBody(HttpRequest request) {
        return request.decoderResult().isSuccess()
                && (HttpUtil.isTransferEncodingChunked(request) || HttpUtil.getContentLength(request, 0L) > 0);
    }
}
