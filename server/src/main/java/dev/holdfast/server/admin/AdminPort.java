// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admin;

import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Value;
import dev.holdfast.server.admission.Entrance;
import dev.holdfast.server.fleet.AgentLink;
import dev.holdfast.server.fleet.AgentRecord;
import dev.holdfast.server.fleet.Fleet;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import io.javalin.router.JavalinDefaultRoutingApi;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where operators look: {@code /api/agents} and {@code /api/agents/UID} in JSON with a bearer token, and without
 * {@code /metrics} in Prometheus form, {@code /health} (whether agents may come) and {@code /health/live}. Safe for use
 * by any thread.
 */
public final class AdminPort implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(AdminPort.class);

    private static final String METRICS = "/metrics";

    private static final String HEALTH = "/health";

    private static final String LIVE = "/health/live";

    private static final Map<String, String> WELL = Map.of("status", "ok");

    private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final String SCHEME = "Bearer ";

    private static final Pattern LOOPBACK =
            Pattern.compile("(localhost|127(\\.\\d+){3}|\\[::1])(:\\d+)?", Pattern.CASE_INSENSITIVE);

    private static final Comparator<AgentRecord> BY_HOST_THEN_UID =
            Comparator.comparing(AgentRecord::host).thenComparing(AgentRecord::uid);

    private final JsonMapper json = JsonMapper.builder().build();
    private final Fleet fleet;
    private final Entrance entrance;
    private final PrometheusMeterRegistry metrics;
    private final Consumer<JavalinDefaultRoutingApi> more;
    private final byte[] token;
    private final Javalin app;
    private final InetSocketAddress address;

    private AdminPort(
            InetSocketAddress listen,
            String token,
            Fleet fleet,
            Entrance entrance,
            Consumer<JavalinDefaultRoutingApi> more,
            PrometheusMeterRegistry metrics)
            throws IOException {
        this.fleet = fleet;
        this.entrance = entrance;
        this.more = more;
        this.metrics = metrics;
        this.token = token.getBytes(StandardCharsets.UTF_8);
        // Bound here and not by Javalin, which would write of a taken port itself before it says so.
        ServerSocketChannel socket = ServerSocketChannel.open();
        try {
            socket.bind(listen);
            this.app = app(socket);
            app.start();
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
        this.address = new InetSocketAddress(listen.getAddress(), app.port());
    }

    /**
     * Opens the port.
     *
     * @param listen where; port 0 takes a free one
     * @param token what to show as {@code Authorization: Bearer TOKEN}
     * @param entrance tells whether agents may come
     * @param more adds what there is besides the agents, all of it behind the token
     * @throws IOException if it cannot listen there
     */
    public static AdminPort open(
            InetSocketAddress listen,
            String token,
            Fleet fleet,
            Entrance entrance,
            Consumer<JavalinDefaultRoutingApi> more,
            PrometheusMeterRegistry metrics)
            throws IOException {
        return new AdminPort(listen, token, fleet, entrance, more, metrics);
    }

    private static Connector connector(Server server, HttpConfiguration http, ServerSocketChannel socket) {
        ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
        try {
            connector.open(socket);
            return connector;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Javalin app(ServerSocketChannel socket) {
        return Javalin.create(config -> {
            config.jetty.addConnector((server, http) -> connector(server, http, socket));
            config.startup.showJavalinBanner = false;
            config.startup.showOldJavalinVersionWarning = false;
            config.startup.startupWatcherEnabled = false;
            config.concurrency.useVirtualThreads = true;
            config.routes.before(this::requireToken);
            config.routes.get("/api/agents", this::list);
            config.routes.get("/api/agents/{uid}", this::one);
            config.routes.get(METRICS, this::metrics);
            config.routes.get(HEALTH, this::health);
            config.routes.get(LIVE, ctx -> write(ctx, WELL));
            more.accept(config.routes);
            config.routes.error(404, ctx -> {
                if (ctx.resultInputStream() == null || !"application/json".equals(ctx.contentType())) {
                    error(
                            ctx,
                            HttpStatus.NOT_FOUND,
                            "path: " + ctx.path() + " (expected: /api/agents, /api/events, /api/drops, " + METRICS
                                    + ", " + HEALTH + " or " + LIVE + ")");
                }
            });
            config.routes.exception(Exception.class, (e, ctx) -> {
                log.error("{} {} failed", ctx.method(), ctx.path(), e);
                error(ctx, HttpStatus.INTERNAL_SERVER_ERROR, "the server failed; its log says why");
            });
        });
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return address;
    }

    /** Stops. */
    @Override
    public void close() {
        app.stop();
    }

    /** Everything needs the token unless it is named here. */
    private void requireToken(Context ctx) {
        if (List.of(METRICS, HEALTH, LIVE).contains(ctx.path())) {
            return;
        }
        String given = Objects.requireNonNullElse(ctx.header("Authorization"), "");
        boolean right = given.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                && MessageDigest.isEqual(
                        given.substring(SCHEME.length()).strip().getBytes(StandardCharsets.UTF_8), token);
        if (!right) {
            ctx.header("WWW-Authenticate", "Bearer");
            error(
                    ctx,
                    HttpStatus.UNAUTHORIZED,
                    "Authorization: missing or wrong (expected: Bearer and the token in"
                            + " admin.token of the server's data directory)");
            ctx.skipRemainingHandlers();
        }
    }

    private void list(Context ctx) {
        List<Map.Entry<String, String>> wanted;
        try {
            wanted = ctx.queryParams("label").stream().map(AdminPort::label).toList();
        } catch (IllegalArgumentException e) {
            error(ctx, HttpStatus.BAD_REQUEST, String.valueOf(e.getMessage()));
            return;
        }
        write(
                ctx,
                fleet.agents().stream()
                        .filter(agent -> agent.labels().entrySet().containsAll(wanted))
                        .sorted(BY_HOST_THEN_UID)
                        .map(this::line)
                        .toList());
    }

    private static Map.Entry<String, String> label(String text) {
        int equals = text.indexOf('=');
        if (equals < 1) {
            throw new IllegalArgumentException("label: " + text + " (expected: NAME=VALUE, such as site=berlin)");
        }
        return Map.entry(text.substring(0, equals), text.substring(equals + 1));
    }

    private Map<String, @Nullable Object> line(AgentRecord agent) {
        return AgentJson.line(agent, fleet.transport(agent.uid()), fleet.clockOffset(agent.uid()));
    }

    private void one(Context ctx) {
        InstanceUid uid;
        try {
            uid = InstanceUid.parse(ctx.pathParam("uid"));
        } catch (IllegalArgumentException e) {
            error(ctx, HttpStatus.BAD_REQUEST, String.valueOf(e.getMessage()));
            return;
        }
        fleet.agent(uid)
                .ifPresentOrElse(
                        agent -> write(ctx, AgentJson.whole(agent, line(agent))),
                        () -> error(
                                ctx,
                                HttpStatus.NOT_FOUND,
                                "instance_uid: " + uid + " (expected: that of an agent which has registered)"));
    }

    private void health(Context ctx) {
        entrance.closed().ifPresentOrElse(refusal -> closed(ctx, refusal), () -> write(ctx, WELL));
    }

    private void closed(Context ctx, Entrance.Refusal refusal) {
        ctx.header("Retry-After", Long.toString(refusal.seconds()));
        error(ctx, HttpStatus.SERVICE_UNAVAILABLE, refusal.reason());
    }

    private void metrics(Context ctx) {
        String host = Objects.requireNonNullElse(ctx.header("Host"), "");
        // A page in a browser of this machine may have a name of its own that leads here.
        if (address.getAddress().isLoopbackAddress() && !LOOPBACK.matcher(host).matches()) {
            error(ctx, HttpStatus.FORBIDDEN, "Host: " + host + " (expected: localhost, 127.0.0.1 or [::1])");
            return;
        }
        ctx.contentType(METRICS_TYPE).result(metrics.scrape());
    }

    private void error(Context ctx, HttpStatus status, String message) {
        write(ctx.status(status), Map.of("error", message));
    }

    private void write(Context ctx, Object body) {
        ctx.contentType("application/json").result(json.writeValueAsBytes(body));
    }

    /** An agent as the admin port shows it: instants in ISO 8601, names in snake case, null where nothing is known. */
    private static final class AgentJson {

        private AgentJson() {}

        /** What a list shows of each. */
        static Map<String, @Nullable Object> line(
                AgentRecord agent, Optional<AgentLink.Transport> transport, Optional<Duration> clockOffset) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("instance_uid", agent.uid().toString());
            json.put("host", agent.host());
            json.put("attached", agent.attached());
            json.put("transport", transport.map(AgentLink.Transport::word).orElse(null));
            json.put("registrations", agent.registrations());
            json.put("rejoins", agent.rejoins());
            json.put("first_seen", agent.firstSeen().toString());
            json.put("last_seen", agent.lastSeen().toString());
            json.put("clock_offset_s", clockOffset.map(Duration::toSeconds).orElse(null));
            json.put("version", agent.description().text("service.version").orElse(null));
            json.put("healthy", agent.health() == null ? null : agent.health().healthy());
            json.put("labels", agent.labels());
            return json;
        }

        /** All there is. */
        static Map<String, @Nullable Object> whole(AgentRecord agent, Map<String, @Nullable Object> line) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>(line);
            Map<String, @Nullable Object> description = new LinkedHashMap<>();
            description.put("identifying", Value.plain(agent.description().identifying()));
            description.put("non_identifying", Value.plain(agent.description().nonIdentifying()));
            json.put("description", description);
            json.put("health", agent.health() == null ? null : health(agent.health()));
            AgentRecord.Status status = agent.status();
            json.put("status", status == null ? null : JsonMapper.shared().readTree(status.text()));
            json.put("status_at", status == null ? null : status.at().toString());
            json.put("state_hash", agent.stateHash());
            json.put("capabilities", agent.capabilities());
            return json;
        }

        private static Map<String, @Nullable Object> health(Health health) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("healthy", health.healthy());
            json.put("status", health.status());
            json.put("last_error", health.lastError());
            json.put(
                    "started_at",
                    health.startedAt() == null ? null : health.startedAt().toString());
            json.put("at", health.at() == null ? null : health.at().toString());
            json.put("attributes", Value.plain(health.attributes()));
            Map<String, Object> components = new LinkedHashMap<>();
            health.components().forEach((name, part) -> components.put(name, health(part)));
            json.put("components", components);
            return json;
        }
    }
}
