// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.core.record.Point;
import dev.holdfast.server.ingest.EventStore;
import java.nio.ByteBuffer;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** How events and gaps go, and leave their hashes. Used by one thread, within its transaction. */
final class SqlitePast {

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
            write(hashes);
        }
        return count;
    }

    /** Removes the oldest gaps that are from before an instant. */
    void retireGaps(Instant before, int most) throws SQLException {
        Map<Long, NavigableMap<Long, Long>> hashes = new LinkedHashMap<>();
        long last = 0;
        PreparedStatement oldest =
                statements.prepared("SELECT id, stream, last, hash, stored_at FROM gap ORDER BY id LIMIT ?");
        oldest.setInt(1, most);
        try (ResultSet row = oldest.executeQuery()) {
            while (row.next() && row.getLong(5) < before.toEpochMilli()) {
                last = row.getLong(1);
                keep(hashes, row.getLong(2), new Point(row.getLong(3), row.getLong(4)));
            }
        }
        if (last > 0) {
            run("DELETE FROM gap WHERE id <= ?", last);
            write(hashes);
        }
    }

    private static void keep(Map<Long, NavigableMap<Long, Long>> hashes, long stream, Point point) {
        hashes.computeIfAbsent(stream, id -> new TreeMap<>()).put(point.sequence(), point.hash());
    }

    private void write(Map<Long, NavigableMap<Long, Long>> hashes) throws SQLException {
        for (Map.Entry<Long, NavigableMap<Long, Long>> stream : hashes.entrySet()) {
            NavigableMap<Long, Long> left = stream.getValue();
            while (!left.isEmpty()) {
                write(stream.getKey(), left);
            }
            long mark = number("SELECT mark FROM stream WHERE id = ?", stream.getKey());
            run("DELETE FROM past WHERE stream = ? AND first < ?", stream.getKey(), mark - EventStore.PAST);
        }
    }

    /** Writes the first run without holes, and takes it away. */
    private void write(long stream, NavigableMap<Long, Long> left) throws SQLException {
        long first = left.firstKey();
        long next = first;
        ByteBuffer run = ByteBuffer.allocate(left.size() * Long.BYTES);
        while (!left.isEmpty() && left.firstKey() == next) {
            run.putLong(left.pollFirstEntry().getValue());
            next++;
        }
        byte[] bytes = new byte[run.flip().remaining()];
        run.get(bytes);
        PreparedStatement insert =
                statements.prepared("INSERT OR REPLACE INTO past (stream, first, hashes) VALUES (?, ?, ?)");
        insert.setLong(1, stream);
        insert.setLong(2, first);
        insert.setBytes(3, bytes);
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
