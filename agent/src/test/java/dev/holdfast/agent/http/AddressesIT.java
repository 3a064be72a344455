// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.Transport;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.RouteConfig;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.time.SystemTime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names with several addresses, some of which are dead, on the loopback network. */
class AddressesIT {

    private static final String NAME = "server.example";
    private static final String FIRST = "127.0.0.2";
    private static final String SECOND = "127.0.0.1";
    private static final long PATIENCE_SECONDS = 60;

    private final SystemTime time = SystemTime.start("transport-under-test");
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private Transport transport = transport(FIRST, SECOND);

    @AfterEach
    void close() {
        transport.close();
        time.close();
    }

    @Test
    void anAddressThatRefusesHandsOverToTheNextInTheSameDial() throws Exception {
        try (ScriptedServer server = server(SECOND)) {
            assertThat(dial(server.uri(NAME))).isEqualTo("opened");
            assertThat(server.connections).hasValue(1);
            assertThat(requests.take())
                    .containsIgnoringCase("Host: " + NAME + ":" + server.uri().getPort() + "\r\n");
        }
    }

    @Test
    void anAddressThatSwallowsPacketsHandsOverToTheNextAndComesLastFromThenOn() throws Exception {
        ScriptedServer server = server(SECOND);
        URI uri = server.uri(NAME);
        try (server;
                Swallower dead = new Swallower(FIRST, uri.getPort())) {
            assertThat(dead.swallows()).isTrue();
            assertThat(dial(uri)).isEqualTo("opened");
            server.close();
            assertThat(dial(uri))
                    .isEqualTo("TIMEOUT no address: 127.0.0.1: Connection refused, 127.0.0.2: Connect timed out");
        }
    }

    @Test
    void aServerThatRefusesAndOneThatIsGoneAreBothToldOf() throws Exception {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, ScriptedServer.address(SECOND))) {
            port = closed.getLocalPort();
        }
        try (Swallower dead = new Swallower(FIRST, port)) {
            assertThat(dead.swallows()).isTrue();
            assertThat(dial(URI.create("ws://" + NAME + ":" + port)))
                    .isEqualTo("NETWORK no address: 127.0.0.2: Connect timed out, 127.0.0.1: Connection refused");
        }
    }

    @Test
    void aServerThatTookTheConnectionAndFailedIsNotDialledAgainBeforeTheOther() throws Exception {
        try (ScriptedServer bad = new ScriptedServer(FIRST, 0, peer -> {
                    peer.request();
                    peer.write("HTTP/1.1 503 Service Unavailable\r\n\r\n");
                });
                ScriptedServer good = new ScriptedServer(SECOND, bad.uri().getPort(), this::upgrade)) {
            assertThat(dial(bad.uri(NAME))).startsWith("OVERLOAD");
            assertThat(good.connections).hasValue(0);
            assertThat(dial(bad.uri(NAME))).isEqualTo("opened");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void aNameOfBothFamiliesIsServedByEither(String only) throws Exception {
        transport.close();
        transport = transport("127.0.0.1", "::1");
        try (ScriptedServer server = server(only)) {
            assertThat(dial(server.uri("localhost"))).isEqualTo("opened");
        }
    }

    @Test
    void theNameLocalhostAndAnAddressInBracketsAreDialledAsTheyAre() throws Exception {
        transport.close();
        transport = new HttpTransport(config(), Proxies.none(), time);
        try (ScriptedServer server = server("127.0.0.1")) {
            assertThat(dial(server.uri("localhost"))).isEqualTo("opened");
            assertThat(requests.take()).containsIgnoringCase("Host: localhost:");
        }
        try (ScriptedServer server = server("::1")) {
            assertThat(dial(server.uri("[::1]"))).isEqualTo("opened");
            assertThat(requests.take()).containsIgnoringCase("Host: [::1]:");
        }
    }

    @Test
    void aNameWithNoAddressIsThisSidesFault() {
        transport.close();
        transport = new HttpTransport(
                config(),
                Proxies.none(),
                time,
                host -> {
                    throw new UnknownHostException(host);
                },
                null);
        assertThat(dial(URI.create("ws://" + NAME))).isEqualTo("LOCAL host name not found: server.example");
    }

    private ScriptedServer server(String address) throws IOException {
        return new ScriptedServer(address, this::upgrade);
    }

    private void upgrade(ScriptedServer.Peer peer) throws IOException {
        peer.upgrade();
        requests.add(peer.lastRequest());
        peer.silence();
    }

    private Transport transport(String... addresses) {
        InetAddress[] resolved = Stream.of(addresses).map(AddressesIT::address).toArray(InetAddress[]::new);
        return new HttpTransport(config(), Proxies.none(), time, host -> resolved, null);
    }

    private static InetAddress address(String literal) {
        try {
            return ScriptedServer.address(literal);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private String dial(URI server) {
        BlockingQueue<String> outcome = new LinkedBlockingQueue<>();
        Transport.Connection connection =
                transport.dial(new Route.Leg(server, Way.WEBSOCKET, false), Map.of(), new Outcomes(outcome));
        try {
            String first = outcome.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            connection.abort();
            return String.valueOf(first);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static LinkConfig config() {
        LinkConfig defaults = LinkConfig.of(URI.create("ws://127.0.0.1:1"));
        RouteConfig.Schedule schedule = RouteConfig.Schedule.DEFAULT;
        RouteConfig.Schedule stableAtOnce = new RouteConfig.Schedule(
                schedule.backoff(),
                schedule.rejected(),
                schedule.breaker(),
                Duration.ofNanos(1),
                schedule.maxRetryAfter());
        return defaults.with(defaults.route().with(stableAtOnce))
                .with(new LinkConfig.Timeouts(Duration.ofSeconds(3), Duration.ofSeconds(10), Duration.ofSeconds(30)));
    }

    /** A port whose queue of connections is full, so that what comes further is dropped without a word. */
    private static final class Swallower implements AutoCloseable {

        private final ServerSocket listener;
        private final List<Socket> queued = new ArrayList<>();
        private boolean full;

        Swallower(String address, int port) throws IOException {
            listener = new ServerSocket(port, 1, ScriptedServer.address(address));
            for (int i = 0; i < 10 && !full; i++) {
                Socket socket = new Socket();
                queued.add(socket);
                try {
                    socket.connect(new InetSocketAddress(listener.getInetAddress(), port), 200);
                } catch (SocketTimeoutException dropped) {
                    full = true;
                }
            }
        }

        boolean swallows() {
            return full;
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : queued) {
                socket.close();
            }
            listener.close();
        }
    }
}
