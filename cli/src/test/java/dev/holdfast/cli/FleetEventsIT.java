// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.record.Point;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Value;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.StreamId;
import dev.holdfast.server.Server;
import dev.holdfast.server.fleet.AgentRecord;
import dev.holdfast.server.fleet.FleetStore;
import dev.holdfast.server.ingest.EventStore;
import dev.holdfast.server.sqlite.SqliteEventStore;
import dev.holdfast.server.sqlite.SqliteFleetStore;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** What outboxes brought, read from a real server by the command. */
class FleetEventsIT {

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    private static final InstanceUid AGENT = InstanceUid.random(NOW, new Random(1));

    private static final StreamId LANE = new StreamId(new OutboxId(1, 2), "work", 3);

    @TempDir
    private Path directory;

    private final StringWriter err = new StringWriter();

    @BeforeEach
    void anAgentIsKnown() throws Exception {
        AgentDescription description = new AgentDescription(Map.of(), Map.of("host.name", Value.of("web-1")));
        AgentRecord record = new AgentRecord(AGENT, description, null, 0, null, NOW, NOW, false, 1, 0, null);
        try (FleetStore store = SqliteFleetStore.open(directory.resolve("fleet.db"), () -> NOW)) {
            store.save(List.of(record));
        }
    }

    @Test
    void eventsArePrintedAndFollowedThroughARestartOfTheServer() throws Exception {
        store(1, record(1), record(2), record(3));
        StringWriter followed = new StringWriter();
        CompletableFuture<Integer> follower;
        try (Server server = LinkTroubles.server(directory)) {
            assertThat(server.adminAddress().getPort()).isPositive();
            Told all = CommandTroubles.run(directory, arguments("events"));
            assertThat(all.exitCode()).isZero();
            assertThat(all.lines())
                    .containsExactly(
                            "2026-01-02T03:04:05Z  work  1  application/json  {\"n\":1}",
                            "2026-01-02T03:04:05Z  work  2  application/json  {\"n\":2}",
                            "2026-01-02T03:04:05Z  work  3  application/json  {\"n\":3}");
            assertThat(CommandTroubles.run(directory, arguments("events", "--lane", "status"))
                            .lines())
                    .isEmpty();
            assertThat(CommandTroubles.run(directory, arguments("events", "--since", "1d"))
                            .lines())
                    .hasSize(3);
            assertThat(CommandTroubles.run(directory, arguments("events", "--since", "2100-01-01T00:00:00Z"))
                            .lines())
                    .isEmpty();
            assertThat(CommandTroubles.run(directory, arguments("events", "--limit", "2"))
                            .lines())
                    .hasSize(2);
            follower = CompletableFuture.supplyAsync(
                    () -> run(followed, arguments("events", "--follow", "--limit", "5", "--format", "json")));
            await().atMost(RunningCommand.PATIENCE)
                    .until(() -> followed.toString().lines().count() == 3);
        }
        store(4, record(4), record(5), record(6));
        try (Server server = LinkTroubles.server(directory)) {
            assertThat(server.adminAddress().getPort()).isPositive();
            assertThat(follower.get(RunningCommand.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isZero();
        }

        assertThat(followed.toString()
                        .lines()
                        .map(line -> JsonMapper.shared()
                                .readTree(line)
                                .get("sequence")
                                .asString()))
                .containsExactly("1", "2", "3", "4", "5");
    }

    @Test
    void dropsAreTold() throws Exception {
        store(1, record(1), new Item.Gap(2, new Point(4, 9), Item.Gap.Why.DROPPED, "no room"));
        try (Server server = LinkTroubles.server(directory)) {
            assertThat(server.adminAddress().getPort()).isPositive();
            Told told = CommandTroubles.run(directory, arguments("drops"));

            assertThat(told.exitCode()).isZero();
            assertThat(told.lines()).singleElement().asString().endsWith("Z  work  2-4  dropped  no room");
        }
    }

    @Test
    void whereNoServerRunsItIsFour() {
        assertThat(CommandTroubles.run(directory, arguments("events", "--follow"))
                        .exitCode())
                .isEqualTo(4);
    }

    private String[] arguments(String command, String... more) {
        List<String> words = new ArrayList<>(List.of("fleet", command, "web-1", "--data", directory.toString()));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private int run(StringWriter out, String... arguments) {
        return Main.execute(Map.of(), new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    }

    private void store(long first, Item... items) throws Exception {
        Point before = new Point(first - 1, first - 1);
        // Now, or it would be too old to be kept.
        try (SystemTime time = SystemTime.start("store");
                EventStore store = SqliteEventStore.open(directory.resolve("events.db"), time::instant)) {
            store.write(tables ->
                    tables.add(AGENT, time.instant(), new Batch(LANE, 1, first == 1, before, List.of(items))));
        }
    }

    private static Item record(long sequence) {
        ByteBuffer payload = StandardCharsets.UTF_8.encode("{\"n\":" + sequence + "}");
        return new Item.Data(new Point(sequence, sequence), NOW, "application/json", Map.of(), "", payload, false, 0);
    }
}
