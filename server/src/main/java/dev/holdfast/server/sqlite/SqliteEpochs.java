// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import java.nio.ByteBuffer;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What is there of a lane under any of its epochs. Used by one thread, within its transaction. */
final class SqliteEpochs {

    private static final String HAS = """
            SELECT 1 FROM stream s WHERE s.outbox = ?1 AND s.lane = ?2 AND s.mark >= ?3 AND (
                (s.mark = ?3 AND s.hash = ?4)
                OR EXISTS (SELECT 1 FROM event e WHERE e.stream = s.id AND e.sequence = ?3 AND e.hash = ?4)
                OR EXISTS (SELECT 1 FROM gap g WHERE g.stream = s.id AND g.last = ?3 AND g.hash = ?4)
                OR EXISTS (SELECT 1 FROM past p WHERE p.stream = s.id AND p.of_gap IN (0, 1)
                    AND p.first <= ?3 AND p.first > ?3 - ?6 AND substr(p.hashes, (?3 - p.first) * 8 + 1, 8) = ?5))
            LIMIT 1
            """;

    /** Other epochs that reach as far as a batch does; as a rule there is none. */
    private static final String OTHERS =
            " FROM stream s%s WHERE s.outbox = ?1 AND s.lane = ?2 AND s.epoch <> ?3 AND s.mark >= ?4";

    private static final String ANY = "SELECT s.id" + OTHERS.formatted("") + " LIMIT 1";

    private static final String EVENTS = "SELECT e.sequence, e.hash"
            + OTHERS.formatted(" CROSS JOIN event e ON e.stream = s.id") + " AND e.sequence BETWEEN ?4 AND ?5";

    private static final String GAPS = "SELECT g.last, g.hash"
            + OTHERS.formatted(" CROSS JOIN gap g ON g.stream = s.id") + " AND g.last BETWEEN ?4 AND ?5";

    private static final String PAST = "SELECT p.first, p.hashes"
            + OTHERS.formatted(" CROSS JOIN past p ON p.stream = s.id")
            + " AND p.of_gap = %d AND p.first <= ?5 AND p.first > ?4 - ?6";

    private static final String PAST_EVENTS = PAST.formatted(0);

    private static final String PAST_GAPS = PAST.formatted(1);

    private final SqlitePast.Statements statements;

    SqliteEpochs(SqlitePast.Statements statements) {
        this.statements = statements;
    }

    /** Whether any epoch has a known hash at a sequence. */
    boolean has(OutboxId outbox, String lane, Point point) throws SQLException {
        PreparedStatement query = statements.prepared(HAS);
        query.setBytes(1, outbox.bytes());
        query.setString(2, lane);
        query.setLong(3, point.sequence());
        query.setLong(4, point.hash());
        query.setBytes(5, ByteBuffer.allocate(Long.BYTES).putLong(point.hash()).array());
        query.setInt(6, SqlitePast.RUN);
        return isAny(query);
    }

    /** What of a batch another epoch has or had, at the same sequence with the same known hash. */
    List<Item> known(Batch batch) throws SQLException {
        if (!isAny(bound(ANY, batch))) {
            return List.of();
        }
        Set<Point> records = new HashSet<>();
        Set<Point> gaps = new HashSet<>();
        addRows(EVENTS, batch, records);
        addRuns(PAST_EVENTS, batch, records);
        addRows(GAPS, batch, gaps);
        addRuns(PAST_GAPS, batch, gaps);
        return batch.items().stream()
                .filter(item -> item.last().hash() != 0)
                .filter(item -> (item instanceof Item.Data ? records : gaps).contains(item.last()))
                .toList();
    }

    private void addRows(String sql, Batch batch, Set<Point> points) throws SQLException {
        try (ResultSet row = bound(sql, batch).executeQuery()) {
            while (row.next()) {
                points.add(new Point(row.getLong(1), row.getLong(2)));
            }
        }
    }

    private void addRuns(String sql, Batch batch, Set<Point> points) throws SQLException {
        PreparedStatement query = bound(sql, batch);
        query.setInt(6, SqlitePast.RUN);
        try (ResultSet row = query.executeQuery()) {
            while (row.next()) {
                long sequence = row.getLong(1);
                for (ByteBuffer run = ByteBuffer.wrap(row.getBytes(2)); run.hasRemaining(); sequence++) {
                    points.add(new Point(sequence, run.getLong()));
                }
            }
        }
    }

    private PreparedStatement bound(String sql, Batch batch) throws SQLException {
        PreparedStatement query = statements.prepared(sql);
        query.setBytes(1, batch.stream().outbox().bytes());
        query.setString(2, batch.stream().lane());
        query.setLong(3, batch.stream().epoch());
        query.setLong(4, batch.items().getFirst().first());
        if (!sql.equals(ANY)) {
            query.setLong(5, batch.reaches().sequence());
        }
        return query;
    }

    private static boolean isAny(PreparedStatement query) throws SQLException {
        try (ResultSet row = query.executeQuery()) {
            return row.next();
        }
    }
}
