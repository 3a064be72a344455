// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Value;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The bytes of an agent on a WebSocket, and nothing that an agent would do by itself. */
final class TestAgent implements WebSocket.Listener, AutoCloseable {

    private static final int PATIENCE_SECONDS = 30;

    private final HttpClient http = HttpClient.newHttpClient();
    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
    private final BlockingQueue<ServerMessage> received = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final CompletableFuture<Void> pinged = new CompletableFuture<>();
    private final WebSocket socket;

    private TestAgent(URI uri, @Nullable InstanceUid uid, @Nullable String stateHash, @Nullable String process)
            throws Exception {
        WebSocket.Builder builder = http.newWebSocketBuilder();
        if (uid != null) {
            builder.header(Wire.Header.INSTANCE_UID, uid.toString());
        }
        if (stateHash != null) {
            builder.header(Wire.Header.STATE, stateHash);
        }
        if (process != null) {
            builder.header(Wire.Header.PROCESS, process);
        }
        socket = builder.buildAsync(uri, this).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    static TestAgent connect(TestServer server, @Nullable InstanceUid uid, @Nullable String stateHash)
            throws Exception {
        return new TestAgent(server.socketUri(), uid, stateHash, null);
    }

    static TestAgent connect(TestServer server, InstanceUid uid, String stateHash, String process) throws Exception {
        return new TestAgent(server.socketUri(), uid, stateHash, process);
    }

    static InstanceUid uid(int number) {
        return new InstanceUid(new UUID(0x0199_6b8a_7c1e_7000L, 0x8000_0000_0000_0000L | number));
    }

    static AgentMessage heartbeat(InstanceUid uid, long sequence) {
        return AgentMessage.heartbeat(uid, sequence, Capabilities.OF_AGENT)
                .withCustomCapabilities(List.of("com.example.other"));
    }

    static AgentMessage registration(InstanceUid uid, long sequence, String host, String hash) {
        return heartbeat(uid, sequence)
                .withDescription(new AgentDescription(
                        Map.of("service.name", Value.of("test"), "service.version", Value.of("1.2.3")),
                        Map.of("host.name", Value.of(host), AgentState.HASH_ATTRIBUTE, Value.of(hash))))
                .withHealth(Health.good());
    }

    /** Sends a message and gives the answer. */
    ServerMessage ask(AgentMessage message) throws Exception {
        send(message);
        return next();
    }

    void send(AgentMessage message) throws Exception {
        sendBytes(Wire.frame(message));
    }

    void sendBytes(ByteBuffer frame) throws Exception {
        socket.sendBinary(frame, true).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    WebSocket socket() {
        return socket;
    }

    ServerMessage next() throws Exception {
        ServerMessage message = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (message == null) {
            throw new AssertionError("nothing received within " + PATIENCE_SECONDS + " s");
        }
        return message;
    }

    int closeCode() throws Exception {
        return closed.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    void awaitPing() throws Exception {
        pinged.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        partial.writeBytes(bytes);
        if (last) {
            try {
                received.add(Wire.readServerFrame(ByteBuffer.wrap(partial.toByteArray())));
            } catch (WireException e) {
                closed.completeExceptionally(e);
            }
            partial.reset();
        }
        socket.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onPing(WebSocket socket, ByteBuffer message) {
        pinged.complete(null);
        socket.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        closed.complete(code);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        closed.completeExceptionally(error);
    }

    @Override
    public void close() {
        socket.abort();
        http.shutdownNow();
    }
}
