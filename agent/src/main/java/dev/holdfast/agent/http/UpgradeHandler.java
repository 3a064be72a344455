// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Time;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshaker13;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketHandshakeException;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The opening handshake: one request, and the head of one answer. The body of a refusal is never read. */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class UpgradeHandler extends SimpleChannelInboundHandler<HttpObject> {

    private static final int SWITCHING_PROTOCOLS = 101;

    private final Dial dial;
    private final Time time;
    private final int frameLimit;
    private final WebSocketClientHandshaker handshaker;
    private @Nullable HttpResponse answer;

    UpgradeHandler(Dial dial, URI server, Map<String, String> headers, LinkConfig config, Time time) {
        this.dial = dial;
        this.time = time;
        this.frameLimit = config.messageLimit();
        HttpHeaders own = new DefaultHttpHeaders();
        own.set(HttpHeaderNames.USER_AGENT, Dial.USER_AGENT);
        headers.forEach(own::set);
        this.handshaker = new WebSocketClientHandshaker13(
                server, WebSocketVersion.V13, null, false, own, frameLimit, true, false);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        handshaker.handshake(ctx.channel()).addListener(sent -> {
            if (!sent.isSuccess()) {
                dial.end(NettyClassifier.failureOf(sent.cause()));
            }
        });
        ctx.read();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
        if (part.decoderResult().cause() instanceof PrematureChannelClosureException) {
            dial.end(Failure.of(Cause.NETWORK, "closed within the answer to the upgrade"));
        } else if (part.decoderResult().isFailure()) {
            dial.end(Failure.of(
                    Cause.PROTOCOL,
                    "the answer to the upgrade is none: "
                            + part.decoderResult().cause().getMessage()));
        } else if (part instanceof HttpResponse head
                && (head.status().codeClass() != HttpStatusClass.INFORMATIONAL
                        || head.status().code() == SWITCHING_PROTOCOLS)) {
            answer = head;
            if (head.status().code() != SWITCHING_PROTOCOLS) {
                dial.block(refused(head));
            }
        } else if (part instanceof LastHttpContent
                && answer != null
                && answer.status().code() == SWITCHING_PROTOCOLS) {
            upgraded(ctx, answer);
        }
    }

    /** One that has no WebSockets says 501: unlike any other 5xx it is nothing to wait for, and it is polled. */
    private Failure refused(HttpResponse head) {
        int status = head.status().code();
        Failure failure = Failure.ofHttp(
                status, name -> Optional.ofNullable(head.headers().get(name)), time.instant());
        Cause cause = head.status().equals(HttpResponseStatus.NOT_IMPLEMENTED) ? Cause.PROTOCOL : failure.cause();
        return new Failure(cause, failure.retryAfter(), "the server answered " + status + " to the upgrade");
    }

    private void upgraded(ChannelHandlerContext ctx, HttpResponse head) {
        for (CharSequence unasked :
                List.of(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS, HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL)) {
            if (head.headers().contains(unasked)) {
                dial.end(Failure.of(
                        Cause.PROTOCOL, "the server answered with a " + unasked + " that was not asked for"));
                return;
            }
        }
        FullHttpResponse whole = new DefaultFullHttpResponse(
                head.protocolVersion(),
                head.status(),
                Unpooled.EMPTY_BUFFER,
                head.headers(),
                EmptyHttpHeaders.INSTANCE);
        try {
            handshaker.finishHandshake(ctx.channel(), whole);
        } catch (WebSocketHandshakeException notOurs) {
            dial.end(Failure.of(
                    Cause.PROTOCOL,
                    "the server answered 101 to the upgrade, and not to ours: " + notOurs.getMessage()));
            return;
        }
        ctx.pipeline().addLast(new WebSocketFrameAggregator(frameLimit), new FrameHandler(dial, time));
        ctx.pipeline().remove(this);
        dial.opened();
        ctx.read();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        if (answer == null) {
            ctx.read();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        dial.end(Failure.of(Cause.NETWORK, "closed without an answer to the upgrade"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        dial.end(NettyClassifier.failureOf(cause));
    }
}
