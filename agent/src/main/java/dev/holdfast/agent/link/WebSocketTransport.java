// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.time.Time;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Connections over the JDK's WebSocket client. Its callbacks come from threads of that client, one at a time for each
 * connection.
 */
final class WebSocketTransport implements Transport {

    private final HttpClient client;
    private final Duration handshakeTimeout;
    private final int messageLimit;
    private final Time time;

    WebSocketTransport(LinkConfig config, Time time) {
        this.handshakeTimeout = config.handshakeTimeout();
        this.messageLimit = config.messageLimit();
        this.time = time;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    @Override
    public Connection dial(URI server, Map<String, String> headers, Events events) {
        WebSocket.Builder builder = client.newWebSocketBuilder().connectTimeout(handshakeTimeout);
        headers.forEach(builder::header);
        Socket socket = new Socket(events);
        var unused = builder.buildAsync(server, socket).whenComplete((opened, thrown) -> {
            if (thrown != null) {
                events.failed(Failure.of(thrown, time.instant()));
            }
        });
        return socket;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    /** One connection, and what the client tells of it. */
    private final class Socket implements Connection, WebSocket.Listener {

        private final Events events;
        private final CompletableFuture<WebSocket> open = new CompletableFuture<>();
        private @Nullable ByteArrayOutputStream partial;

        Socket(Events events) {
            this.events = events;
        }

        @Override
        public CompletionStage<?> transmit(ByteBuffer frame) {
            return open.thenCompose(socket -> socket.sendBinary(frame, true));
        }

        @Override
        public CompletionStage<?> ping() {
            return open.thenCompose(socket -> socket.sendPing(ByteBuffer.allocate(0)));
        }

        @Override
        public CompletionStage<?> close() {
            return open.thenCompose(socket -> socket.sendClose(WebSocket.NORMAL_CLOSURE, ""));
        }

        @Override
        public void abort() {
            // A dial that is still under way is dropped as soon as it opens.
            var unused = open.thenAccept(WebSocket::abort);
        }

        @Override
        public void onOpen(WebSocket socket) {
            events.opened();
            open.complete(socket);
            socket.request(1);
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            ByteArrayOutputStream message = partial == null ? new ByteArrayOutputStream(data.remaining()) : partial;
            if (message.size() + data.remaining() > messageLimit) {
                refuse(socket, "a message over the limit of " + messageLimit + " bytes");
                return null;
            }
            byte[] bytes = new byte[data.remaining()];
            data.get(bytes);
            message.writeBytes(bytes);
            partial = last ? null : message;
            if (last) {
                events.received(ByteBuffer.wrap(message.toByteArray()));
            }
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            refuse(socket, "a text message (expected: binary)");
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onPong(WebSocket socket, ByteBuffer message) {
            events.pong();
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            events.failed(Failure.ofClose(code, reason));
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable thrown) {
            events.failed(Failure.of(thrown, time.instant()));
        }

        private void refuse(WebSocket socket, String what) {
            socket.abort();
            events.failed(Failure.of(Cause.PROTOCOL, "the server sent " + what));
        }
    }
}
