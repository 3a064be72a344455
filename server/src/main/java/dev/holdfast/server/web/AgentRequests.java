// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import dev.holdfast.server.admission.Entrance;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is answered on the agent port to any request but an upgrade. Safe for use by any thread; does not wait. */
final class AgentRequests {

    private static final Logger log = LoggerFactory.getLogger(AgentRequests.class);

    static final String OPAMP = "/v1/opamp";

    /** Whether an agent may come. */
    private static final String HEALTH = "/health";

    /** Whether the process lives. */
    private static final String LIVE = "/health/live";

    private static final CompletionStage<Answer> WELL =
            CompletableFuture.completedStage(Answer.json(HttpResponseStatus.OK, Map.of("status", "ok")));

    private final Reception reception;
    private final Polls polls;
    private final int messageLimit;

    AgentRequests(Reception reception, Polls polls, int messageLimit) {
        this.reception = reception;
        this.polls = polls;
        this.messageLimit = messageLimit;
    }

    /** A request's path, without its query and as it was sent. */
    static String path(HttpRequest request) {
        return new QueryStringDecoder(request.uri()).rawPath();
    }

    /** Whether there is a use for a request's body, as far as its headers tell. */
    static boolean takesBody(HttpRequest request) {
        return path(request).equals(OPAMP) && request.method().equals(HttpMethod.POST) && unsupported(request) == null;
    }

    /** Answers a request. Retains its body if that is to be read later. */
    CompletionStage<Answer> answer(FullHttpRequest request) {
        return switch (path(request)) {
            case HEALTH ->
                probed(request.method(), reception.entrance().closed().map(AgentRequests::closed));
            case LIVE -> probed(request.method(), Optional.empty());
            case OPAMP -> opamp(request);
            default ->
                CompletableFuture.completedStage(Answer.error(
                        HttpResponseStatus.NOT_FOUND,
                        "path: " + path(request) + " (expected: " + OPAMP + ", " + HEALTH + " or " + LIVE + ")"));
        };
    }

    private static CompletionStage<Answer> probed(HttpMethod method, Optional<Answer> trouble) {
        if (method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD)) {
            return trouble.map(CompletableFuture::completedStage).orElse(WELL);
        }
        return CompletableFuture.completedStage(Answer.methodNotAllowed(method.name(), "GET, HEAD"));
    }

    /** What is answered to one that may not come now. */
    static Answer closed(Entrance.Refusal refusal) {
        return Answer.comeBack(
                refusal.after(),
                refusal.draining()
                        ? ServerMessage.Failure.drain(refusal.after()).message()
                        : refusal.reason());
    }

    private CompletionStage<Answer> opamp(FullHttpRequest request) {
        if (request.method().equals(HttpMethod.GET)) {
            return CompletableFuture.completedStage(Answer.error(
                            HttpResponseStatus.UPGRADE_REQUIRED,
                            "GET without an upgrade (expected: a WebSocket or a POST)")
                    .with(HttpHeaderNames.UPGRADE, "websocket"));
        }
        if (!request.method().equals(HttpMethod.POST)) {
            return CompletableFuture.completedStage(
                    Answer.methodNotAllowed(request.method().name(), "GET, POST"));
        }
        Answer refusal = unsupported(request);
        return refusal == null ? post(request) : CompletableFuture.completedStage(refusal);
    }

    private static @Nullable Answer unsupported(HttpRequest request) {
        CharSequence type = HttpUtil.getMimeType(request);
        if (type == null || !Wire.MEDIA_TYPE.contentEquals(type.toString().toLowerCase(Locale.ROOT))) {
            return Answer.error(
                            HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE,
                            "Content-Type: " + type + " (expected: " + Wire.MEDIA_TYPE + ")")
                    .with(HttpHeaderNames.ACCEPT, Wire.MEDIA_TYPE);
        }
        String encoding = encoding(request);
        if (encoding.equals("identity") || encoding.equals("gzip")) {
            return null;
        }
        return Answer.error(
                        HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE,
                        "Content-Encoding: " + encoding + " (expected: gzip, or none)")
                .with(HttpHeaderNames.ACCEPT_ENCODING, "gzip");
    }

    private CompletionStage<Answer> post(FullHttpRequest request) {
        if (request.content().readableBytes() <= Reception.SMALL) {
            try {
                return received(request, Math.min(messageLimit, Reception.SMALL));
            } catch (WireException e) {
                if (!e.tooLarge() || messageLimit <= Reception.SMALL) {
                    return CompletableFuture.completedStage(malformed(request, e));
                }
                // It is small only while it is compressed.
            }
        }
        request.retain();
        return CompletableFuture.supplyAsync(() -> receivedOrRefused(request), reception.largeReads())
                .whenComplete((answer, failure) -> request.release())
                .thenCompose(answer -> answer);
    }

    private CompletionStage<Answer> receivedOrRefused(FullHttpRequest request) {
        try {
            return received(request, messageLimit);
        } catch (WireException e) {
            return CompletableFuture.completedStage(malformed(request, e));
        }
    }

    private CompletionStage<Answer> received(FullHttpRequest request, int limit) throws WireException {
        Announced announced;
        try {
            announced = Announced.in(request.headers());
        } catch (IllegalArgumentException e) {
            return CompletableFuture.completedStage(malformed(null, HttpResponseStatus.BAD_REQUEST, e.getMessage()));
        }
        ByteBuffer body = request.content().nioBuffer();
        if (encoding(request).equals("gzip")) {
            body = Wire.gunzip(body, limit);
        }
        AgentMessage message = Wire.readAgentBody(body);
        String fault = Conversation.fault(message);
        if (fault != null) {
            return CompletableFuture.completedStage(malformed(message.uid(), HttpResponseStatus.BAD_REQUEST, fault));
        }
        return polls.received(message, announced).thenApply(AgentRequests::answer);
    }

    private static Answer answer(ServerMessage message) {
        ServerMessage.Failure failure = message.error();
        return failure != null
                        && failure.kind() == ServerMessage.Failure.Kind.UNAVAILABLE
                        && failure.retryAfter() != null
                ? Answer.comeBack(failure.retryAfter(), message)
                : Answer.message(HttpResponseStatus.OK, message);
    }

    private Answer malformed(FullHttpRequest request, WireException e) {
        return malformed(
                Announced.in(request.headers()).uid(),
                e.tooLarge() ? HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE : HttpResponseStatus.BAD_REQUEST,
                e.getMessage());
    }

    private Answer malformed(@Nullable InstanceUid uid, HttpResponseStatus status, @Nullable String detail) {
        reception.meters().malformed.increment();
        String reason = String.valueOf(detail);
        reception.lines().write(log::warn, () -> "POST of agent " + uid + " refused: " + reason);
        return Answer.message(
                status,
                ServerMessage.refusal(
                        uid, new ServerMessage.Failure(ServerMessage.Failure.Kind.BAD_REQUEST, reason, null)));
    }

    private static String encoding(HttpRequest request) {
        return request.headers()
                .get(HttpHeaderNames.CONTENT_ENCODING, HttpHeaderValues.IDENTITY.toString())
                .strip()
                .toLowerCase(Locale.ROOT);
    }
}
