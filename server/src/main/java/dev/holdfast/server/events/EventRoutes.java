// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.events;

import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.server.ingest.EventStore;
import dev.holdfast.server.ingest.EventStore.Drop;
import dev.holdfast.server.ingest.EventStore.Page;
import dev.holdfast.server.ingest.EventStore.Push;
import dev.holdfast.server.ingest.EventStore.Query;
import dev.holdfast.server.ingest.EventStoreException;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import io.javalin.router.JavalinDefaultRoutingApi;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/**
 * {@code GET /api/events}, {@code /api/drops} and {@code /api/agents/UID/pushes}. Safe for use by any thread.
 *
 * <p>The first two take {@code after} (an id, to go on after it), {@code limit} (1 to 1,000; 100 by default),
 * {@code agent}, {@code lane}, {@code since}, {@code until} (ISO 8601; when it was stored) and {@code type} (the
 * content type, or why it was dropped). A drop has what its audit tells, where that is JSON as {@link
 * dev.holdfast.opamp.outbox.Item.Gap} says; {@code hash} is the chain hash at the last sequence.
 *
 * <p>Answers carry {@code Holdfast-Next}, the id to go on after, and {@code Holdfast-End}, which says whether that was
 * all for now: a page may be short, or empty, without being the last.
 */
public final class EventRoutes {

    /** The id to go on after. */
    public static final String NEXT = "Holdfast-Next";

    /** Whether there was no more. */
    public static final String END = "Holdfast-End";

    private static final int USUAL = 100;

    private static final int MOST = 1_000;

    /** What the audit of a gap may tell by which name, and what it is called beside the first and last sequence. */
    private static final Map<String, String> AUDIT = audited();

    private final JsonMapper json = JsonMapper.builder().build();
    private final EventStore store;

    /** Those that read from {@code store}. */
    public EventRoutes(EventStore store) {
        this.store = store;
    }

    /** Adds them. */
    public void addTo(JavalinDefaultRoutingApi routes) {
        routes.get("/api/events", ctx -> answer(ctx, this::events));
        routes.get("/api/drops", ctx -> answer(ctx, this::drops));
        routes.get("/api/agents/{uid}/pushes", ctx -> answer(ctx, this::pushes));
    }

    private static Map<String, String> audited() {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("content_type", "content_type");
        names.put("bytes", "bytes");
        names.put("attempts", "attempts");
        names.put("first", "first_attempt");
        names.put("last", "last_attempt");
        names.put("reasons", "reasons");
        return Collections.unmodifiableMap(names);
    }

    /** Answers a request, or says what is wrong with it. */
    @FunctionalInterface
    private interface Handler {

        void handle(Context ctx) throws EventStoreException;
    }

    private void answer(Context ctx, Handler handler) {
        try {
            handler.handle(ctx);
        } catch (IllegalArgumentException e) {
            error(ctx, HttpStatus.BAD_REQUEST, String.valueOf(e.getMessage()));
        } catch (EventStoreException e) {
            error(ctx, HttpStatus.SERVICE_UNAVAILABLE, String.valueOf(e.getMessage()));
        }
    }

    private void events(Context ctx) throws EventStoreException {
        Page<EventStore.Event> page = store.events(query(ctx));
        tell(ctx, page);
        ctx.contentType(CloudEvents.BATCH).result(CloudEvents.write(page.items()));
    }

    private void drops(Context ctx) throws EventStoreException {
        Page<Drop> page = store.drops(query(ctx));
        tell(ctx, page);
        write(ctx, page.items().stream().map(this::json).toList());
    }

    private void pushes(Context ctx) throws EventStoreException {
        InstanceUid agent = InstanceUid.parse(ctx.pathParam("uid"));
        write(ctx, store.pushes(agent).stream().map(EventRoutes::json).toList());
    }

    private static void tell(Context ctx, Page<?> page) {
        ctx.header(NEXT, Long.toString(page.next()));
        ctx.header(END, Boolean.toString(page.end()));
    }

    private static Query query(Context ctx) {
        Long after = parameter(ctx, "after", "a number >= 0", Long::valueOf);
        Integer limit = parameter(ctx, "limit", "1 to " + MOST, EventRoutes::limit);
        String type = ctx.queryParam("type");
        return new Query(
                after == null ? 0 : after,
                limit == null ? USUAL : limit,
                parameter(ctx, "agent", "the instance_uid of an agent", InstanceUid::parse),
                ctx.queryParam("lane"),
                parameter(ctx, "since", "a time such as 2026-01-02T03:04:05Z", Instant::parse),
                parameter(ctx, "until", "a time such as 2026-01-02T03:04:05Z", Instant::parse),
                type);
    }

    private static int limit(String text) {
        int limit = Integer.parseInt(text);
        if (limit < 1 || limit > MOST) {
            throw new IllegalArgumentException(text);
        }
        return limit;
    }

    private static <T> @Nullable T parameter(Context ctx, String name, String expected, Function<String, T> parser) {
        String text = ctx.queryParam(name);
        if (text == null) {
            return null;
        }
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new IllegalArgumentException(name + ": " + text + " (expected: " + expected + ")", e);
        }
    }

    private Map<String, @Nullable Object> json(Drop drop) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("id", drop.id());
        row.put("agent", drop.agent().toString());
        row.put("outbox", drop.stream().outbox().toString());
        row.put("lane", drop.stream().lane());
        row.put("epoch", HexFormat.of().toHexDigits(drop.stream().epoch()));
        row.put("first", drop.gap().first());
        row.put("last", drop.gap().last().sequence());
        row.put("count", drop.gap().last().sequence() - drop.gap().first() + 1);
        row.put("hash", HexFormat.of().toHexDigits(drop.gap().last().hash()));
        row.put("why", drop.gap().why().name().toLowerCase(Locale.ROOT));
        row.put("stored_at", drop.at().toString());
        Object audit = audit(drop.gap().audit());
        AUDIT.forEach((name, shown) -> {
            JsonNode told = audit instanceof JsonNode tree ? tree.path(name) : MissingNode.getInstance();
            row.put(shown, told.isMissingNode() ? null : told);
        });
        row.put("audit", audit);
        return row;
    }

    /** What agents say as JSON is shown as such, anything else as text. */
    private Object audit(String text) {
        try {
            JsonNode tree = json.readTree(text);
            return tree.isMissingNode() ? text : tree;
        } catch (JacksonException e) {
            return text;
        }
    }

    private static Map<String, Object> json(Push push) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("at", push.at().toString());
        row.put("outbox", push.stream().outbox().toString());
        row.put("lane", push.stream().lane());
        row.put("epoch", HexFormat.of().toHexDigits(push.stream().epoch()));
        row.put("first", push.first());
        row.put("last", push.last());
        row.put("records", push.records());
        row.put("bytes", push.bytes());
        return row;
    }

    private void error(Context ctx, HttpStatus status, String message) {
        write(ctx.status(status), Map.of("error", message));
    }

    private void write(Context ctx, Object body) {
        ctx.contentType("application/json").result(json.writeValueAsBytes(body));
    }
}
