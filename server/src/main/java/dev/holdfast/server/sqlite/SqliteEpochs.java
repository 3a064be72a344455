// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.StreamId;
import java.nio.ByteBuffer;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What is there of a lane under any of its epochs. Used by one thread, within its transaction. */
final class SqliteEpochs {

    /**
     * How many other epochs of a lane are looked at, the newest first. Each knows what it was sent, whichever of them
     * stored it.
     */
    private static final int MOST = 16;

    /** Ranges that are nearer than this to each other are asked for as one. */
    private static final int NEAR = 64;

    private static final String HAS = """
            SELECT 1 FROM (SELECT id, mark, hash FROM stream WHERE outbox = ?1 AND lane = ?2 AND mark >= ?3
                    ORDER BY id DESC LIMIT ?7) s
            WHERE (s.mark = ?3 AND s.hash = ?4)
                OR EXISTS (SELECT 1 FROM event e WHERE e.stream = s.id AND e.sequence = ?3 AND e.hash = ?4)
                OR EXISTS (SELECT 1 FROM gap g WHERE g.stream = s.id AND g.last = ?3 AND g.hash = ?4)
                OR EXISTS (SELECT 1 FROM past p WHERE p.stream = s.id AND p.of_gap IN (0, 1)
                    AND p.first <= ?3 AND p.first > ?3 - ?6 AND substr(p.hashes, (?3 - p.first) * 8 + 1, 8) = ?5)
            LIMIT 1
            """;

    /** Other epochs that reach as far as a batch does; as a rule there is none. */
    private static final String OTHERS = """
            SELECT id FROM stream WHERE outbox = ?1 AND lane = ?2 AND epoch <> ?3 AND mark >= ?4
            ORDER BY id DESC LIMIT ?5
            """;

    private static final String COUNT = "SELECT count(*) FROM stream WHERE outbox = ?1 AND lane = ?2";

    private static final String EVENTS =
            "SELECT sequence, hash FROM event WHERE stream = ?1 AND sequence BETWEEN ?2 AND ?3";

    private static final String GAPS = "SELECT last, hash FROM gap WHERE stream = ?1 AND last BETWEEN ?2 AND ?3";

    private static final String PAST = "SELECT first, hashes FROM past"
            + " WHERE stream = ?1 AND of_gap = %d AND first <= ?3 AND first > ?2 - " + SqlitePast.RUN;

    private static final String PAST_EVENTS = PAST.formatted(0);

    private static final String PAST_GAPS = PAST.formatted(1);

    /** Sequences that are asked for, however far apart those of a batch are. */
    private record Range(long first, long last) {}

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
        query.setInt(7, MOST);
        try (ResultSet row = query.executeQuery()) {
            return row.next();
        }
    }

    /** How many there are of a stream's lane. */
    long count(StreamId stream) throws SQLException {
        try (ResultSet row = ofLane(COUNT, stream).executeQuery()) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    /** What of a batch another epoch has or had, at the same sequence with the same known hash. */
    List<Item> known(Batch batch) throws SQLException {
        List<Long> others = others(batch);
        if (others.isEmpty()) {
            return List.of();
        }
        Set<Point> records = new HashSet<>();
        Set<Point> gaps = new HashSet<>();
        for (long other : others) {
            for (Range range : ranges(batch, Item.Data.class)) {
                addRows(EVENTS, other, range, records);
                addRuns(PAST_EVENTS, other, range, records);
            }
            for (Range range : ranges(batch, Item.Gap.class)) {
                addRows(GAPS, other, range, gaps);
                addRuns(PAST_GAPS, other, range, gaps);
            }
        }
        return batch.items().stream()
                .filter(item -> item.last().hash() != 0)
                .filter(item -> (item instanceof Item.Data ? records : gaps).contains(item.last()))
                .toList();
    }

    private List<Long> others(Batch batch) throws SQLException {
        PreparedStatement query = ofLane(OTHERS, batch.stream());
        query.setLong(3, batch.stream().epoch());
        query.setLong(4, batch.items().getFirst().first());
        query.setInt(5, MOST);
        List<Long> ids = new ArrayList<>();
        try (ResultSet row = query.executeQuery()) {
            while (row.next()) {
                ids.add(row.getLong(1));
            }
        }
        return ids;
    }

    /** Where items of a kind end, without the wide gaps in between. */
    private static List<Range> ranges(Batch batch, Class<? extends Item> kind) {
        List<Range> ranges = new ArrayList<>();
        for (Item item : batch.items()) {
            if (kind.isInstance(item)) {
                long sequence = item.last().sequence();
                Range last = ranges.isEmpty() ? null : ranges.getLast();
                if (last != null && sequence - last.last <= NEAR) {
                    ranges.set(ranges.size() - 1, new Range(last.first, sequence));
                } else {
                    ranges.add(new Range(sequence, sequence));
                }
            }
        }
        return ranges;
    }

    private void addRows(String sql, long stream, Range range, Set<Point> points) throws SQLException {
        try (ResultSet row = bound(sql, stream, range).executeQuery()) {
            while (row.next()) {
                points.add(new Point(row.getLong(1), row.getLong(2)));
            }
        }
    }

    private void addRuns(String sql, long stream, Range range, Set<Point> points) throws SQLException {
        try (ResultSet row = bound(sql, stream, range).executeQuery()) {
            while (row.next()) {
                long sequence = row.getLong(1);
                for (ByteBuffer run = ByteBuffer.wrap(row.getBytes(2)); run.hasRemaining(); sequence++) {
                    points.add(new Point(sequence, run.getLong()));
                }
            }
        }
    }

    private PreparedStatement bound(String sql, long stream, Range range) throws SQLException {
        PreparedStatement query = statements.prepared(sql);
        query.setLong(1, stream);
        query.setLong(2, range.first);
        query.setLong(3, range.last);
        return query;
    }

    private PreparedStatement ofLane(String sql, StreamId stream) throws SQLException {
        PreparedStatement query = statements.prepared(sql);
        query.setBytes(1, stream.outbox().bytes());
        query.setString(2, stream.lane());
        return query;
    }
}
