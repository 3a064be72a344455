// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.server.fleet.FleetStore;
import dev.holdfast.server.fleet.FleetStoreContract;
import dev.holdfast.server.fleet.FleetStoreException;
import dev.holdfast.server.fleet.Records;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

class SqliteFleetStoreIT extends FleetStoreContract {

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir
    private Path directory;

    @Override
    protected FleetStore open() throws Exception {
        return SqliteFleetStore.open(directory.resolve("fleet.db"), () -> NOW);
    }

    @Test
    void leavesOutARowThatCannotBeReadAndLoadsTheRest() throws Exception {
        Path file = directory.resolve("damaged.db");
        try (FleetStore store = SqliteFleetStore.open(file, () -> NOW)) {
            store.save(List.of(Records.rich(1), Records.rich(2), Records.rich(3)));
        }
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE agent SET description = x'ffff' WHERE uid = '" + Records.uid(1) + "'");
            statement.executeUpdate("UPDATE agent SET uid = 'nobody' WHERE uid = '" + Records.uid(2) + "'");
        }

        try (FleetStore store = SqliteFleetStore.open(file, () -> NOW)) {
            assertThat(store.load()).containsExactly(Records.rich(3));
        }
        Path aside = directory.resolve("damaged.db.damaged-2026-01-02T03-04-05Z");
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + aside);
                Statement statement = connection.createStatement();
                ResultSet uids = statement.executeQuery("SELECT count(*) FROM agent WHERE uid = 'nobody'")) {
            assertThat(uids.getInt(1)).as("kept where it was set aside").isEqualTo(1);
        }
        try (FleetStore store = SqliteFleetStore.open(file, () -> NOW)) {
            assertThat(store.load()).containsExactly(Records.rich(3));
        }
        assertThat(directory.resolve(aside.getFileName() + "-2"))
                .as("told once")
                .doesNotExist();
    }

    @Test
    void aFileThatAnotherProgramHoldsOrThatIsNoFileIsRefusedAndLeftAsItIs() throws Exception {
        Path held = directory.resolve("held.db");
        SqliteFleetStore.open(held, () -> NOW).close();
        Path none = Files.createDirectory(directory.resolve("none.db"));
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + held);
                Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA locking_mode = EXCLUSIVE");
            statement.execute("BEGIN EXCLUSIVE");
            assertThatThrownBy(() -> SqliteFleetStore.open(held, () -> NOW))
                    .isInstanceOf(FleetStoreException.class)
                    .hasMessageStartingWith(held + " cannot be opened: another program holds it locked (expected: ");
        }
        assertThatThrownBy(() -> SqliteFleetStore.open(none, () -> NOW))
                .isInstanceOf(FleetStoreException.class)
                .hasMessageStartingWith(none + " cannot be opened: this user may not open it");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).noneMatch(file -> file.toString().contains("damaged"));
        }
    }

    @Test
    void saysSoWhenASaveFails() throws Exception {
        FleetStore store = SqliteFleetStore.open(directory.resolve("closed.db"), () -> NOW);
        store.close();

        assertThatThrownBy(() -> store.save(List.of(Records.rich(1))))
                .isInstanceOf(FleetStoreException.class)
                .hasMessageContaining(directory.resolve("closed.db") + " cannot be written: ");
    }

    @Test
    void aFileOfANewerVersionIsRefusedAndLeftAsItIs() throws Exception {
        Path file = directory.resolve("newer.db");
        SqliteFleetStore.open(file, () -> NOW).close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("""
                    INSERT INTO flyway_schema_history
                    SELECT 99, '7', 'more', type, 'V7__more.sql', checksum, installed_by, installed_on, 1, 1
                    FROM flyway_schema_history WHERE version = '1'
                    """);
        }

        assertThatThrownBy(() -> SqliteFleetStore.open(file, () -> NOW))
                .isInstanceOf(FleetStoreException.class)
                .hasMessageStartingWith(
                        file + " has layout 7, which a newer version wrote (expected: layout 1 or older")
                .hasMessageContaining("move the file away");
    }

    @Test
    void saysInWordsOfItsOwnThatADiskIsFullOrAFileMayOnlyBeRead() {
        assertThat(SqliteFault.reason(failure(SQLiteErrorCode.SQLITE_FULL)))
                .isEqualTo("no space is left for it on its disk");
        assertThat(SqliteFault.reason(failure(SQLiteErrorCode.SQLITE_READONLY_DIRECTORY)))
                .isEqualTo("this user may only read it, or its directory");
        assertThat(SqliteFault.reason(failure(SQLiteErrorCode.SQLITE_BUSY)))
                .isEqualTo("another program holds it locked");
        assertThat(SqliteFault.reason(failure(SQLiteErrorCode.SQLITE_IOERR_FSYNC)))
                .isEqualTo("what SQLite says");
    }

    @Test
    void onlyWhatComesFromTheFileItselfIsDamage() {
        assertThat(List.of(
                        SQLiteErrorCode.SQLITE_CORRUPT,
                        SQLiteErrorCode.SQLITE_CORRUPT_INDEX,
                        SQLiteErrorCode.SQLITE_NOTADB,
                        SQLiteErrorCode.SQLITE_IOERR_SHORT_READ))
                .allMatch(code -> SqliteFault.isDamage(failure(code)));
        assertThat(List.of(
                        SQLiteErrorCode.SQLITE_FULL,
                        SQLiteErrorCode.SQLITE_BUSY,
                        SQLiteErrorCode.SQLITE_LOCKED,
                        SQLiteErrorCode.SQLITE_READONLY_DIRECTORY,
                        SQLiteErrorCode.SQLITE_PERM,
                        SQLiteErrorCode.SQLITE_CANTOPEN,
                        SQLiteErrorCode.SQLITE_IOERR,
                        SQLiteErrorCode.SQLITE_IOERR_READ))
                .noneMatch(code -> SqliteFault.isDamage(failure(code)));
    }

    private static RuntimeException failure(SQLiteErrorCode code) {
        return new IllegalStateException("wrapped", new SQLiteException("what SQLite says", code));
    }
}
