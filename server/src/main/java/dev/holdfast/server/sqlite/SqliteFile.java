// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.holdfast.core.disk.SetAside;
import dev.holdfast.server.fleet.AgentRecord;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationInfoService;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * A file of SQLite that was looked through and has the newest layout, and the connection to it.
 *
 * @param jdbi what to use it by
 * @param source of further connections
 * @param isChecked whether it was looked through; a large one that was closed in order is not
 */
record SqliteFile(HikariDataSource pool, Jdbi jdbi, SQLiteDataSource source, boolean isChecked)
        implements AutoCloseable {

    /** What SQLite keeps beside a file, by how the names end. */
    static final List<String> COMPANIONS = List.of("-wal", "-shm");

    /** How long a save waits for another process that reads or copies the file. */
    private static final Duration BUSY_TIMEOUT = Duration.ofSeconds(5);

    private static final String HISTORY = "flyway_schema_history";

    /**
     * What is in a file.
     *
     * @param name that of its room, for threads and tables
     * @param synchronous what is safe once a transaction ended: from the death of the process, or from a loss of power
     * @param connections how many may be used at a time
     * @param probe fails if a table is not there, or not as it should be
     * @param remedy what happens if a file that a newer version wrote is moved away
     * @param large of more bytes, whoever opens the file is not to wait until it was looked through, but for one that
     *     was not closed in order
     */
    record Kind(
            String name,
            SQLiteConfig.SynchronousMode synchronous,
            int connections,
            HandleConsumer<RuntimeException> probe,
            String remedy,
            long large) {}

    /** A newer version wrote a file. */
    static final class NewerException extends Exception {

        private static final long serialVersionUID = 1L;

        private NewerException(String message) {
            super(message);
        }
    }

    /**
     * Opens a file, makes it if it is not there, and brings it to the newest layout.
     *
     * @throws NewerException if a newer version wrote it, in which case it is left as it is
     * @throws RuntimeException if it cannot be opened; {@link SqliteFault#isDamage} tells whether it is damaged
     */
    static SqliteFile open(Path file, Kind kind) throws NewerException {
        SQLiteDataSource source = source(file, kind.synchronous());
        boolean isLarge = isLarge(file, kind);
        Flyway layouts = Flyway.configure(SqliteFile.class.getClassLoader())
                .dataSource(source)
                .locations("classpath:dev/holdfast/server/" + kind.name() + "/migration")
                .load();
        try {
            requireKnown(file, kind, layouts.info());
            requireSound(source, !isLarge);
            layouts.migrate();
        } catch (FlywayException e) {
            if (SqliteFault.isOfSqlite(e)) {
                throw e;
            }
            throw new SqliteFault.Damaged("its table " + HISTORY + " makes no sense: " + SqliteFault.reason(e), e);
        }
        HikariConfig config = new HikariConfig();
        config.setPoolName("holdfast-" + kind.name() + "-store");
        config.setDataSource(source);
        config.setMaximumPoolSize(kind.connections());
        // Nothing between us and a file goes stale.
        config.setMaxLifetime(0);
        HikariDataSource pool = new HikariDataSource(config);
        SqliteFile open = new SqliteFile(pool, Jdbi.create(pool), source, !isLarge);
        try {
            open.jdbi.useHandle(kind.probe());
            return open;
        } catch (RuntimeException e) {
            open.close();
            throw SqliteFault.isDamage(e) ? e : missing(e);
        }
    }

    /** Whether it is large and was closed in order: whoever closes one last leaves no log of it. */
    private static boolean isLarge(Path file, Kind kind) {
        return file.toFile().length() > kind.large()
                && COMPANIONS.stream().noneMatch(companion -> Files.exists(Path.of(file + companion)));
    }

    /** SQLite has a code of its own for most things, but not for this. */
    private static RuntimeException missing(RuntimeException e) {
        String reason = SqliteFault.reason(e);
        return reason.contains("no such table") || reason.contains("no such column")
                ? new SqliteFault.Damaged("a table of it is not there or not as it should be", e)
                : e;
    }

    /** A layout that this program does not know may ask for more than it would write. */
    private static void requireKnown(Path file, Kind kind, MigrationInfoService layouts) throws NewerException {
        MigrationInfo current = layouts.current();
        if (current == null || current.getState().isResolved()) {
            return;
        }
        String newest = Arrays.stream(layouts.all())
                .filter(layout -> layout.getState().isResolved())
                .map(layout -> String.valueOf(layout.getVersion()))
                .reduce("none", (one, next) -> next);
        throw new NewerException(file + " has layout " + current.getVersion() + ", which a newer version wrote"
                + " (expected: layout " + newest + " or older; start the newer version again, or move the file away and"
                + " " + kind.remedy() + ")");
    }

    private static void requireSound(SQLiteDataSource source, boolean isAllRead) {
        try (Connection connection = source.getConnection()) {
            List<String> tables = strings(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'");
            if (!tables.isEmpty() && !tables.contains(HISTORY)) {
                throw new SqliteFault.Damaged("its table " + HISTORY + " is not there");
            }
            if (isAllRead) {
                SqliteCheck.check(connection);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> strings(Connection connection, String query) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(query)) {
            List<String> strings = new ArrayList<>();
            while (rows.next()) {
                strings.add(rows.getString(1));
            }
            return strings;
        }
    }

    /** What can still be read in a damaged file, which is left as it is. */
    static List<AgentRecord> salvage(Path file) {
        try (Connection connection = source(file, null).getConnection();
                Statement lenient = connection.createStatement()) {
            // Else SQLite reads nothing at all of a file that is shorter than it says of itself.
            lenient.execute("PRAGMA writable_schema = ON");
            return SqliteRows.salvage(connection, Files.size(file));
        } catch (SQLException | IOException unreadable) {
            return List.of();
        }
    }

    /** One to read alone, where nothing is said of how to write. */
    private static SQLiteDataSource source(Path file, SQLiteConfig.@Nullable SynchronousMode synchronous) {
        SQLiteConfig config = new SQLiteConfig();
        if (synchronous == null) {
            config.setReadOnly(true);
        } else {
            config.setJournalMode(SQLiteConfig.JournalMode.WAL);
            config.setSynchronous(synchronous);
        }
        config.setBusyTimeout((int) BUSY_TIMEOUT.toMillis());
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + file);
        return source;
    }

    /**
     * Gives a damaged file another name and makes an empty one in its place, for the eyes of those who may read the old
     * one from the moment it exists.
     *
     * @param damaged the file as it is open, closed once it is renamed and not before: what is closed last removes its
     *     companions, by name
     * @return where the damaged one is now
     */
    static Path setAside(Path file, @Nullable SqliteFile damaged, Instant now) throws IOException {
        try {
            Path aside = SetAside.of(file, COMPANIONS, now);
            Files.createFile(file);
            if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
                Files.setPosixFilePermissions(file, Files.getPosixFilePermissions(aside));
            }
            return aside;
        } finally {
            if (damaged != null) {
                damaged.close();
            }
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
