// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.StreamId;
import dev.holdfast.server.ingest.EventStore;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Rows of events, gaps and pushes, read on any connection. No state; safe for use by any thread. */
final class SqliteEventReader {

    private static final long NANOS = 1_000_000_000;

    /** How far one query looks: about 100 ms, however little it finds. */
    private static final long LOOKED_AT = 100_000;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static final TypeReference<LinkedHashMap<String, String>> HEADERS = new TypeReference<>() {};

    private SqliteEventReader() {}

    /** Fails if a table is not there, or not as it should be. */
    static void probe(Handle handle) {
        for (String columns : List.of(
                "id, uid FROM agent",
                "id, outbox, lane, epoch, mark, hash, begun_at FROM stream",
                "id, stream, sequence, hash, agent, stored_at, time, type, encoding, headers, replay_of, size, payload"
                        + " FROM event",
                "id, stream, first, last, hash, why, audit, agent, stored_at FROM gap",
                "id, agent, stream, first, last, records, bytes, stored_at FROM push",
                "stream, of_gap, first, hashes FROM past",
                "events, bytes FROM total")) {
            handle.createQuery("SELECT " + columns + " LIMIT 0").mapToMap().list();
        }
    }

    static @Nullable String text(Map<String, String> headers) {
        return headers.isEmpty() ? null : JSON.writeValueAsString(headers);
    }

    static EventStore.Page<EventStore.Event> events(Connection connection, EventStore.Query query) throws SQLException {
        String columns = "t.sequence, t.hash, t.time, t.type, t.headers, t.encoding, t.payload, t.replay_of";
        return page(connection, query, new Table("event", columns, "type"), (row, id, stream, agent, at) -> {
            String headers = row.getString("headers");
            byte[] payload = row.getBytes("payload");
            return new EventStore.Event(
                    id,
                    stream,
                    agent,
                    at,
                    new Item.Data(
                            new Point(row.getLong("sequence"), row.getLong("hash")),
                            instant(row.getLong("time")),
                            row.getString("type"),
                            headers == null ? Map.of() : JSON.readValue(headers, HEADERS),
                            row.getString("encoding"),
                            ByteBuffer.wrap(payload == null ? new byte[0] : payload),
                            false,
                            row.getLong("replay_of")));
        });
    }

    static EventStore.Page<EventStore.Drop> drops(Connection connection, EventStore.Query query) throws SQLException {
        Table gaps = new Table("gap", "t.first, t.last, t.hash, t.why, t.audit", "lower(t.why)");
        return page(connection, query, gaps, (row, id, stream, agent, at) -> {
            Point last = new Point(row.getLong("last"), row.getLong("hash"));
            Item.Gap.Why why = Item.Gap.Why.valueOf(row.getString("why").toUpperCase(Locale.ROOT));
            return new EventStore.Drop(
                    id, stream, agent, at, new Item.Gap(row.getLong("first"), last, why, row.getString("audit")));
        });
    }

    static EventStore.Totals totals(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT events, bytes FROM total");
                ResultSet row = query.executeQuery()) {
            return row.next() ? new EventStore.Totals(row.getLong(1), row.getLong(2)) : new EventStore.Totals(0, 0);
        }
    }

    static List<EventStore.Push> pushes(Connection connection, InstanceUid agent) throws SQLException {
        String sql = """
                SELECT p.stored_at, p.first, p.last, p.records, p.bytes, s.outbox, s.lane, s.epoch
                FROM push p CROSS JOIN stream s ON s.id = p.stream
                WHERE p.agent = (SELECT id FROM agent WHERE uid = ?) ORDER BY p.id DESC LIMIT ?
                """;
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            query.setString(1, agent.toString());
            query.setInt(2, EventStore.PUSHES);
            List<EventStore.Push> pushes = new ArrayList<>();
            try (ResultSet row = query.executeQuery()) {
                while (row.next()) {
                    pushes.add(new EventStore.Push(
                            Instant.ofEpochMilli(row.getLong("stored_at")),
                            stream(row),
                            row.getLong("first"),
                            row.getLong("last"),
                            row.getInt("records"),
                            row.getLong("bytes")));
                }
            }
            return pushes;
        }
    }

    /** What a query looks through, what it reads of it, and what its type is compared with. */
    private record Table(String name, String columns, String type) {}

    /** How a row of a table becomes what it stands for. */
    @FunctionalInterface
    private interface Rows<T> {

        T read(ResultSet row, long id, StreamId stream, InstanceUid agent, Instant at) throws SQLException;
    }

    private static <T> EventStore.Page<T> page(Connection connection, EventStore.Query query, Table table, Rows<T> rows)
            throws SQLException {
        long newest = number(connection, "SELECT ifnull(max(id), 0) FROM " + table.name());
        long oldest = number(connection, "SELECT ifnull(min(id), 1) FROM " + table.name());
        long after = Math.max(query.after(), oldest - 1);
        long to = Math.min(newest, after + LOOKED_AT);
        List<T> found = new ArrayList<>();
        long last = 0;
        long size = 0;
        try (PreparedStatement statement = connection.prepareStatement(select(query, table))) {
            bind(statement, query, after, to);
            try (ResultSet row = statement.executeQuery()) {
                while (size < EventStore.PAGE_BYTES && row.next()) {
                    last = row.getLong("id");
                    InstanceUid agent = InstanceUid.parse(row.getString("uid"));
                    T item = rows.read(row, last, stream(row), agent, Instant.ofEpochMilli(row.getLong("stored_at")));
                    found.add(item);
                    size += size(item);
                }
            }
        }
        boolean full = found.size() == query.limit() || size >= EventStore.PAGE_BYTES;
        return new EventStore.Page<>(found, full ? last : Math.max(query.after(), to), !full && to >= newest);
    }

    /** What it takes of a page. */
    private static long size(Object item) {
        return switch (item) {
            case EventStore.Event event -> EventStore.Event.size(event.data());
            case EventStore.Drop drop -> drop.gap().audit().length();
            default -> 0;
        };
    }

    /** The joins are told their order, and the pluses keep indexes out: it goes by the id, as far as it may. */
    private static String select(EventStore.Query query, Table table) {
        StringBuilder sql = new StringBuilder("SELECT t.id, t.stored_at, a.uid, s.outbox, s.lane, s.epoch, ")
                .append(table.columns())
                .append(" FROM ")
                .append(table.name())
                .append(" t CROSS JOIN agent a ON a.id = t.agent CROSS JOIN stream s ON s.id = t.stream")
                .append(" WHERE t.id > ? AND t.id <= ?");
        if (query.agent() != null) {
            sql.append(" AND +t.agent = (SELECT id FROM agent WHERE uid = ?)");
        }
        if (query.lane() != null) {
            sql.append(" AND s.lane = ?");
        }
        if (query.since() != null) {
            sql.append(" AND t.stored_at >= ?");
        }
        if (query.until() != null) {
            sql.append(" AND t.stored_at < ?");
        }
        if (query.type() != null) {
            sql.append(" AND ").append(table.type()).append(" = ?");
        }
        return sql.append(" ORDER BY t.id LIMIT ?").toString();
    }

    private static void bind(PreparedStatement statement, EventStore.Query query, long after, long to)
            throws SQLException {
        int at = 1;
        statement.setLong(at++, after);
        statement.setLong(at++, to);
        if (query.agent() != null) {
            statement.setString(at++, query.agent().toString());
        }
        if (query.lane() != null) {
            statement.setString(at++, query.lane());
        }
        if (query.since() != null) {
            statement.setLong(at++, query.since().toEpochMilli());
        }
        if (query.until() != null) {
            statement.setLong(at++, query.until().toEpochMilli());
        }
        if (query.type() != null) {
            statement.setString(at++, query.type());
        }
        statement.setInt(at, query.limit());
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(sql);
                ResultSet row = query.executeQuery()) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    private static StreamId stream(ResultSet row) throws SQLException {
        return new StreamId(OutboxId.of(row.getBytes("outbox")), row.getString("lane"), row.getLong("epoch"));
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Long.divideUnsigned(nanos, NANOS), Long.remainderUnsigned(nanos, NANOS));
    }
}
