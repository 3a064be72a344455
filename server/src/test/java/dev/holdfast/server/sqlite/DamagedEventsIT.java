// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.server.ingest.EventStore;
import dev.holdfast.server.ingest.EventStore.Query;
import dev.holdfast.server.ingest.EventStoreException;
import dev.holdfast.server.ingest.Lanes;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files of events that a disk has damaged, or has no room for. */
class DamagedEventsIT {

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    private static final String ASIDE = "events.db.damaged-2026-01-02T03-04-05Z";

    private static final int PAGE = 4096;

    /** More than SQLite keeps in memory of a file. */
    private static final int RECORDS = 1_000;

    private final Lanes lane = Lanes.of(1, "work").append("\"" + "x".repeat(4_000) + "\"");

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource
    void aDamagedFileIsSetAsideAsItIsAndANewOneBegins(DamagedStoreIT.Damage damage) throws Exception {
        Path file = written(200);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            damage.to(channel);
        }
        byte[] damaged = Files.readAllBytes(file);

        try (EventStore store = SqliteEventStore.open(file, () -> NOW)) {
            assertThat(Files.readAllBytes(directory.resolve(ASIDE))).isEqualTo(damaged);
            assertThat(store.mark(lane.stream()))
                    .as("agents are told that it is not known")
                    .isEmpty();
            assertThat(store.totals().events()).isZero();
            store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(0, 10)));
            assertThat(store.events(Query.after(RECORDS, 100)).items())
                    .as("whoever goes on after an old id misses none")
                    .hasSize(10);
        }
        try (EventStore store = SqliteEventStore.open(file, () -> NOW)) {
            assertThat(store.mark(lane.stream())).contains(lane.at(10));
        }
        assertThat(directory.resolve(ASIDE + "-2")).doesNotExist();
    }

    /** Who finds it: a reader, a resume or a batch. */
    enum Finder {
        READER {
            @Override
            void find(EventStore store, Lanes lane) throws EventStoreException {
                store.events(Query.after(RECORDS / 2, 400));
            }
        },
        RESUME {
            @Override
            void find(EventStore store, Lanes lane) throws EventStoreException {
                store.hash(lane.stream(), RECORDS / 2);
            }
        },
        BATCH {
            @Override
            void find(EventStore store, Lanes lane) throws EventStoreException {
                store.write(tables -> tables.retire(NOW.plusSeconds(1), Long.MAX_VALUE, RECORDS));
            }
        };

        abstract void find(EventStore store, Lanes lane) throws EventStoreException;
    }

    @ParameterizedTest
    @EnumSource
    void whatIsFoundDamagedWhileItRunsGivesWayToANewOne(Finder finder) throws Exception {
        Path file = written(RECORDS);
        try (EventStore store = SqliteEventStore.open(file, () -> NOW)) {
            assertThat(store.mark(lane.stream())).isPresent();
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                for (long page = 16; page < channel.size() / PAGE; page++) {
                    DamagedStoreIT.Damage.write(channel, page * PAGE, PAGE);
                }
            }

            assertThatThrownBy(() -> finder.find(store, lane))
                    .isInstanceOf(EventStoreException.class)
                    .hasMessageContaining("malformed");

            assertThat(store.mark(lane.stream())).isEmpty();
            assertThat(directory.resolve(ASIDE)).exists();
            store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(0, 10)));
            assertThat(store.events(Query.after(RECORDS, 100)).items()).hasSize(10);
        }
        try (EventStore store = SqliteEventStore.open(file, () -> NOW)) {
            assertThat(store.mark(lane.stream())).contains(lane.at(10));
        }
        assertThat(directory.resolve(ASIDE + "-2")).doesNotExist();
    }

    @Test
    void aLargeFileIsLookedThroughWhileItIsUsedAndSetAsideThenIfItIsDamaged() throws Exception {
        Path file = written(RECORDS);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            // Where nobody looks who only goes on.
            DamagedStoreIT.Damage.write(channel, channel.size() / PAGE / 2 * PAGE, PAGE);
        }
        try (EventStore store = SqliteEventStore.open(file, () -> NOW, PAGE)) {
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                store.mark(lane.stream());
                return Files.exists(directory.resolve(ASIDE));
            });
            assertThat(store.mark(lane.stream())).isEmpty();
            store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(0, 10)));
            assertThat(store.totals().events()).isEqualTo(10);
        }
    }

    @Test
    void aLargeFileThatWasNotClosedInOrderIsLookedThroughFirst() throws Exception {
        Path file = written(RECORDS);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            DamagedStoreIT.Damage.write(channel, channel.size() / PAGE / 2 * PAGE, PAGE);
        }
        Files.createFile(directory.resolve("events.db-wal"));
        try (EventStore store = SqliteEventStore.open(file, () -> NOW, PAGE)) {
            assertThat(directory.resolve(ASIDE)).exists();
            assertThat(store.totals().events()).isZero();
        }
    }

    @Test
    void aStoreIsClosedInTheMidstOfALook() throws Exception {
        Path file = written(RECORDS);
        for (int i = 0; i < 5; i++) {
            try (EventStore store = SqliteEventStore.open(file, () -> NOW, PAGE)) {
                assertThat(store.totals().events()).isEqualTo(RECORDS);
            }
            assertThat(directory.resolve("events.db-wal")).doesNotExist();
        }
    }

    /** As a disk that is full: SQLite says the same of a file that may not grow. */
    @Test
    void whatIsStoredCanBeReadWhereNoMoreCanBeAndItGoesOnWhereThereIsRoomAgain() throws Exception {
        lane.append(3_000);
        try (EventStore store = SqliteEventStore.open(directory.resolve("events.db"), () -> NOW)) {
            store.write(tables -> limit(tables, 50));
            long stored = 0;
            while (stored < 3_000 && isStored(store, stored)) {
                stored += 100;
            }
            assertThat(stored).isBetween(100L, 2_900L);
            long first = stored;

            assertThatThrownBy(() -> add(store, first))
                    .isInstanceOf(EventStoreException.class)
                    .hasMessageContaining("no space is left for it on its disk");
            assertThat(store.mark(lane.stream())).contains(lane.at(stored));
            assertThat(store.events(Query.after(0, 5_000)).items()).hasSize((int) stored);
            assertThat(store.hash(lane.stream(), stored))
                    .isEqualTo(lane.at(stored).hash());

            store.write(tables -> limit(tables, 1_000_000));
            add(store, stored);
            assertThat(store.mark(lane.stream())).contains(lane.at(stored + 100));
        }
    }

    private boolean isStored(EventStore store, long from) {
        try {
            add(store, from);
            return true;
        } catch (EventStoreException full) {
            return false;
        }
    }

    private void add(EventStore store, long from) throws EventStoreException {
        store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(from, from + 100)));
    }

    private static void limit(EventStore.Tables tables, int pages) throws EventStoreException {
        try (Statement statement = ((SqliteEventWriter) tables).connection.createStatement()) {
            statement.execute("PRAGMA max_page_count = " + pages);
        } catch (SQLException e) {
            throw new EventStoreException("no limit", e);
        }
    }

    private Path written(int records) throws Exception {
        for (int i = 1; i < records; i++) {
            lane.append("\"" + "x".repeat(4_000) + "\"");
        }
        Path file = directory.resolve("events.db");
        try (EventStore store = SqliteEventStore.open(file, () -> NOW)) {
            for (int at = 0; at < records; at += 100) {
                int from = at;
                store.write(tables -> tables.add(Lanes.agent(1), NOW, lane.batch(from, from + 100)));
            }
        }
        return file;
    }
}
