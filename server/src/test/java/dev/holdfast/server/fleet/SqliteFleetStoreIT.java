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
                .hasMessageContaining("saving 1 agents failed");
    }
}
