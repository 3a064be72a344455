// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.StreamId;
import dev.holdfast.server.ingest.EventStore;
import dev.holdfast.server.ingest.EventStoreException;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The one connection that writes events, and its transaction. Used by one thread. */
final class SqliteEventWriter implements EventStore.Tables, AutoCloseable {

    private static final long NANOS = 1_000_000_000;

    private static final String PAST_HASH = """
            SELECT substr(hashes, (?2 - first) * 8 + 1, 8) FROM past
            WHERE stream = ?1 AND of_gap IN (0, 1) AND first <= ?2 AND first > ?2 - ?3
                AND length(hashes) > (?2 - first) * 8 LIMIT 1
            """;

    private static final String FORGET_PUSHES = """
            DELETE FROM push WHERE agent = ?1
                AND id <= (SELECT id FROM push WHERE agent = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
            """;

    final Connection connection;
    private final SqlitePast past;
    private final SqliteEpochs epochs;

    /** Preparing takes longer than most of them. */
    private final Map<String, PreparedStatement> statements = new HashMap<>();

    /** What the transaction has looked up. */
    private final Map<StreamId, Stream> streams = new HashMap<>();

    /** A row of the table. */
    private record Stream(long id, Point mark) {}

    SqliteEventWriter(Connection connection) throws SQLException {
        this.connection = connection;
        this.past = new SqlitePast(this::prepared);
        this.epochs = new SqliteEpochs(this::prepared);
        connection.setAutoCommit(false);
    }

    /** Has the ids of an empty file begin after one. */
    void beginAfter(long id) throws SQLException {
        for (String table : List.of("event", "gap")) {
            PreparedStatement insert = prepared("INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)");
            insert.setLong(1, id);
            insert.setString(2, table);
            insert.executeUpdate();
        }
        commit();
    }

    void commit() throws SQLException {
        connection.commit();
        streams.clear();
    }

    /**
     * Ends a transaction that is not to be.
     *
     * @throws SQLException if nobody can know what the connection would do next
     */
    void rollback() throws SQLException {
        streams.clear();
        try {
            connection.rollback();
        } catch (SQLException e) {
            // SQLite ends a transaction itself where its disk is full. The driver begins the next one only after an end
            // of its own; without, each statement from here on would be committed alone.
            try (Statement begin = connection.createStatement()) {
                begin.execute("BEGIN");
            }
        }
    }

    @Override
    public void close() {
        try {
            for (PreparedStatement statement : statements.values()) {
                statement.close();
            }
            connection.close();
        } catch (SQLException e) {
            // The pool behind it closes what is left.
            statements.clear();
        }
    }

    @Override
    public Optional<Point> mark(StreamId stream) throws EventStoreException {
        return attempt(() -> Optional.ofNullable(find(stream)).map(Stream::mark));
    }

    long hash(StreamId stream, long sequence) throws EventStoreException {
        return attempt(() -> {
            Stream row = find(stream);
            if (row == null) {
                return 0L;
            }
            for (String query : List.of(
                    "SELECT hash FROM event WHERE stream = ? AND sequence = ?",
                    "SELECT hash FROM gap WHERE stream = ? AND last = ?")) {
                Long found = number(query, row.id(), sequence);
                if (found != null) {
                    return found;
                }
            }
            try (ResultSet rows =
                    bound(PAST_HASH, row.id(), sequence, SqlitePast.RUN).executeQuery()) {
                byte[] hash = rows.next() ? rows.getBytes(1) : null;
                return hash == null || hash.length < Long.BYTES
                        ? 0L
                        : ByteBuffer.wrap(hash).getLong();
            }
        });
    }

    boolean has(OutboxId outbox, String lane, Point point) throws EventStoreException {
        return attempt(() -> epochs.has(outbox, lane, point));
    }

    @Override
    public long epochs(StreamId stream) throws EventStoreException {
        return attempt(() -> epochs.count(stream));
    }

    @Override
    public List<Item> add(InstanceUid agent, Instant now, Batch batch) throws EventStoreException {
        return attempt(() -> {
            List<Item> known = epochs.known(batch);
            Stream stream = stream(batch, now);
            past.keep(stream.id(), known);
            Set<Long> there = known.stream().map(Item::first).collect(Collectors.toSet());
            List<Item> items = batch.items().stream()
                    .filter(item -> !there.contains(item.first()))
                    .toList();
            add(agent(agent), stream.id(), now, batch, items);
            return items;
        });
    }

    private void add(long agent, long stream, Instant now, Batch batch, List<Item> items) throws SQLException {
        long records = 0;
        long payloads = 0;
        long size = 0;
        PreparedStatement insert = prepared("""
                INSERT INTO event (stream, sequence, hash, agent, stored_at, time, type, encoding, headers,
                    replay_of, size, payload)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """);
        for (Item item : items) {
            switch (item) {
                case Item.Data data -> {
                    bind(insert, stream, agent, now, data);
                    insert.addBatch();
                    records++;
                    payloads += data.payload().remaining();
                    size += EventStore.Event.size(data);
                }
                case Item.Gap gap -> add(stream, agent, now, gap);
            }
        }
        insert.executeBatch();
        run("UPDATE total SET events = events + ?, bytes = bytes + ?", records, size);
        run(
                "INSERT INTO push (agent, stream, first, last, records, bytes, stored_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                agent,
                stream,
                batch.items().getFirst().first(),
                batch.reaches().sequence(),
                records,
                payloads,
                now.toEpochMilli());
        run(FORGET_PUSHES, agent, EventStore.PUSHES);
    }

    private static void bind(PreparedStatement insert, long stream, long agent, Instant now, Item.Data data)
            throws SQLException {
        Instant time = data.time();
        insert.setLong(1, stream);
        insert.setLong(2, data.point().sequence());
        insert.setLong(3, data.point().hash());
        insert.setLong(4, agent);
        insert.setLong(5, now.toEpochMilli());
        insert.setLong(6, time.getEpochSecond() * NANOS + time.getNano());
        insert.setString(7, data.contentType());
        insert.setString(8, data.encoding());
        insert.setString(9, SqliteEventReader.text(data.headers()));
        insert.setLong(10, data.replayOf());
        insert.setLong(11, EventStore.Event.size(data));
        byte[] payload = new byte[data.payload().remaining()];
        data.payload().get(payload);
        insert.setBytes(12, payload);
    }

    private void add(long stream, long agent, Instant now, Item.Gap gap) throws SQLException {
        PreparedStatement insert = prepared(
                "INSERT INTO gap (stream, first, last, hash, agent, stored_at, why, audit) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        bind(insert, stream, gap.first(), gap.last().sequence(), gap.last().hash(), agent, now.toEpochMilli());
        insert.setString(7, gap.why().name());
        insert.setString(8, gap.audit());
        insert.executeUpdate();
    }

    /** The row of a batch's stream, with its mark moved to where the batch reaches. */
    private Stream stream(Batch batch, Instant now) throws SQLException {
        Stream before = find(batch.stream());
        Point mark = batch.reaches();
        if (before == null) {
            PreparedStatement insert = prepared(
                    "INSERT INTO stream (epoch, mark, hash, begun_at, outbox, lane) VALUES (?, ?, ?, ?, ?, ?)");
            bind(insert, batch.stream().epoch(), mark.sequence(), mark.hash(), now.toEpochMilli());
            insert.setBytes(5, batch.stream().outbox().bytes());
            insert.setString(6, batch.stream().lane());
            insert.executeUpdate();
            Long id = number("SELECT last_insert_rowid()");
            before = new Stream(id == null ? 0 : id, mark);
        } else {
            run("UPDATE stream SET mark = ?, hash = ? WHERE id = ?", mark.sequence(), mark.hash(), before.id());
        }
        Stream after = new Stream(before.id(), mark);
        streams.put(batch.stream(), after);
        return after;
    }

    private @Nullable Stream find(StreamId stream) throws SQLException {
        Stream known = streams.get(stream);
        if (known != null) {
            return known;
        }
        PreparedStatement query =
                prepared("SELECT id, mark, hash FROM stream WHERE epoch = ? AND outbox = ? AND lane = ?");
        query.setLong(1, stream.epoch());
        query.setBytes(2, stream.outbox().bytes());
        query.setString(3, stream.lane());
        try (ResultSet row = query.executeQuery()) {
            if (!row.next()) {
                return null;
            }
            Stream found = new Stream(row.getLong(1), new Point(row.getLong(2), row.getLong(3)));
            streams.put(stream, found);
            return found;
        }
    }

    private long agent(InstanceUid uid) throws SQLException {
        PreparedStatement query = prepared("SELECT id FROM agent WHERE uid = ?");
        query.setString(1, uid.toString());
        Long found = number(query);
        if (found != null) {
            return found;
        }
        PreparedStatement insert = prepared("INSERT INTO agent (uid) VALUES (?) RETURNING id");
        insert.setString(1, uid.toString());
        Long id = number(insert);
        return id == null ? 0 : id;
    }

    @Override
    public EventStore.Retired retire(Instant before, long size, int most) throws EventStoreException {
        return attempt(() -> {
            int pushes = past.retirePushes(before, most);
            int gaps = past.retireGaps(before, EventStore.mostDrops(size), most);
            int events = past.retireEvents(before, size, most);
            return new EventStore.Retired(events, Math.max(events, Math.max(gaps, pushes)) == most);
        });
    }

    /** Something with the file. */
    @FunctionalInterface
    private interface Step<T> {

        T run() throws SQLException;
    }

    /** What one batch may be to blame for must not be taken for a failure of the file. */
    private static <T> T attempt(Step<T> step) throws EventStoreException {
        try {
            return step.run();
        } catch (SQLException e) {
            if (SqliteFault.isConstraint(e)) {
                throw new IllegalStateException("rows that contradict those that are there", e);
            }
            throw new EventStoreException(SqliteFault.reason(e), e);
        }
    }

    private PreparedStatement prepared(String sql) throws SQLException {
        PreparedStatement statement = statements.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            statements.put(sql, statement);
        }
        return statement;
    }

    private PreparedStatement bound(String sql, long... values) throws SQLException {
        PreparedStatement statement = prepared(sql);
        bind(statement, values);
        return statement;
    }

    private static void bind(PreparedStatement statement, long... values) throws SQLException {
        for (int i = 0; i < values.length; i++) {
            statement.setLong(i + 1, values[i]);
        }
    }

    private void run(String sql, long... values) throws SQLException {
        bound(sql, values).executeUpdate();
    }

    private @Nullable Long number(String sql, long... values) throws SQLException {
        return number(bound(sql, values));
    }

    private static @Nullable Long number(PreparedStatement query) throws SQLException {
        try (ResultSet row = query.executeQuery()) {
            return row.next() ? row.getLong(1) : null;
        }
    }
}
