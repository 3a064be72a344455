// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import dev.holdfast.server.fleet.AgentRecord;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jspecify.annotations.Nullable;

/**
 * Records as rows of the table {@code agent}.
 *
 * @param records those that could be read
 * @param faults why each of the others could not
 */
record SqliteRows(List<AgentRecord> records, List<String> faults) {

    private static final String COLUMNS = "uid, description, state_hash, capabilities, health, first_seen, last_seen,"
            + " attached, registrations, rejoins, status, status_at";

    private static final String SAVE = """
            INSERT INTO agent (%s)
            VALUES (:uid, :description, :state_hash, :capabilities, :health, :first_seen, :last_seen, :attached,
                    :registrations, :rejoins, :status, :status_at)
            ON CONFLICT (uid) DO UPDATE SET
                description = excluded.description, state_hash = excluded.state_hash,
                capabilities = excluded.capabilities, health = excluded.health,
                first_seen = excluded.first_seen, last_seen = excluded.last_seen, attached = excluded.attached,
                registrations = excluded.registrations, rejoins = excluded.rejoins,
                status = excluded.status, status_at = excluded.status_at
            """.formatted(COLUMNS);

    /** No row is shorter; in a file that leads back into itself, counting by this ends the reading. */
    private static final int SHORTEST_ROW = 32;

    /** Fails if the table is not there, or not as it should be. */
    static void probe(Handle handle) {
        handle.createQuery("SELECT " + COLUMNS + " FROM agent LIMIT 0")
                .mapToMap()
                .list();
    }

    /** All rows. One that cannot be read must not cost the others. */
    static SqliteRows read(Connection connection) throws SQLException {
        SqliteRows rows = new SqliteRows(new ArrayList<>(), new ArrayList<>());
        try (PreparedStatement query = connection.prepareStatement("SELECT " + COLUMNS + " FROM agent")) {
            rows.add(query, true);
        }
        return rows;
    }

    private void add(PreparedStatement query, boolean sound) throws SQLException {
        try (ResultSet row = query.executeQuery()) {
            while (row.next()) {
                String uid = row.getString("uid");
                try {
                    records.add(record(uid, row, sound));
                } catch (WireException | IllegalArgumentException | DateTimeException e) {
                    faults.add("that of " + uid + " cannot be read: " + e.getMessage());
                }
            }
        }
    }

    /**
     * What can be got out of a damaged file: read from the first row on until it fails, and from the last one back.
     * What was read may be wrong without looking so. The records are therefore without a state hash, so that each agent
     * is asked for its full state as soon as it is back.
     *
     * @param bytes how large the file is
     */
    static List<AgentRecord> salvage(Connection connection, long bytes) {
        SqliteRows rows = new SqliteRows(new ArrayList<>(), new ArrayList<>());
        for (String order : List.of("ASC", "DESC")) {
            try (PreparedStatement query = connection.prepareStatement(
                    "SELECT " + COLUMNS + " FROM agent NOT INDEXED ORDER BY rowid " + order + " LIMIT ?")) {
                query.setLong(1, bytes / SHORTEST_ROW);
                rows.add(query, false);
            } catch (SQLException damaged) {
                // As far as it went is what there is to get in this direction.
            }
        }
        Map<InstanceUid, AgentRecord> found = new LinkedHashMap<>();
        rows.records().forEach(record -> found.putIfAbsent(record.uid(), record));
        return List.copyOf(found.values());
    }

    /** Puts records in the place of those with the same uid, all or none. */
    static void save(Handle handle, Collection<AgentRecord> records) {
        PreparedBatch batch = handle.prepareBatch(SAVE);
        records.forEach(record -> add(batch, record));
        batch.execute();
    }

    private static void add(PreparedBatch batch, AgentRecord record) {
        AgentRecord.Status status = record.status();
        batch.bind("uid", record.uid().toString())
                .bind("description", record.description().encode())
                .bind("state_hash", record.stateHash())
                .bind("capabilities", record.capabilities())
                .bind("health", encode(record.uid(), record.health()))
                .bind("first_seen", record.firstSeen().toEpochMilli())
                .bind("last_seen", record.lastSeen().toEpochMilli())
                .bind("attached", record.attached() ? 1 : 0)
                .bind("registrations", record.registrations())
                .bind("rejoins", record.rejoins())
                .bind("status", status == null ? null : status.text())
                .bind("status_at", status == null ? null : (Long) status.at().toEpochMilli())
                .add();
    }

    private static AgentRecord record(@Nullable String uid, ResultSet row, boolean sound)
            throws WireException, SQLException {
        byte[] description = row.getBytes("description");
        if (uid == null || description == null) {
            throw new IllegalArgumentException("it holds nothing");
        }
        String status = row.getString("status");
        return new AgentRecord(
                InstanceUid.parse(uid),
                AgentDescription.decode(description),
                sound ? row.getString("state_hash") : null,
                row.getLong("capabilities"),
                decode(row.getBytes("health")),
                Instant.ofEpochMilli(row.getLong("first_seen")),
                Instant.ofEpochMilli(row.getLong("last_seen")),
                row.getInt("attached") != 0,
                row.getLong("registrations"),
                row.getLong("rejoins"),
                status == null ? null : new AgentRecord.Status(status, Instant.ofEpochMilli(row.getLong("status_at"))));
    }

    /** Health has no encoding of its own: it rides in a message that says nothing else. */
    private static byte @Nullable [] encode(InstanceUid uid, @Nullable Health health) {
        return health == null
                ? null
                : Wire.body(AgentMessage.heartbeat(uid, 0, 0).withHealth(health));
    }

    private static @Nullable Health decode(byte @Nullable [] bytes) throws WireException {
        return bytes == null ? null : Wire.readAgentBody(ByteBuffer.wrap(bytes)).health();
    }
}
