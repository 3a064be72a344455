// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.server.ingest.EventStore;
import dev.holdfast.server.ingest.EventStore.Query;
import dev.holdfast.server.ingest.EventStoreContract;
import dev.holdfast.server.ingest.EventStoreException;
import dev.holdfast.server.ingest.Lanes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteConfig;

class SqliteEventStoreIT extends EventStoreContract {

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir
    private Path directory;

    @Override
    protected EventStore open() throws Exception {
        return SqliteEventStore.open(directory.resolve("events.db"), () -> NOW);
    }

    /** What a kill leaves: the files as they are in the middle of a transaction, beside what was committed before. */
    @Test
    void whatWasCommittedIsThereAfterAKillInTheMiddleOfTheNext() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(6);
        Path killed = Files.createDirectory(directory.resolve("killed"));
        try (SqliteEventStore store = SqliteEventStore.open(directory.resolve("k.db"), () -> NOW)) {
            store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(0, 3)));
            store.write(tables -> {
                tables.add(Lanes.agent(1), NOW, lane.batch(3, 6));
                copy(killed);
            });
        }

        try (SqliteEventStore store = SqliteEventStore.open(killed.resolve("k.db"), () -> NOW)) {
            assertThat(store.mark(lane.stream())).contains(lane.at(3));
            assertThat(store.events(Query.after(0, 10)).items()).hasSize(3);
            store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(3, 6)));
            assertThat(store.events(Query.after(0, 10)).items())
                    .extracting(event -> event.data().first())
                    .containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
        }
    }

    private void copy(Path to) {
        try {
            for (String name : List.of("k.db", "k.db-wal")) {
                Files.copy(directory.resolve(name), to.resolve(name));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void isSyncedAtEachCommit() throws Exception {
        Path file = directory.resolve("s.db");
        try (SqliteEventStore store = SqliteEventStore.open(file, () -> NOW)) {
            assertThat(store.totals().events()).isZero();
        }
        SqliteFile.Kind kind = new SqliteFile.Kind(
                "ingest", SQLiteConfig.SynchronousMode.FULL, 1, SqliteEventReader::probe, "", Long.MAX_VALUE);
        try (SqliteFile opened = SqliteFile.open(file, kind);
                Connection connection = opened.pool().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("PRAGMA synchronous")) {
            assertThat(row.getInt(1)).as("FULL").isEqualTo(2);
        }
    }

    @Test
    void aRowThatIsThereTwiceIsTheBatchesFaultAndNotTheFiles() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(2);
        try (SqliteEventStore store = SqliteEventStore.open(directory.resolve("t.db"), () -> NOW)) {
            store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(0, 2)));

            assertThatThrownBy(() -> store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(0, 1))))
                    .isInstanceOf(IllegalStateException.class);

            assertThat(store.mark(lane.stream())).contains(lane.at(2));
        }
    }

    @Test
    void aDamagedFileIsSetAsideAndANewOneBegins() throws Exception {
        Path file = directory.resolve("d.db");
        Files.writeString(
                file,
                "no database at all, and longer than the header of one, which is a hundred bytes long"
                        + " and more than this line is already");
        Lanes lane = Lanes.of(1, "a").append(1);

        try (SqliteEventStore store = SqliteEventStore.open(file, () -> NOW)) {
            store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(0, 1)));
            assertThat(store.mark(lane.stream())).contains(lane.at(1));
        }
        assertThat(directory.resolve("d.db.damaged-2026-01-02T03-04-05Z"))
                .content()
                .startsWith("no database");
    }

    @Test
    void aFileOfANewerVersionIsLeftAsItIs() throws Exception {
        Path file = directory.resolve("n.db");
        try (SqliteEventStore store = SqliteEventStore.open(file, () -> NOW)) {
            store.totals();
        }
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.executeUpdate(
                    "INSERT INTO flyway_schema_history SELECT 2, '2', 'later', 'SQL', 'V2__later.sql', 0,"
                            + " '', '', 0, 1 FROM flyway_schema_history");
        }

        assertThatThrownBy(() -> SqliteEventStore.open(file, () -> NOW))
                .isInstanceOf(EventStoreException.class)
                .hasMessageContaining("layout 2, which a newer version wrote");
    }
}
