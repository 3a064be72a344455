// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationInfoService;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * A fleet in one SQLite file.
 *
 * <p>Write-ahead log with {@code synchronous=NORMAL}: what was saved survives the death of the process at any instant.
 * A power loss may take the last batches, never the file; an agent that is unknown afterwards is asked for its full
 * state.
 */
public final class SqliteFleetStore implements FleetStore {

    private static final Logger log = LoggerFactory.getLogger(SqliteFleetStore.class);

    /** How long a save waits for another process that reads or copies the file. */
    private static final Duration BUSY_TIMEOUT = Duration.ofSeconds(5);

    private static final String MIGRATIONS = "classpath:dev/holdfast/server/fleet/migration";

    private static final String SAVE = """
            INSERT INTO agent (uid, description, state_hash, capabilities, health, first_seen, last_seen, attached,
                               registrations, rejoins, status, status_at)
            VALUES (:uid, :description, :state_hash, :capabilities, :health, :first_seen, :last_seen, :attached,
                    :registrations, :rejoins, :status, :status_at)
            ON CONFLICT (uid) DO UPDATE SET
                description = excluded.description, state_hash = excluded.state_hash,
                capabilities = excluded.capabilities, health = excluded.health,
                first_seen = excluded.first_seen, last_seen = excluded.last_seen, attached = excluded.attached,
                registrations = excluded.registrations, rejoins = excluded.rejoins,
                status = excluded.status, status_at = excluded.status_at
            """;

    private final Path file;
    private final HikariDataSource pool;
    private final Jdbi jdbi;

    private SqliteFleetStore(Path file, HikariDataSource pool) {
        this.file = file;
        this.pool = pool;
        this.jdbi = Jdbi.create(pool);
    }

    /**
     * Opens the file, makes it if it is not there, and brings it to the newest layout.
     *
     * @throws FleetStoreException if it cannot be opened or is no such file
     */
    public static SqliteFleetStore open(Path file) throws FleetStoreException {
        SQLiteDataSource source = source(file);
        try {
            Flyway layouts = Flyway.configure(SqliteFleetStore.class.getClassLoader())
                    .dataSource(source)
                    .locations(MIGRATIONS)
                    .load();
            requireKnown(file, layouts.info());
            layouts.migrate();
            HikariConfig config = new HikariConfig();
            config.setPoolName("holdfast-fleet-store");
            config.setDataSource(source);
            config.setMaximumPoolSize(1);
            return new SqliteFleetStore(file, new HikariDataSource(config));
        } catch (RuntimeException e) {
            throw new FleetStoreException(
                    file + " cannot be opened: " + reason(e)
                            + " (expected: a fleet database of this version or an older one; if it is damaged, move it"
                            + " away and the agents will register again)",
                    e);
        }
    }

    /** A layout that this program does not know may ask for more than it would write. */
    private static void requireKnown(Path file, MigrationInfoService layouts) throws FleetStoreException {
        MigrationInfo current = layouts.current();
        if (current == null || current.getState().isResolved()) {
            return;
        }
        String newest = Arrays.stream(layouts.all())
                .filter(layout -> layout.getState().isResolved())
                .map(layout -> String.valueOf(layout.getVersion()))
                .reduce("none", (one, next) -> next);
        throw new FleetStoreException(file + " has layout " + current.getVersion() + ", which a newer version wrote"
                + " (expected: layout " + newest + " or older; start the newer version again, or move the file away and"
                + " the agents will register anew)");
    }

    private static SQLiteDataSource source(Path file) {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
        config.setBusyTimeout((int) BUSY_TIMEOUT.toMillis());
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + file);
        return source;
    }

    @Override
    public List<AgentRecord> load() throws FleetStoreException {
        List<String> faults = new ArrayList<>();
        List<AgentRecord> records;
        try {
            records = jdbi.withHandle(handle ->
                    handle.createQuery("SELECT * FROM agent").map((row, context) -> read(row, faults)).stream()
                            .flatMap(Optional::stream)
                            .toList());
        } catch (RuntimeException e) {
            throw new FleetStoreException(
                    file + " cannot be read: " + reason(e)
                            + " (expected: a fleet database; if it is damaged, move it away and the agents will"
                            + " register again)",
                    e);
        }
        if (!faults.isEmpty()) {
            log.warn(
                    "{}: {} of {} rows left out, the first because {}; their agents will be asked to register",
                    file,
                    faults.size(),
                    records.size() + faults.size(),
                    faults.getFirst());
        }
        return records;
    }

    @Override
    public void save(Collection<AgentRecord> records) throws FleetStoreException {
        if (records.isEmpty()) {
            return;
        }
        try {
            jdbi.useTransaction(handle -> {
                PreparedBatch batch = handle.prepareBatch(SAVE);
                records.forEach(record -> add(batch, record));
                batch.execute();
            });
        } catch (RuntimeException e) {
            throw new FleetStoreException(file + " cannot be written: " + reason(e), e);
        }
    }

    @Override
    public void close() {
        pool.close();
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

    /** One row that cannot be read costs its agent a registration; it must not cost the fleet its server. */
    private static Optional<AgentRecord> read(ResultSet row, List<String> faults) throws SQLException {
        String uid = row.getString("uid");
        try {
            String status = row.getString("status");
            return Optional.of(new AgentRecord(
                    InstanceUid.parse(uid),
                    AgentDescription.decode(row.getBytes("description")),
                    row.getString("state_hash"),
                    row.getLong("capabilities"),
                    decode(row.getBytes("health")),
                    Instant.ofEpochMilli(row.getLong("first_seen")),
                    Instant.ofEpochMilli(row.getLong("last_seen")),
                    row.getInt("attached") != 0,
                    row.getLong("registrations"),
                    row.getLong("rejoins"),
                    status == null
                            ? null
                            : new AgentRecord.Status(status, Instant.ofEpochMilli(row.getLong("status_at")))));
        } catch (WireException | IllegalArgumentException e) {
            faults.add("that of " + uid + " cannot be read: " + e.getMessage());
            return Optional.empty();
        }
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

    static String reason(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = Objects.requireNonNullElse(root.getMessage(), root.toString());
        // An extended code has its kind in the lowest byte.
        int kind = root instanceof SQLiteException sqlite ? sqlite.getResultCode().code & 0xff : 0;
        if (kind == SQLiteErrorCode.SQLITE_FULL.code) {
            return "no space is left for it on its disk";
        }
        return kind == SQLiteErrorCode.SQLITE_READONLY.code ? "this user may only read it, or its directory" : message;
    }
}
