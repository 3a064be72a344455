// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.Transport;
import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.SystemTime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a dial that goes wrong, against real sockets. */
class HttpTransportIT {

    private static final Duration HANDSHAKE_TIMEOUT = Duration.ofMillis(500);

    private final SystemTime time = SystemTime.start("transport-under-test");
    private Transport transport = new HttpTransport(config(), Proxies.none(), time);

    @AfterEach
    void close() {
        transport.close();
        time.close();
    }

    @ParameterizedTest
    @CsvSource({
        "200 OK, '', PROTOCOL, ''",
        "301 Moved Permanently, 'Location: http://127.0.0.1:9/', PROTOCOL, ''",
        "400 Bad Request, '', REJECTED, ''",
        "401 Unauthorized, 'WWW-Authenticate: Bearer', AUTH, ''",
        "404 Not Found, '', REJECTED, ''",
        "429 Too Many Requests, 'Retry-After: 7', OVERLOAD, PT7S",
        "502 Bad Gateway, 'Content-Type: text/html', SERVER, ''",
        "503 Service Unavailable, '', OVERLOAD, ''",
        "503 Service Unavailable, 'Retry-After: 7', OVERLOAD, PT7S",
        "503 Service Unavailable, 'Retry-After: soon', OVERLOAD, ''",
        "503 Service Unavailable, 'Retry-After: -5', OVERLOAD, ''",
        "503 Service Unavailable, 'Retry-After: 1000000000000000000000000000000', OVERLOAD, PT640511H56M49.213693951S",
        "503 Service Unavailable, 'Retry-After: Sun, 06 Nov 1994 08:49:37 GMT', OVERLOAD, PT0S",
        "429 Too Many Requests, 'Retry-After: Fri, 31 Dec 9999 23:59:59 GMT', OVERLOAD, PT640511H56M49.213693951S",
        "503 Service Unavailable, 'Holdfast-Retry-After-Ms: 99999999999999999999', OVERLOAD, ''",
        "503 Service Unavailable, 'Holdfast-Retry-After-Ms: 1234', OVERLOAD, PT1.234S",
    })
    void aRefusedUpgradeIsToldByItsStatus(String status, String header, Cause cause, String retryAfter)
            throws IOException {
        String response =
                "HTTP/1.1 " + status + "\r\n" + (header.isEmpty() ? "" : header + "\r\n") + "Content-Length: 0\r\n\r\n";
        Failure failure = failureOf(response);
        assertThat(failure.cause()).as(failure.detail()).isEqualTo(cause);
        assertThat(failure.detail()).contains(status.substring(0, 3));
        assertThat(failure.retryAfter()).isEqualTo(retryAfter.isEmpty() ? null : Duration.parse(retryAfter));
    }

    /** As when an agent is stopped that has just been started: its log would end with a stack trace. */
    @Test
    void aConnectionThatBeginsOnceAllIsClosedIsNoFailure() {
        HttpTransport closed = new HttpTransport(config(), Proxies.none(), time);
        List<String> told = new CopyOnWriteArrayList<>();
        closed.close();
        Connector late = new Connector(
                closed,
                URI.create("ws://127.0.0.1:9"),
                closed.loop().next(),
                channel -> told.add("ready"),
                failure -> told.add(failure.detail()));

        assertThatCode(late::begin).doesNotThrowAnyException();
        assertThat(told).isEmpty();
    }

    /** The server's clock says a year long gone, or one to come: what counts is how far its two dates are apart. */
    @ParameterizedTest
    @ValueSource(strings = {"Sun, 06 Nov 1994", "Mon, 06 Nov 2056"})
    void aDateIsMeasuredFromTheServersOwn(String day) throws IOException {
        Failure failure = failureOf("HTTP/1.1 503 Service Unavailable\r\ndate: " + day
                + " 08:49:07 GMT\r\nretry-after: " + day + " 08:49:37 GMT\r\n\r\n");
        assertThat(failure.retryAfter()).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void garbageInPlaceOfAnAnswerIsAProtocolFailure() throws IOException {
        assertThat(failureOf("what is this\r\n\r\n").cause()).isEqualTo(Cause.PROTOCOL);
    }

    @Test
    void aConnectionClosedWithoutAnAnswerIsANetworkFailure() throws IOException {
        assertThat(failureOf("").cause()).isEqualTo(Cause.NETWORK);
    }

    @Test
    void aServerThatNeverAnswersIsATimeout() throws IOException {
        try (ServerSocket silent = listen()) {
            assertThat(dial(uri("ws", silent.getLocalPort())).cause()).isEqualTo(Cause.TIMEOUT);
        }
    }

    @Test
    void aRefusedConnectionIsANetworkFailure() throws IOException {
        int freePort;
        try (ServerSocket closed = listen()) {
            freePort = closed.getLocalPort();
        }
        assertThat(dial(uri("ws", freePort)).cause()).isEqualTo(Cause.NETWORK);
    }

    @Test
    void aHostThatHasNoAddressIsALocalFailure() {
        Failure failure = dial(URI.create("ws://no-such-host.invalid:4320/v1/opamp"));
        assertThat(failure.cause()).as(failure.detail()).isEqualTo(Cause.LOCAL);
        assertThat(failure.detail()).startsWith("host name not found: no-such-host.invalid");
    }

    @Test
    void aPlainServerBehindASecureUrlIsATlsFailure() throws IOException {
        waitForTls();
        try (ServerSocket plain = listen()) {
            answer(plain, "HTTP/1.1 400 Bad Request\r\n\r\n");
            Failure failure = dial(uri("wss", plain.getLocalPort()));
            assertThat(failure.cause()).as(failure.detail()).isEqualTo(Cause.TLS);
        }
    }

    /** What a server does that restarts or sheds load says nothing about its certificate. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aHandshakeThatIsCutShortIsANetworkFailure(boolean reset) throws IOException {
        waitForTls();
        try (ServerSocket server = listen()) {
            CompletableFuture<Integer> hello = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try (Socket socket = server.accept()) {
                    hello.complete(socket.getInputStream().read(new byte[4096]));
                    socket.setSoLinger(reset, 0);
                } catch (IOException e) {
                    hello.completeExceptionally(e);
                }
            });
            Failure failure = dial(uri("wss", server.getLocalPort()));
            assertThat(failure.cause()).as(failure.detail()).isEqualTo(Cause.NETWORK);
            assertThat(hello.join()).isPositive();
        }
    }

    /** TLS itself may need longer than the others are given, the first time. */
    private void waitForTls() {
        transport.close();
        transport = new HttpTransport(LinkConfig.of(URI.create("wss://127.0.0.1:1")), Proxies.none(), time);
    }

    private Failure failureOf(String response) throws IOException {
        try (ServerSocket server = listen()) {
            answer(server, response);
            return dial(uri("ws", server.getLocalPort()));
        }
    }

    private Failure dial(URI server) {
        CompletableFuture<Failure> failure = new CompletableFuture<>();
        transport.dial(new Route.Leg(server, Way.WEBSOCKET, false), Map.of(), new Transport.Events() {
            @Override
            public void probed(ProbeResult found) {
                failure.completeExceptionally(new AssertionError("probed"));
            }

            @Override
            public void blocked(Failure why) {
                failure.complete(why);
            }

            @Override
            public void opened() {
                failure.completeExceptionally(new AssertionError("opened"));
            }

            @Override
            public void failed(Failure why) {
                failure.complete(why);
            }

            @Override
            public void received(ByteBuffer frame) {
                failure.completeExceptionally(new AssertionError("received"));
            }

            @Override
            public void pong() {
                failure.completeExceptionally(new AssertionError("pong"));
            }
        });
        return failure.orTimeout(30, TimeUnit.SECONDS).join();
    }

    /**
     * Reads some of each request, answers, and closes.
     */
    private static void answer(ServerSocket server, String response) {
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    byte[] request = new byte[4096];
                    if (socket.getInputStream().read(request) > 0) {
                        socket.getOutputStream().write(response.getBytes(US_ASCII));
                    }
                } catch (IOException closedByTheTest) {
                    assertThat(server.isClosed()).isTrue();
                }
            }
        });
    }

    private static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    }

    private static URI uri(String scheme, int port) {
        return URI.create(scheme + "://127.0.0.1:" + port + "/v1/opamp");
    }

    private static LinkConfig config() {
        return LinkConfig.of(URI.create("ws://127.0.0.1:1"))
                .with(new LinkConfig.Timeouts(HANDSHAKE_TIMEOUT, Duration.ofSeconds(10), Duration.ofSeconds(30)));
    }
}
