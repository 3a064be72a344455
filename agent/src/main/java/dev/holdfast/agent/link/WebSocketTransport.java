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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Connections over the JDK's WebSocket client. Its callbacks come from threads of that client, one at a time for each
 * connection.
 */
final class WebSocketTransport implements Transport {

    /** How the JDK ends the name of its client's selector thread. */
    private static final String SELECTOR = "-SelectorManager";

    /** For what the client does aside from its selector thread. */
    private final ExecutorService workers = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("holdfast-http-", 0).factory());

    private final Duration handshakeTimeout;
    private final int messageLimit;
    private final Time time;
    private HttpClient client;
    private boolean closed;

    WebSocketTransport(LinkConfig config, Time time) {
        this.handshakeTimeout = config.handshakeTimeout();
        this.messageLimit = config.messageLimit();
        this.time = time;
        this.client = newClient();
    }

    private HttpClient newClient() {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .executor(this::execute)
                .build();
    }

    /**
     * The JDK's WebSocket forgets the end of a connection that its selector thread sees before another thread has taken
     * the message in front of it: of servers that answer and then drop, some six in ten were not noticed. What the
     * selector thread hands over is therefore done at once on that thread, so that a message is always taken before
     * more is read. Our part of it only copies the message and passes it on.
     */
    private void execute(Runnable work) {
        if (Thread.currentThread().getName().endsWith(SELECTOR)) {
            work.run();
        } else {
            workers.execute(work);
        }
    }

    @Override
    public synchronized Connection dial(URI server, Map<String, String> headers, Events events) {
        if (client.isTerminated() && !closed) {
            // Its selector thread died, of an Error perhaps: that client would refuse every dial from now on.
            client = newClient();
        }
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
    public synchronized void close() {
        closed = true;
        client.shutdownNow();
        workers.shutdown();
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
