// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is read of a server, from one that says what the test wants. */
class AdminApiTest {

    private final Map<String, Page> pages = new HashMap<>();

    private HttpServer server;
    private AdminApi api;

    /** An answer, with the headers of a page. */
    private record Page(String json, long next, boolean end) {}

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        api = new AdminApi(URI.create("http://127.0.0.1:" + server.getAddress().getPort()), "secret");
    }

    @AfterEach
    void stop() {
        api.close();
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        Page page = pages.get(exchange.getRequestURI().toString());
        boolean isKnown = "Bearer secret".equals(exchange.getRequestHeaders().getFirst("Authorization"));
        byte[] body = (page == null ? "nothing there" : page.json()).getBytes(StandardCharsets.UTF_8);
        if (page != null) {
            exchange.getResponseHeaders().add("Holdfast-Next", Long.toString(page.next()));
            exchange.getResponseHeaders().add("Holdfast-End", Boolean.toString(page.end()));
        }
        exchange.sendResponseHeaders(!isKnown ? 401 : page == null ? 404 : 200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    @Test
    void allPagesAreReadThoughOneIsEmpty() throws Exception {
        pages.put("/api/events?limit=1000&after=0", new Page("[" + event("x", 1, "one a") + "]", 9, false));
        pages.put("/api/events?limit=1000&after=9", new Page("[]", 12, false));
        pages.put("/api/events?limit=1000&after=12", new Page("[" + event("y", 2, "two b") + "]", 13, true));
        assertThat(api.arrivals())
                .containsExactly(
                        new Arrival("x", "a", 1, Payload.of("one a")), new Arrival("y", "a", 2, Payload.of("two b")));
    }

    @Test
    void aPayloadIsReadAsTextAndInBase64AndAsJson() throws Exception {
        byte[] bytes = {'o', 'n', 'e', ' ', 0, (byte) 0xff};
        String encoded = Base64.getEncoder().encodeToString(bytes);
        pages.put(
                "/api/events?limit=1000&after=0",
                new Page(
                        "[{\"id\":\"x\",\"lane\":\"a\",\"sequence\":\"1\",\"data_base64\":\"" + encoded + "\"},"
                                + "{\"id\":\"y\",\"lane\":\"a\",\"sequence\":\"2\",\"data\":{\"cpu\":1}}]",
                        2,
                        true));
        assertThat(api.arrivals())
                .extracting(Arrival::payload)
                .containsExactly(Payload.of(bytes), Payload.of("{\"cpu\":1}"));
    }

    @Test
    void pagesThatDoNotGoOnAreAnErrorAndNotForEver() {
        pages.put("/api/events?limit=1000&after=0", new Page("[]", 0, false));
        assertThatThrownBy(() -> api.arrivals())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Holdfast-Next: 0 (expected: more than 0)");
    }

    @Test
    void onlyDeadLettersExcuse() throws Exception {
        pages.put(
                "/api/drops?limit=1000&after=0",
                new Page(
                        "[{\"lane\":\"a\",\"first\":3,\"last\":5,\"why\":\"dead\"},"
                                + "{\"lane\":\"a\",\"first\":7,\"last\":7,\"why\":\"damaged\"}]",
                        2,
                        true));
        assertThat(api.deadLetters()).containsExactly(new Drop("a", 3, 5));
    }

    @Test
    void attachmentsAreCountedOverAllAgents() throws Exception {
        pages.put(
                "/api/agents",
                new Page(
                        "[{\"attached\":true,\"registrations\":1,\"rejoins\":4},"
                                + "{\"attached\":false,\"registrations\":2,\"rejoins\":0}]",
                        0,
                        true));
        assertThat(api.fleet()).isEqualTo(new AdminApi.Fleet(1, 7));
    }

    @Test
    void anErrorIsNoEmptyAnswer() {
        assertThatThrownBy(() -> api.arrivals())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("status 404 (expected: 200), nothing there");
        pages.put("/api/agents", new Page("<html>", 0, true));
        assertThatThrownBy(() -> api.fleet())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/api/agents: not JSON");
    }

    private static String event(String id, long sequence, String data) {
        return "{\"id\":\"" + id + "\",\"lane\":\"a\",\"sequence\":\"" + sequence + "\",\"data\":\"" + data + "\"}";
    }
}
