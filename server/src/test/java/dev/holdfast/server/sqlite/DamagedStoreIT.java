// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.server.fleet.AgentRecord;
import dev.holdfast.server.fleet.FleetStore;
import dev.holdfast.server.fleet.FleetStoreException;
import dev.holdfast.server.fleet.Records;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that a disk, a copy or a person has damaged. */
class DamagedStoreIT {

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    private static final String ASIDE = "fleet.db.damaged-2026-01-02T03-04-05Z";

    private static final int AGENTS = 1_000;

    /** More than SQLite keeps in memory of a file. */
    private static final int MANY = 10_000;

    private static final int PAGE = 4096;

    private static final List<AgentRecord> FLEET = fleet(AGENTS);

    private static final Set<AgentRecord> WITHOUT_HASH =
            FLEET.stream().map(DamagedStoreIT::withoutHash).collect(Collectors.toSet());

    @TempDir
    private Path directory;

    /** What may happen to a file, and whether some of its rows can be read still. */
    enum Damage {
        NO_DATABASE(false) {
            @Override
            void to(FileChannel file) throws IOException {
                write(file, 0, (int) file.size());
            }
        },
        HEADER(false) {
            @Override
            void to(FileChannel file) throws IOException {
                write(file, 0, 100);
            }
        },
        PAGES_IN_THE_MIDDLE(true) {
            @Override
            void to(FileChannel file) throws IOException {
                write(file, file.size() / PAGE / 2 * PAGE, 3 * PAGE);
            }
        },
        CUT_OFF(true) {
            @Override
            void to(FileChannel file) throws IOException {
                file.truncate(file.size() / PAGE * 3 / 4 * PAGE);
            }
        },
        CUT_TO_A_STUMP(false) {
            @Override
            void to(FileChannel file) throws IOException {
                file.truncate(PAGE / 2);
            }
        };

        private final boolean readableInPart;

        Damage(boolean readableInPart) {
            this.readableInPart = readableInPart;
        }

        abstract void to(FileChannel file) throws IOException;

        static void write(FileChannel file, long position, int count) throws IOException {
            byte[] noise = new byte[count];
            new Random(7).nextBytes(noise);
            file.write(ByteBuffer.wrap(noise), position);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedFileIsSetAsideAsItIsAndWhatCanBeReadOfItBeginsTheNew(Damage damage) throws Exception {
        Path file = written(FLEET);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            damage.to(channel);
        }
        byte[] damaged = Files.readAllBytes(file);

        List<AgentRecord> loaded = reopened(file);

        assertThat(Files.readAllBytes(directory.resolve(ASIDE))).isEqualTo(damaged);
        assertThat(loaded.isEmpty()).isEqualTo(!damage.readableInPart);
        // Sets, since AssertJ compares each with each.
        assertThat(WITHOUT_HASH.containsAll(Set.copyOf(loaded)))
                .as("as they were, but such that each agent is asked for its full state")
                .isTrue();
        if (damage.readableInPart) {
            assertThat(loaded).hasSizeBetween(AGENTS / 2, AGENTS - 1);
        }
        assertThat(mode(file)).isEqualTo(mode(directory.resolve(ASIDE)));
        assertThat(Set.copyOf(reopened(file)))
                .as("once more, from the new file")
                .isEqualTo(Set.copyOf(loaded));
        assertThat(directory.resolve(ASIDE + "-2")).doesNotExist();
    }

    @Test
    void anOlderOneThatWasSetAsideIsKept() throws Exception {
        Path older = Files.writeString(directory.resolve(ASIDE), "older");
        Files.writeString(directory.resolve("fleet.db"), "not a database at all, ".repeat(100));

        assertThat(reopened(directory.resolve("fleet.db"))).isEmpty();
        assertThat(older).hasContent("older");
        assertThat(directory.resolve(ASIDE + "-2")).content().startsWith("not a database");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DROP TABLE flyway_schema_history",
                "DROP TABLE agent",
                "ALTER TABLE agent DROP COLUMN health",
                "UPDATE flyway_schema_history SET checksum = 1",
                "UPDATE flyway_schema_history SET version = 'x'"
            })
    void aFileWithoutATableOfOursOrWithAnotherHistoryIsSetAside(String change) throws Exception {
        Path file = written(FLEET);
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.executeUpdate(change);
        }

        List<AgentRecord> loaded = reopened(file);

        assertThat(directory.resolve(ASIDE)).exists();
        assertThat(loaded.isEmpty()).isEqualTo(change.contains("TABLE agent"));
        assertThat(reopened(file)).hasSameSizeAs(loaded);
    }

    @Test
    void aFirstStartThatWasCutOffIsNoDamage() throws Exception {
        Path file = directory.resolve("fleet.db");
        SqliteFleetStore.open(file, () -> NOW).close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("DROP TABLE agent");
            statement.executeUpdate("DELETE FROM flyway_schema_history");
        }

        assertThat(reopened(file)).isEmpty();
        assertThat(directory.resolve(ASIDE)).doesNotExist();
    }

    @Test
    void whatIsFoundDamagedByASaveIsSetAsideAndASaveOfEverythingMendsIt() throws Exception {
        List<AgentRecord> many = fleet(MANY);
        Path file = written(many);
        assertThat(Files.size(file)).isGreaterThan(3 << 20);
        SqliteFleetStore store = SqliteFleetStore.open(file, () -> NOW);
        assertThat(store.load()).hasSize(MANY);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (long page = 8; page < channel.size() / PAGE; page++) {
                Damage.write(channel, page * PAGE, PAGE);
            }
        }
        byte[] damaged = Files.readAllBytes(file);

        assertThatThrownBy(() -> store.save(many))
                .isInstanceOfSatisfying(
                        FleetStoreException.class, e -> assertThat(e.emptied()).isTrue());
        store.save(many);
        assertThat(Set.copyOf(store.load())).isEqualTo(Set.copyOf(many));
        store.close();

        assertThat(Set.copyOf(reopened(file))).isEqualTo(Set.copyOf(many));
        assertThat(Files.size(directory.resolve(ASIDE))).isEqualTo(damaged.length);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(found -> found.getFileName().toString()))
                    .contains("fleet.db", ASIDE, ASIDE + "-wal")
                    .doesNotContain(ASIDE + "-2");
        }
    }

    @Test
    void aDiskThatDamagesEveryFileIsNotFilledWithThem() throws Exception {
        Path file = directory.resolve("fleet.db");
        List<String> refusals = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Files.writeString(file, "not a database at all, ".repeat(100));
            try (SqliteFleetStore store = SqliteFleetStore.open(file, () -> NOW)) {
                assertThat(store.load()).isEmpty();
            } catch (FleetStoreException e) {
                refusals.add(String.valueOf(e.getMessage()));
            }
        }
        assertThat(refusals)
                .hasSize(2)
                .allSatisfy(refusal -> assertThat(refusal)
                        .startsWith(file + " is damaged, and 10 of its kind were set aside already"));
        assertThat(file).content().startsWith("not a database");
    }

    private static List<AgentRecord> fleet(int agents) {
        return IntStream.range(0, agents).mapToObj(Records::rich).toList();
    }

    private Path written(List<AgentRecord> fleet) throws Exception {
        Path file = directory.resolve("fleet.db");
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (FleetStore store = SqliteFleetStore.open(file, () -> NOW)) {
            store.save(fleet);
        }
        return file;
    }

    private static List<AgentRecord> reopened(Path file) throws Exception {
        try (FleetStore store = SqliteFleetStore.open(file, () -> NOW)) {
            return store.load();
        }
    }

    private static AgentRecord withoutHash(AgentRecord record) {
        return new AgentRecord(
                record.uid(),
                record.description(),
                null,
                record.capabilities(),
                record.health(),
                record.firstSeen(),
                record.lastSeen(),
                record.attached(),
                record.registrations(),
                record.rejoins(),
                record.status());
    }

    private static Set<?> mode(Path file) throws IOException {
        return Files.getPosixFilePermissions(file);
    }
}
