// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a request is answered with.
 *
 * @param headers those besides type and length of the body
 */
record Answer(HttpResponseStatus status, String mediaType, ByteBuffer body, Map<CharSequence, String> headers) {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    static Answer json(HttpResponseStatus status, Map<String, String> body) {
        return new Answer(status, "application/json", ByteBuffer.wrap(JSON.writeValueAsBytes(body)), Map.of());
    }

    static Answer error(HttpResponseStatus status, String message) {
        return json(status, Map.of("error", message));
    }

    static Answer message(HttpResponseStatus status, ServerMessage message) {
        return new Answer(status, Wire.MEDIA_TYPE, ByteBuffer.wrap(Wire.body(message)), Map.of());
    }

    /** That there is no room now, and when to try again. */
    static Answer comeBack(Duration after, String message) {
        return error(HttpResponseStatus.SERVICE_UNAVAILABLE, message).after(after);
    }

    /** The same in a message; {@link ServerMessage.Failure.Kind#UNAVAILABLE} says when. */
    static Answer comeBack(Duration after, ServerMessage message) {
        return message(HttpResponseStatus.SERVICE_UNAVAILABLE, message).after(after);
    }

    private Answer after(Duration after) {
        long seconds = after.plusSeconds(1).minusNanos(1).toSeconds();
        return new Answer(
                status,
                mediaType,
                body,
                Map.of(
                        HttpHeaderNames.RETRY_AFTER,
                        Long.toString(seconds),
                        Wire.Header.RETRY_AFTER_MS,
                        Long.toString(after.toMillis())));
    }

    static Answer methodNotAllowed(String method, String allowed) {
        return error(HttpResponseStatus.METHOD_NOT_ALLOWED, "method: " + method + " (expected: " + allowed + ")")
                .with(HttpHeaderNames.ALLOW, allowed);
    }

    Answer with(CharSequence header, String value) {
        return new Answer(status, mediaType, body, Map.of(header, value));
    }
}
