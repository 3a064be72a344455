// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.server.ingest.EventStore;
import java.nio.ByteBuffer;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** How events and gaps go, and leave their hashes. Used by one thread, within its transaction. */
final class SqlitePast {

    /** How many hashes a row has at most: readers look no further back. */
    static final int RUN = 4096;

    private static final int OF_RECORDS = 0;

    private static final int OF_GAPS = 1;

    private static final String FORGET = "DELETE FROM past WHERE stream = ? AND of_gap IN (0, 1) AND first < ?";

    private final Statements statements;

    /** Where statements come from. */
    @FunctionalInterface
    interface Statements {

        PreparedStatement prepared(String sql) throws SQLException;
    }

    SqlitePast(Statements statements) {
        this.statements = statements;
    }

    /** Removes the oldest events as long as they are from before an instant, or there are more bytes than a size. */
    int retireEvents(Instant before, long size, int most) throws SQLException {
        long bytes = number("SELECT bytes FROM total");
        Map<Long, NavigableMap<Long, Long>> hashes = new LinkedHashMap<>();
        long last = 0;
        int count = 0;
        long gone = 0;
        PreparedStatement oldest = statements.prepared(
                "SELECT id, stream, sequence, hash, stored_at, size FROM event ORDER BY id LIMIT ?");
        oldest.setInt(1, most);
        try (ResultSet row = oldest.executeQuery()) {
            while (row.next() && (row.getLong(5) < before.toEpochMilli() || bytes - gone > size)) {
                last = row.getLong(1);
                keep(hashes, row.getLong(2), new Point(row.getLong(3), row.getLong(4)));
                gone += row.getLong(6);
                count++;
            }
        }
        if (count > 0) {
            run("DELETE FROM event WHERE id <= ?", last);
            run("UPDATE total SET events = events - ?, bytes = bytes - ?", count, gone);
            write(hashes, OF_RECORDS);
        }
        return count;
    }

    /** Removes the oldest gaps as long as they are from before an instant, or more than so many. */
    int retireGaps(Instant before, long kept, int most) throws SQLException {
        Map<Long, NavigableMap<Long, Long>> hashes = new LinkedHashMap<>();
        // Ids have no holes but for what went.
        long tooMany = number("SELECT ifnull(max(id), 0) FROM gap") - kept;
        long last = 0;
        int count = 0;
        PreparedStatement oldest =
                statements.prepared("SELECT id, stream, last, hash, stored_at FROM gap ORDER BY id LIMIT ?");
        oldest.setInt(1, most);
        try (ResultSet row = oldest.executeQuery()) {
            while (row.next() && (row.getLong(5) < before.toEpochMilli() || row.getLong(1) <= tooMany)) {
                last = row.getLong(1);
                keep(hashes, row.getLong(2), new Point(row.getLong(3), row.getLong(4)));
                count++;
            }
        }
        if (count > 0) {
            run("DELETE FROM gap WHERE id <= ?", last);
            write(hashes, OF_GAPS);
        }
        return count;
    }

    /** Removes the oldest pushes that are from before an instant. */
    int retirePushes(Instant before, int most) throws SQLException {
        long last = 0;
        int count = 0;
        try (ResultSet row = bound("SELECT id, stored_at FROM push ORDER BY id LIMIT ?", most)
                .executeQuery()) {
            while (row.next() && row.getLong(2) < before.toEpochMilli()) {
                last = row.getLong(1);
                count++;
            }
        }
        if (count > 0) {
            run("DELETE FROM push WHERE id <= ?", last);
        }
        return count;
    }

    /** Keeps the hashes of what is not stored under this stream, since another epoch of its lane has it. */
    void keep(long stream, List<Item> items) throws SQLException {
        Map<Long, NavigableMap<Long, Long>> records = new LinkedHashMap<>();
        Map<Long, NavigableMap<Long, Long>> gaps = new LinkedHashMap<>();
        items.forEach(item -> keep(item instanceof Item.Data ? records : gaps, stream, item.last()));
        write(records, OF_RECORDS);
        write(gaps, OF_GAPS);
    }

    private static void keep(Map<Long, NavigableMap<Long, Long>> hashes, long stream, Point point) {
        hashes.computeIfAbsent(stream, id -> new TreeMap<>()).put(point.sequence(), point.hash());
    }

    private void write(Map<Long, NavigableMap<Long, Long>> hashes, int kind) throws SQLException {
        for (Map.Entry<Long, NavigableMap<Long, Long>> stream : hashes.entrySet()) {
            NavigableMap<Long, Long> left = stream.getValue();
            while (!left.isEmpty()) {
                write(stream.getKey(), kind, left);
            }
            long mark = number("SELECT mark FROM stream WHERE id = ?", stream.getKey());
            run(FORGET, stream.getKey(), mark - EventStore.PAST);
        }
    }

    /** Writes the first run without holes, or as much of it as a row has, and takes it away. */
    private void write(long stream, int kind, NavigableMap<Long, Long> left) throws SQLException {
        long first = left.firstKey();
        long next = first;
        ByteBuffer run = ByteBuffer.allocate(Math.min(RUN, left.size()) * Long.BYTES);
        while (run.hasRemaining() && !left.isEmpty() && left.firstKey() == next) {
            run.putLong(left.pollFirstEntry().getValue());
            next++;
        }
        byte[] bytes = new byte[run.flip().remaining()];
        run.get(bytes);
        PreparedStatement insert =
                statements.prepared("INSERT OR REPLACE INTO past (stream, of_gap, first, hashes) VALUES (?, ?, ?, ?)");
        insert.setLong(1, stream);
        insert.setInt(2, kind);
        insert.setLong(3, first);
        insert.setBytes(4, bytes);
        insert.executeUpdate();
    }

    private long number(String sql, long... values) throws SQLException {
        try (ResultSet row = bound(sql, values).executeQuery()) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    private void run(String sql, long... values) throws SQLException {
        bound(sql, values).executeUpdate();
    }

    private PreparedStatement bound(String sql, long... values) throws SQLException {
        PreparedStatement statement = statements.prepared(sql);
        for (int i = 0; i < values.length; i++) {
            statement.setLong(i + 1, values[i]);
        }
        return statement;
    }
}
