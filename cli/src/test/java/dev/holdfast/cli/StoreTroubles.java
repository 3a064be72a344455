// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.agent.Agent;
import dev.holdfast.cli.TroubleshootingIT.Trouble;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.server.Server;
import dev.holdfast.server.fleet.AgentRecord;
import dev.holdfast.server.fleet.FleetStoreException;
import dev.holdfast.server.sqlite.SqliteFleetStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;

/** What can go wrong with the fleet's database. */
final class StoreTroubles {

    static final Map<String, Trouble> CASES = Map.ofEntries(
            entry("store-newer", StoreTroubles::newer),
            entry("store-locked", StoreTroubles::locked),
            entry("store-library", StoreTroubles::library),
            entry("store-damaged", StoreTroubles::damaged),
            entry("store-damaged-running", StoreTroubles::damagedWhileRunning),
            entry("store-damaged-often", StoreTroubles::damagedOften),
            entry("store-full", StoreTroubles::full));

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    private StoreTroubles() {}

    private static Path store(Path directory) throws Exception {
        Path file = Files.createDirectory(directory.resolve("server")).resolve("fleet.db");
        SqliteFleetStore.open(file, () -> NOW).close();
        return file;
    }

    private static Told newer(Path directory, Pattern line) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + store(directory));
                Statement statement = connection.createStatement()) {
            statement.executeUpdate(
                    "INSERT INTO flyway_schema_history SELECT 99, '7', 'more', type, 'V7__more.sql', checksum,"
                            + " installed_by, installed_on, 1, 1 FROM flyway_schema_history WHERE version = '1'");
        }
        Told told = CommandTroubles.server(directory);
        requireNothingSetAside(directory);
        return told;
    }

    private static Told locked(Path directory, Pattern line) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + store(directory));
                Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA locking_mode = EXCLUSIVE");
            statement.execute("BEGIN EXCLUSIVE");
            Told told = CommandTroubles.server(directory);
            requireNothingSetAside(directory);
            return told;
        }
    }

    /** In a process of its own: in this one the library is loaded. */
    private static Told library(Path directory, Pattern line) throws Exception {
        return CommandTroubles.mounted(directory, "size=1m", place -> {
            Path log = directory.resolve("log");
            try (RunningCommand server =
                    RunningCommand.start(log, Map.of(), CommandTroubles.serverArguments(place.resolve("data")))) {
                int exitCode = server.exitCode();
                return new Told(exitCode, server.output().lines().toList());
            }
        });
    }

    private static Told damaged(Path directory, Pattern line) throws Exception {
        Path file = store(directory);
        scribble(file, 0);
        try (Told.Log log = Told.Log.open();
                Server server = LinkTroubles.server(directory.resolve("server"))) {
            assertThat(server.agentAddress().getPort()).isPositive();
            return log.await(line);
        }
    }

    private static Told damagedWhileRunning(Path directory, Pattern line) throws Exception {
        Path file = store(directory);
        List<AgentRecord> large = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            large.add(record(i));
        }
        try (SqliteFleetStore store = SqliteFleetStore.open(file, () -> NOW)) {
            store.save(large);
        }
        try (Told.Log log = Told.Log.open();
                SqliteFleetStore store = SqliteFleetStore.open(file, () -> NOW)) {
            assertThat(store.load()).hasSameSizeAs(large);
            scribble(file, 8 * 4096);
            assertThatThrownBy(() -> store.save(large)).isInstanceOf(FleetStoreException.class);
            store.save(large);
            assertThat(store.load()).hasSameSizeAs(large);
            return log.await(line);
        }
    }

    private static Told damagedOften(Path directory, Pattern line) throws Exception {
        Path file = store(directory);
        scribble(file, 0);
        for (int i = 0; i < 10; i++) {
            Files.createFile(file.resolveSibling("fleet.db.damaged-2026-01-02T03-04-0" + i + "Z"));
        }
        return CommandTroubles.server(directory);
    }

    private static Told full(Path directory, Pattern line) throws Exception {
        return CommandTroubles.mounted(directory, "size=1m", place -> {
            try (Told.Log log = Told.Log.open();
                    Server server = LinkTroubles.server(place.resolve("data"))) {
                Path filling = CommandTroubles.fill(place);
                try (Agent agent = LinkTroubles.agent(directory.resolve("agent"), LinkTroubles.uri(server))) {
                    Told told = log.await(line);
                    log.await(Pattern.compile("link attached: REGISTERED.*"));
                    Files.delete(filling);
                    log.await(Pattern.compile("store: works again after .*"));
                    assertThat(agent.uid()).isNotNull();
                    return told;
                }
            }
        });
    }

    private static AgentRecord record(int number) {
        InstanceUid uid = InstanceUid.random(NOW, new Random(number));
        AgentRecord.Status status = new AgentRecord.Status("\"" + "x".repeat(60_000) + "\"", NOW);
        return new AgentRecord(uid, AgentDescription.EMPTY, null, 0, null, NOW, NOW, false, 1, 0, status);
    }

    static void scribble(Path file, long from) throws IOException {
        try (RandomAccessFile random = new RandomAccessFile(file.toFile(), "rw")) {
            byte[] noise = new byte[(int) (random.length() - from)];
            new Random(7).nextBytes(noise);
            random.seek(from);
            random.write(noise);
        }
    }

    private static void requireNothingSetAside(Path directory) throws IOException {
        try (var files = Files.list(directory.resolve("server"))) {
            assertThat(files.map(Path::toString)).noneMatch(name -> name.contains("damaged"));
        }
    }
}
