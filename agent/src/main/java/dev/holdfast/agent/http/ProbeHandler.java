// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Time;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Asks for a server's health: one {@code HEAD /health}, and the head of one answer. Then it makes room. */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class ProbeHandler extends SimpleChannelInboundHandler<HttpObject> {

    private static final String PATH = "/health";

    private final Dial dial;
    private final Time time;
    private @Nullable HttpResponse answer;

    ProbeHandler(Dial dial, Time time) {
        this.dial = dial;
        this.time = time;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        HttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.HEAD, PATH);
        request.headers().set(HttpHeaderNames.HOST, dial.authority()).set(HttpHeaderNames.USER_AGENT, Dial.USER_AGENT);
        ctx.writeAndFlush(request).addListener(sent -> {
            if (!sent.isSuccess()) {
                dial.end(NettyClassifier.failureOf(sent.cause()));
            }
        });
        ctx.read();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
        if (part.decoderResult().isFailure()) {
            dial.end(Failure.of(
                    Cause.PROTOCOL,
                    "the answer to a probe is none: "
                            + part.decoderResult().cause().getMessage()));
        } else if (part instanceof HttpResponse head && head.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
            answer = head;
        }
        if (part instanceof LastHttpContent && answer != null) {
            answered(ctx, answer);
        }
    }

    private void answered(ChannelHandlerContext ctx, HttpResponse head) {
        int status = head.status().code();
        Failure failure = Failure.ofHttp(
                status, name -> Optional.ofNullable(head.headers().get(name)), time.instant());
        boolean well = head.status().codeClass() == HttpStatusClass.SUCCESS;
        boolean unknown = switch (failure.cause()) {
            case PROTOCOL, REJECTED, AUTH -> true;
            default -> head.status().code() == 501;
        };
        if (well || unknown) {
            ctx.pipeline().remove(this);
            dial.probed(well ? ProbeResult.WELL : ProbeResult.UNKNOWN, HttpUtil.isKeepAlive(head));
        } else {
            dial.end(failure.withDetail("the server answered " + status + " to a probe"));
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        if (!ctx.isRemoved()) {
            ctx.read();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        dial.end(Failure.of(Cause.NETWORK, "closed without an answer to a probe"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        dial.end(NettyClassifier.failureOf(cause));
    }
}
