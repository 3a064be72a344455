// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

class SqliteFleetStoreIT extends FleetStoreContract {

    @TempDir
    private Path directory;

    @Override
    FleetStore open() throws Exception {
        return SqliteFleetStore.open(directory.resolve("fleet.db"));
    }

    @Test
    void saysWhichFileIsNoDatabaseAndLeavesItAsItIs() throws Exception {
        Path file = directory.resolve("other.db");
        Files.writeString(file, "this is not a database, and it is long enough to be looked at as one".repeat(20));
        byte[] before = Files.readAllBytes(file);

        assertThatThrownBy(() -> SqliteFleetStore.open(file))
                .isInstanceOf(FleetStoreException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("expected: a fleet database");
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    @Test
    void leavesOutARowThatCannotBeReadAndLoadsTheRest() throws Exception {
        Path file = directory.resolve("damaged.db");
        try (FleetStore store = SqliteFleetStore.open(file)) {
            store.save(List.of(Records.rich(1), Records.rich(2), Records.rich(3)));
        }
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE agent SET description = x'ffff' WHERE uid = '" + Records.uid(1) + "'");
            statement.executeUpdate("UPDATE agent SET uid = 'nobody' WHERE uid = '" + Records.uid(2) + "'");
        }

        try (FleetStore store = SqliteFleetStore.open(file)) {
            assertThat(store.load()).containsExactly(Records.rich(3));
        }
    }

    @Test
    void saysSoWhenASaveFails() throws Exception {
        FleetStore store = SqliteFleetStore.open(directory.resolve("closed.db"));
        store.close();

        assertThatThrownBy(() -> store.save(List.of(Records.rich(1))))
                .isInstanceOf(FleetStoreException.class)
                .hasMessageContaining(directory.resolve("closed.db") + " cannot be written: ");
    }

    @Test
    void aFileOfANewerVersionIsRefusedAndLeftAsItIs() throws Exception {
        Path file = directory.resolve("newer.db");
        SqliteFleetStore.open(file).close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("""
                    INSERT INTO flyway_schema_history
                    SELECT 99, '7', 'more', type, 'V7__more.sql', checksum, installed_by, installed_on, 1, 1
                    FROM flyway_schema_history WHERE version = '1'
                    """);
        }

        assertThatThrownBy(() -> SqliteFleetStore.open(file))
                .isInstanceOf(FleetStoreException.class)
                .hasMessageStartingWith(
                        file + " has layout 7, which a newer version wrote (expected: layout 1 or older")
                .hasMessageContaining("move the file away");
    }

    @Test
    void saysInWordsOfItsOwnThatADiskIsFullOrAFileMayOnlyBeRead() {
        assertThat(SqliteFleetStore.reason(failure(SQLiteErrorCode.SQLITE_FULL)))
                .isEqualTo("no space is left for it on its disk");
        assertThat(SqliteFleetStore.reason(failure(SQLiteErrorCode.SQLITE_READONLY_DIRECTORY)))
                .isEqualTo("this user may only read it, or its directory");
        assertThat(SqliteFleetStore.reason(failure(SQLiteErrorCode.SQLITE_BUSY)))
                .isEqualTo("what SQLite says");
    }

    private static RuntimeException failure(SQLiteErrorCode code) {
        return new IllegalStateException("wrapped", new SQLiteException("what SQLite says", code));
    }
}
