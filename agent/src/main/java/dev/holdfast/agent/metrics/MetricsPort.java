// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.holdfast.agent.link.LinkListener;
import dev.holdfast.agent.link.LinkPhase;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.time.Time;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * A port that tells how an agent is doing: {@code /metrics} in Prometheus form, {@code /health}, which is 200 as long
 * as the process answers at all, and {@code /ready}, which is 200 while the link is attached and 503 otherwise. On
 * loopback it answers only who calls it by a name of loopback, so that no web page that a browser shows can read it.
 * Safe for use by any thread.
 */
public final class MetricsPort implements AutoCloseable {

    private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
    private static final String PLAIN = "text/plain; charset=utf-8";
    private static final Pattern LOOPBACK =
            Pattern.compile("(localhost|127(\\.\\d+){3}|\\[::1])(:\\d+)?", Pattern.CASE_INSENSITIVE);

    private static final int OK = 200;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int NOT_ALLOWED = 405;
    private static final int UNAVAILABLE = 503;
    private static final int NO_BODY = -1;

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Supplier<LinkPhase> phase;
    private final LinkMeters link;

    @SuppressWarnings("unused") // The registry holds on to it by a weak reference alone.
    private final OutboxMeters outbox;

    private final HttpServer http;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private MetricsPort(MetricsConfig config, Supplier<LinkPhase> phase, Supplier<Optional<Outbox>> outbox, Time time)
            throws IOException {
        this.phase = phase;
        this.link = new LinkMeters(registry, phase, time, config.allowedGap());
        this.outbox = new OutboxMeters(registry, outbox);
        this.http = HttpServer.create(config.listen(), 0);
        http.setExecutor(threads);
        http.createContext("/", this::answer);
    }

    /**
     * Opens the port.
     *
     * @param phase where the link stands
     * @param outbox the outbox, while it is open
     * @param time what gaps are measured with
     * @throws IOException if it cannot listen there
     */
    public static MetricsPort open(
            MetricsConfig config, Supplier<LinkPhase> phase, Supplier<Optional<Outbox>> outbox, Time time)
            throws IOException {
        MetricsPort port = new MetricsPort(config, phase, outbox, time);
        port.http.start();
        return port;
    }

    /** Where it listens, with the port that it got. */
    public InetSocketAddress address() {
        return http.getAddress();
    }

    /** Who is to hear what happens to the link. */
    public LinkListener listener() {
        return link;
    }

    @Override
    public void close() {
        http.stop(0);
        threads.close();
        registry.close();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (!isOurs(exchange)) {
                send(exchange, FORBIDDEN, PLAIN, "Host: not a name of loopback (expected: such as localhost)\n");
            } else if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, NOT_ALLOWED, PLAIN, "method: " + method + " (expected: GET or HEAD)\n");
            } else {
                answerPath(exchange);
            }
        }
    }

    private void answerPath(HttpExchange exchange) throws IOException {
        switch (exchange.getRequestURI().getPath()) {
            case "/metrics" -> send(exchange, OK, METRICS_TYPE, registry.scrape());
            case "/health" -> send(exchange, OK, PLAIN, "ok\n");
            case "/ready" -> {
                LinkPhase now = phase.get();
                int status = now == LinkPhase.ATTACHED ? OK : UNAVAILABLE;
                send(exchange, status, PLAIN, now.name().toLowerCase(Locale.ROOT) + "\n");
            }
            default -> send(exchange, NOT_FOUND, PLAIN, "path: unknown (expected: /metrics, /health or /ready)\n");
        }
    }

    private boolean isOurs(HttpExchange exchange) {
        String host = exchange.getRequestHeaders().getFirst("Host");
        return !address().getAddress().isLoopbackAddress()
                || (host != null && LOOPBACK.matcher(host).matches());
    }

    private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        boolean isHead = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, isHead ? NO_BODY : body.length);
        if (!isHead) {
            exchange.getResponseBody().write(body);
        }
    }
}
