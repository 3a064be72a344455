// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Time;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Messages as requests, one at a time: each is a POST, and what the server has to say is in its answer. The body of a
 * refusal is never read. Between two requests the server may close the connection, and the next one goes over another.
 */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class PollHandler extends SimpleChannelInboundHandler<HttpObject> {

    private static final String PROTOBUF = "application/x-protobuf";

    /** What a WebSocket's message begins with, and a request's body does not: a header of value 0. */
    private static final int FRAME_HEADER = 0;

    private final Dial dial;
    private final Time time;
    private final int limit;
    private final String path;
    private final Map<String, String> headers;

    /** Complete once the request under way is answered; null while there is none. */
    private @Nullable CompletableFuture<Void> underWay;

    private @Nullable HttpResponse answer;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    PollHandler(Dial dial, Time time, int limit, String path, Map<String, String> headers) {
        this.dial = dial;
        this.time = time;
        this.limit = limit;
        this.path = path;
        this.headers = headers;
    }

    /** Sends a frame's message. Not to be called before the one before is answered. */
    void post(ChannelHandlerContext ctx, ByteBuffer frame, CompletableFuture<Void> answered) {
        underWay = answered;
        ByteBuffer message = frame.duplicate();
        message.get();
        FullHttpRequest request = new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1, HttpMethod.POST, path, Unpooled.wrappedBuffer(message));
        headers.forEach((name, value) -> request.headers().set(name, value));
        request.headers()
                .set(HttpHeaderNames.HOST, dial.authority())
                .set(HttpHeaderNames.USER_AGENT, Dial.USER_AGENT)
                .set(HttpHeaderNames.CONTENT_TYPE, PROTOBUF);
        HttpUtil.setContentLength(request, request.content().readableBytes());
        ctx.writeAndFlush(request).addListener(sent -> {
            if (!sent.isSuccess()) {
                dial.end(NettyClassifier.failureOf(sent.cause()));
            }
        });
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.read();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) throws IOException {
        if (part.decoderResult().isFailure()) {
            dial.end(Failure.of(
                    Cause.PROTOCOL,
                    "the answer to a poll is none: "
                            + part.decoderResult().cause().getMessage()));
            return;
        }
        if (part instanceof HttpResponse head && head.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
            begin(head);
        }
        if (part instanceof HttpContent content && answer != null) {
            take(content.content());
        }
        if (part instanceof LastHttpContent && answer != null) {
            finish(ctx, answer);
        }
    }

    private void begin(HttpResponse head) {
        int status = head.status().code();
        String type = head.headers().get(HttpHeaderNames.CONTENT_TYPE, PROTOBUF);
        if (status != HttpResponseStatus.OK.code()) {
            Failure failure = Failure.ofHttp(
                    status, name -> Optional.ofNullable(head.headers().get(name)), time.instant());
            dial.end(failure.withDetail("the server answered " + status + " to a poll"));
        } else if (!type.startsWith(PROTOBUF)) {
            dial.end(Failure.of(
                    Cause.PROTOCOL, "the server answered a poll with " + type + " (expected: " + PROTOBUF + ")"));
        } else {
            answer = head;
            body.reset();
            body.write(FRAME_HEADER);
        }
    }

    private void take(ByteBuf bytes) throws IOException {
        if (body.size() + bytes.readableBytes() > limit) {
            answer = null;
            dial.end(Failure.of(Cause.PROTOCOL, "the answer to a poll is larger than " + limit + " bytes"));
        } else {
            bytes.readBytes(body, bytes.readableBytes());
        }
    }

    private void finish(ChannelHandlerContext ctx, HttpResponse head) {
        answer = null;
        CompletableFuture<Void> answered = underWay;
        underWay = null;
        if (!HttpUtil.isKeepAlive(head)) {
            ctx.close();
        }
        dial.received(ByteBuffer.wrap(body.toByteArray()));
        if (answered != null) {
            answered.complete(null);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        ctx.read();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (underWay != null) {
            dial.end(Failure.of(Cause.NETWORK, "closed without an answer to a poll"));
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (underWay != null) {
            dial.end(NettyClassifier.failureOf(cause));
        } else {
            ctx.close();
        }
    }
}
