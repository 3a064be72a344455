// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.http.ScriptedServer.Script;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.Transport;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.RouteConfig;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Wire;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Probes, polls and proxies, over real sockets. */
class RequestsIT {

    private static final int PATIENCE_SECONDS = 30;
    private static final String KEEP = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    private static final InstanceUid UID = InstanceUid.parse("01996b8a-7c1e-7d3a-9b1f-0123456789ab");

    private final SystemTime time = SystemTime.start("requests-under-test");
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private Transport transport = transport(Proxies.none());

    @AfterEach
    void close() {
        transport.close();
        time.close();
    }

    @Test
    void aProbeAndTheDialThatFollowsItShareAConnection() throws Exception {
        try (ScriptedServer server = new ScriptedServer(peer -> {
            note(peer);
            peer.write(KEEP);
            peer.upgrade();
            requests.add(peer.lastRequest());
            peer.silence();
        })) {
            Transport.Connection connection = dial(server.uri(), Way.WEBSOCKET, true);
            assertThat(next(heard)).isEqualTo("WELL");
            assertThat(next(requests))
                    .startsWith("HEAD /health HTTP/1.1\r\n")
                    .containsIgnoringCase("Host: 127.0.0.1:")
                    .doesNotContain("OpAMP-Instance-UID");
            connection.proceed();
            assertThat(next(heard)).isEqualTo("opened");
            assertThat(next(requests)).startsWith("GET /v1/opamp HTTP/1.1\r\n");
            assertThat(server.connections).hasValue(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"})
    void aConnectionThatTheServerDoesNotKeepIsFollowedByAnother(String answer) throws Exception {
        try (ScriptedServer server = new ScriptedServer(peer -> {
            peer.request();
            if (peer.lastRequest().startsWith("HEAD")) {
                peer.write(answer);
            } else {
                peer.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
            }
        })) {
            Transport.Connection connection = dial(server.uri(), Way.WEBSOCKET, true);
            assertThat(next(heard)).isEqualTo("WELL");
            connection.proceed();
            assertThat(next(heard)).startsWith("PROTOCOL");
            assertThat(server.connections).hasValue(2);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "204 No Content, WELL",
        "404 Not Found, UNKNOWN",
        "405 Method Not Allowed, UNKNOWN",
        "501 Not Implemented, UNKNOWN",
        "301 Moved Permanently, UNKNOWN",
        "401 Unauthorized, UNKNOWN",
        "500 Internal Server Error, SERVER the server answered 500 to a probe",
        "502 Bad Gateway, SERVER the server answered 502 to a probe",
        "503 Service Unavailable, OVERLOAD the server answered 503 to a probe",
        "429 Too Many Requests, OVERLOAD the server answered 429 to a probe",
    })
    void aProbeTellsOneThatIsWellFromOneThatIsNotAndFromOneThatDoesNotSay(String status, String told) throws Exception {
        try (ScriptedServer server = new ScriptedServer(peer -> {
            peer.request();
            peer.write("HTTP/1.1 " + status + "\r\nContent-Length: 1000000\r\n\r\n");
        })) {
            dial(server.uri(), Way.WEBSOCKET, true);
            assertThat(next(heard)).isEqualTo(told);
        }
    }

    @Test
    void aProbeThatIsNotAnsweredIsATimeout() throws Exception {
        try (ScriptedServer server = new ScriptedServer(ScriptedServer.Peer::silence)) {
            LinkConfig config = LinkConfig.of(server.uri());
            transport.close();
            transport = new HttpTransport(
                    config.with(config.route().with(new RouteConfig.Probing(true, Duration.ofMillis(300)))),
                    Proxies.none(),
                    time);
            dial(server.uri(), Way.WEBSOCKET, true);
            assertThat(next(heard)).isEqualTo("TIMEOUT not connected within 300ms");
        }
    }

    @Test
    void eachMessageIsAPostAndTheAnswersBodyIsWhatTheServerSays() throws Exception {
        try (ScriptedServer server = new ScriptedServer(this::answerPolls)) {
            Transport.Connection connection = dial(server.uri(), Way.POLLING, false);
            assertThat(next(heard)).isEqualTo("opened");
            for (int poll = 0; poll < 3; poll++) {
                post(connection);
                assertThat(next(heard)).isEqualTo("received");
                assertThat(next(requests))
                        .startsWith("POST /v1/opamp HTTP/1.1\r\n")
                        .containsIgnoringCase("Content-Type: application/x-protobuf")
                        .contains("OpAMP-Instance-UID: " + UID);
            }
            assertThat(server.connections).hasValue(1);
        }
    }

    @Test
    void betweenTwoPollsTheServerMayCloseTheConnection() throws Exception {
        try (ScriptedServer server = new ScriptedServer(peer -> answerPoll(peer, "Connection: close\r\n"))) {
            Transport.Connection connection = dial(server.uri(), Way.POLLING, false);
            assertThat(next(heard)).isEqualTo("opened");
            for (int poll = 0; poll < 3; poll++) {
                post(connection);
                assertThat(next(heard)).isEqualTo("received");
            }
            assertThat(server.connections).hasValue(3);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'HTTP/1.1 503 Service Unavailable\r\n\r\n', OVERLOAD the server answered 503 to a poll",
        "'HTTP/1.1 401 Unauthorized\r\n\r\n', AUTH the server answered 401 to a poll",
        "'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>', PROTOCOL the server answered a poll with text/html",
        "'nonsense\r\n\r\n', PROTOCOL the answer to a poll is none",
        "'', NETWORK closed without an answer to a poll",
    })
    void aPollThatIsNotAnsweredAsItShouldBeEndsTheLink(String answer, String told) throws Exception {
        try (ScriptedServer server = new ScriptedServer(peer -> {
            peer.request();
            peer.body();
            peer.write(answer);
        })) {
            Transport.Connection connection = dial(server.uri(), Way.POLLING, false);
            assertThat(next(heard)).isEqualTo("opened");
            post(connection);
            assertThat(next(heard)).startsWith(told);
        }
    }

    @Test
    void anAnswerWithoutEndIsNotHeldInMemory() throws Exception {
        try (ScriptedServer server = new ScriptedServer(peer -> {
            peer.request();
            peer.body();
            peer.write("HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n\r\n");
            assertThat(peer.flood(new byte[1 << 16])).isLessThan(ScriptedServer.FLOOD);
        })) {
            transport.close();
            transport = new HttpTransport(LinkConfig.of(server.uri()).withMessageLimit(1 << 20), Proxies.none(), time);
            Transport.Connection connection = dial(server.uri(), Way.POLLING, false);
            assertThat(next(heard)).isEqualTo("opened");
            post(connection);
            assertThat(next(heard)).isEqualTo("PROTOCOL the answer to a poll is larger than 1048576 bytes");
        }
    }

    @Test
    void aProxyIsAskedToConnectByNameAndWithCredentials() throws Exception {
        try (ScriptedServer server = new ScriptedServer(peer -> {
                    peer.upgrade();
                    requests.add(peer.lastRequest());
                    peer.silence();
                });
                ScriptedServer proxy = new ScriptedServer(tunnelTo(server))) {
            transport.close();
            transport = transport(Proxies.always(
                    Proxy.of("127.0.0.1:" + proxy.uri().getPort()).with("me", "it's me")));
            dial(URI.create("ws://only.the.proxy.knows.example:4320"), Way.WEBSOCKET, false);
            assertThat(next(heard)).isEqualTo("opened");
            String credentials = Base64.getEncoder().encodeToString("me:it's me".getBytes(US_ASCII));
            assertThat(next(requests))
                    .startsWith("CONNECT only.the.proxy.knows.example:4320 HTTP/1.1\r\n")
                    .containsIgnoringCase("proxy-authorization: Basic " + credentials);
            assertThat(next(requests))
                    .startsWith("GET /v1/opamp HTTP/1.1\r\n")
                    .containsIgnoringCase("Host: only.the.proxy.knows.example:4320")
                    .doesNotContainIgnoringCase("proxy-authorization");
        }
    }

    @Test
    void pollsGoThroughAProxyAsWell() throws Exception {
        try (ScriptedServer server = new ScriptedServer(this::answerPolls);
                ScriptedServer proxy = new ScriptedServer(tunnelTo(server))) {
            transport.close();
            transport = transport(Proxies.of(
                    Map.of("HTTP_PROXY", "http://127.0.0.1:" + proxy.uri().getPort())));
            Transport.Connection connection = dial(URI.create("ws://far.example"), Way.POLLING, false);
            assertThat(next(heard)).isEqualTo("opened");
            post(connection);
            assertThat(next(heard)).isEqualTo("received");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "407 Proxy Authentication Required, REJECTED, it asks for credentials",
        "403 Forbidden, REJECTED, it does not connect to this server",
        "502 Bad Gateway, NETWORK, status 502",
        "504 Gateway Timeout, NETWORK, status 504",
    })
    void whatAProxyWillNotDoIsToldAsItsOwn(String status, String cause, String detail) throws Exception {
        try (ScriptedServer proxy = new ScriptedServer(peer -> {
            peer.request();
            peer.write("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
        })) {
            transport.close();
            transport = transport(Proxies.always(
                    Proxy.of("127.0.0.1:" + proxy.uri().getPort()).with("me", "secret")));
            dial(URI.create("ws://far.example"), Way.WEBSOCKET, false);
            assertThat(next(heard))
                    .startsWith(cause + " proxy 127.0.0.1:")
                    .contains(detail)
                    .doesNotContain("secret");
        }
    }

    /** Notes the CONNECT and what is asked through it. */
    private Script tunnelTo(ScriptedServer server) {
        return peer -> {
            note(peer);
            peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
            peer.connectTo(server.uri().getPort());
        };
    }

    private void answerPolls(ScriptedServer.Peer peer) throws IOException {
        while (true) {
            answerPoll(peer, "");
        }
    }

    private void answerPoll(ScriptedServer.Peer peer, String header) throws IOException {
        note(peer);
        byte[] body = peer.body();
        // What was sent comes back: to a transport it is bytes.
        peer.write("HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n" + header + "Content-Length: "
                + body.length + "\r\n\r\n");
        peer.write(body);
    }

    private void note(ScriptedServer.Peer peer) throws IOException {
        peer.request();
        requests.add(peer.lastRequest());
    }

    private void post(Transport.Connection connection) {
        ByteBuffer frame = Wire.frame(AgentMessage.heartbeat(UID, 1, 1));
        connection.transmit(frame);
    }

    private Transport.Connection dial(URI server, Way way, boolean probe) {
        URI endpoint = LinkConfig.of(server).route().servers().urls().getFirst();
        return transport.dial(
                new Route.Leg(endpoint, way, probe),
                Map.of(Wire.Header.INSTANCE_UID, UID.toString()),
                new Outcomes(heard));
    }

    private Transport transport(Proxies proxies) {
        return new HttpTransport(LinkConfig.of(URI.create("ws://127.0.0.1:1")), proxies, time);
    }

    private static String next(BlockingQueue<String> queue) throws InterruptedException {
        return String.valueOf(queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    @Test
    void whatIsToldOfAProxyNeverTellsItsPassword() {
        assertThat(List.of(Proxy.of("http://me:secret@proxy.example:3128")).toString())
                .isEqualTo("[proxy.example:3128]");
    }
}
