// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.cli.TroubleshootingIT.Trouble;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.StreamId;
import dev.holdfast.server.Server;
import dev.holdfast.server.ingest.EventStore;
import dev.holdfast.server.ingest.EventStoreException;
import dev.holdfast.server.ingest.IngestConfig;
import dev.holdfast.server.ingest.Inlet;
import dev.holdfast.server.ingest.Intake;
import dev.holdfast.server.sqlite.SqliteEventStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** What can go wrong with the database of events. */
final class EventTroubles {

    static final Map<String, Trouble> CASES = Map.ofEntries(
            entry("events-newer", EventTroubles::newer),
            entry("events-damaged", EventTroubles::damaged),
            entry("events-damaged-running", EventTroubles::damagedWhileRunning),
            entry("events-full", EventTroubles::full));

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    private static final InstanceUid AGENT = InstanceUid.random(NOW, new Random(1));

    private static final StreamId LANE = new StreamId(new OutboxId(1, 2), "work", 3);

    private EventTroubles() {}

    private static Path store(Path directory) throws Exception {
        Path file = Files.createDirectory(directory.resolve("server")).resolve("events.db");
        SqliteEventStore.open(file, () -> NOW).close();
        return file;
    }

    private static Told newer(Path directory, Pattern line) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + store(directory));
                Statement statement = connection.createStatement()) {
            statement.executeUpdate(
                    "INSERT INTO flyway_schema_history SELECT 99, '7', 'more', type, 'V7__more.sql', checksum,"
                            + " installed_by, installed_on, 1, 1 FROM flyway_schema_history WHERE version = '1'");
        }
        return CommandTroubles.server(directory);
    }

    private static Told damaged(Path directory, Pattern line) throws Exception {
        StoreTroubles.scribble(store(directory), 0);
        try (Told.Log log = Told.Log.open();
                Server server = LinkTroubles.server(directory.resolve("server"))) {
            assertThat(server.agentAddress().getPort()).isPositive();
            return log.await(line);
        }
    }

    private static Told damagedWhileRunning(Path directory, Pattern line) throws Exception {
        Path file = store(directory);
        try (EventStore store = SqliteEventStore.open(file, () -> NOW)) {
            for (int at = 0; at < 100; at++) {
                Batch batch = batch(at, 100_000);
                store.write(tables -> tables.add(AGENT, NOW, batch));
            }
        }
        try (Told.Log log = Told.Log.open();
                EventStore store = SqliteEventStore.open(file, () -> NOW)) {
            StoreTroubles.scribble(file, 16 * 4096);
            assertThatThrownBy(() -> store.write(tables -> tables.retire(NOW.plusSeconds(1), 0, 1_000)))
                    .isInstanceOf(EventStoreException.class);
            assertThat(store.mark(LANE)).isEmpty();
            return log.await(line);
        }
    }

    private static Told full(Path directory, Pattern line) throws Exception {
        return CommandTroubles.mounted(directory, "size=4m", place -> {
            try (Told.Log log = Told.Log.open();
                    EventStore store = SqliteEventStore.open(place.resolve("events.db"), () -> NOW);
                    SystemTime loop = SystemTime.start("ingest")) {
                Inlet link = Intake.open(store, loop, IngestConfig.DEFAULT, new SimpleMeterRegistry())
                        .inlet();
                assertThat(answer(link, batch(0, 1_000))).isInstanceOf(OutboxMessage.Mark.class);
                Path filling = CommandTroubles.fill(place);
                assertThat(answer(link, batch(1, 100_000)))
                        .isInstanceOfSatisfying(OutboxMessage.Refused.class, refused -> {
                            assertThat(refused.why()).isEqualTo(OutboxMessage.Refused.Why.STORAGE);
                            assertThat(refused.retryAfter()).isPositive();
                        });
                assertThat(store.events(EventStore.Query.after(0, 10)).items()).hasSize(1);
                Told told = log.await(line);
                Files.delete(filling);
                assertThat(answer(link, batch(1, 100_000))).isInstanceOf(OutboxMessage.Mark.class);
                log.await(Pattern.compile("events: can be stored again"));
                return told;
            }
        });
    }

    private static OutboxMessage answer(Inlet link, OutboxMessage message) throws Exception {
        return link.received(AGENT, message)
                .toCompletableFuture()
                .get(RunningCommand.PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .orElseThrow();
    }

    private static Batch batch(long after, int bytes) {
        Item record = new Item.Data(
                new Point(after + 1, after + 1), NOW, "", Map.of(), "", ByteBuffer.allocate(bytes), false, 0);
        return new Batch(LANE, after, after == 0, new Point(after, after), List.of(record));
    }
}
