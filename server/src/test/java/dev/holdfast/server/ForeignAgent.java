// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static org.awaitility.Awaitility.await;

import dev.holdfast.opamp.InstanceUid;
import io.opentelemetry.opamp.client.OpampClient;
import io.opentelemetry.opamp.client.internal.connectivity.http.HttpSender;
import io.opentelemetry.opamp.client.internal.connectivity.http.OkHttpSender;
import io.opentelemetry.opamp.client.internal.connectivity.websocket.OkHttpWebSocket;
import io.opentelemetry.opamp.client.internal.connectivity.websocket.WebSocket;
import io.opentelemetry.opamp.client.internal.request.delay.PeriodicDelay;
import io.opentelemetry.opamp.client.internal.request.service.HttpRequestService;
import io.opentelemetry.opamp.client.internal.request.service.WebSocketRequestService;
import io.opentelemetry.opamp.client.internal.response.MessageData;
import io.opentelemetry.opamp.client.internal.state.State;
import io.opentelemetry.opamp.client.request.service.RequestService;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import opamp.proto.AgentConfigFile;
import opamp.proto.AgentConfigMap;
import opamp.proto.ServerErrorResponse;
import org.jspecify.annotations.Nullable;

/**
 * OpenTelemetry's client in a program that does no more than it must. Over HTTP it polls by itself. Over a WebSocket it
 * sends nothing by itself, not even after a reconnect, unless something of its state changes; and where a server closes
 * in an orderly way it notices only by pings of its own, which are off unless the program turns them on.
 */
final class ForeignAgent implements OpampClient.Callbacks, AutoCloseable {

    private static final PeriodicDelay SHORT = PeriodicDelay.ofFixedDuration(Duration.ofMillis(100));
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** What it connects over. */
    enum Transport {
        HTTP,
        WEB_SOCKET
    }

    private final AtomicInteger connects = new AtomicInteger();
    private final AtomicInteger answers = new AtomicInteger();
    private final OkHttpClient http =
            new OkHttpClient.Builder().pingInterval(Duration.ofMillis(200)).build();
    private final Config config = new Config();
    private final Transport transport;
    private final OpampClient client;

    private ForeignAgent(Transport transport, URI server, InstanceUid uid) {
        this.transport = transport;
        this.client = OpampClient.builder()
                .setRequestService(
                        switch (transport) {
                            case HTTP -> overHttp(server);
                            case WEB_SOCKET -> overWebSocket(server);
                        })
                .setInstanceUid(bytes(uid))
                .putIdentifyingAttribute("service.name", "foreign")
                .putNonIdentifyingAttribute("host.name", "elsewhere")
                .enableEffectiveConfigReporting()
                .setEffectiveConfigState(config)
                .build(this);
    }

    static ForeignAgent start(Transport transport, URI server, InstanceUid uid) {
        return new ForeignAgent(transport, server, uid);
    }

    private RequestService overHttp(URI server) {
        HttpSender sender = OkHttpSender.create(server.toString(), http);
        return HttpRequestService.create(
                (writer, length) -> sender.send(writer, length).whenComplete((response, failure) -> {
                    if (failure == null) {
                        answers.incrementAndGet();
                    }
                }),
                SHORT,
                SHORT);
    }

    private RequestService overWebSocket(URI server) {
        WebSocket socket = OkHttpWebSocket.create(server.toString(), http);
        return WebSocketRequestService.create(new Counted(socket), SHORT);
    }

    /** How often it was connected; over HTTP each poll that was answered counts. */
    int connects() {
        return connects.get();
    }

    /** How many messages of the server it has taken. */
    int answers() {
        return answers.get();
    }

    /** Over a WebSocket: sends a message, and waits until its answer is taken. */
    void speak() {
        if (transport == Transport.WEB_SOCKET) {
            int before = answers();
            config.notifyUpdate();
            await().atMost(PATIENCE).until(() -> answers() > before);
        }
    }

    @Override
    public void onConnect(OpampClient client) {
        connects.incrementAndGet();
    }

    @Override
    public void onConnectFailed(OpampClient client, @Nullable Throwable thrown) {}

    @Override
    public void onErrorResponse(OpampClient client, ServerErrorResponse error) {}

    @Override
    public void onMessage(OpampClient client, MessageData message) {}

    @Override
    public void close() throws IOException {
        client.close();
        http.dispatcher().executorService().shutdown();
        http.connectionPool().evictAll();
    }

    private static byte[] bytes(InstanceUid uid) {
        return ByteBuffer.allocate(16)
                .putLong(uid.value().getMostSignificantBits())
                .putLong(uid.value().getLeastSignificantBits())
                .array();
    }

    /** Something that changes, so that the client has something to say. */
    private static final class Config extends State.EffectiveConfig {

        @Override
        public opamp.proto.EffectiveConfig get() {
            AgentConfigFile file = new AgentConfigFile.Builder().build();
            return new opamp.proto.EffectiveConfig.Builder()
                    .config_map(new AgentConfigMap.Builder()
                            .config_map(Map.of("main", file))
                            .build())
                    .build();
        }
    }

    /** Counts what was taken. */
    private final class Counted implements WebSocket {

        private final WebSocket socket;

        Counted(WebSocket socket) {
            this.socket = socket;
        }

        @Override
        public void open(Listener listener) {
            socket.open(new Listener() {
                @Override
                public void onOpen() {
                    listener.onOpen();
                }

                @Override
                public void onMessage(byte[] data) {
                    listener.onMessage(data);
                    answers.incrementAndGet();
                }

                @Override
                public void onClosing() {
                    listener.onClosing();
                }

                @Override
                public void onClosed() {
                    listener.onClosed();
                }

                @Override
                public void onFailure(Throwable thrown) {
                    listener.onFailure(thrown);
                }
            });
        }

        @Override
        public boolean send(byte[] request) {
            return socket.send(request);
        }

        @Override
        public void close(int code, @Nullable String reason) {
            socket.close(code, reason);
        }
    }
}
