// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import dev.holdfast.core.time.Time;
import dev.holdfast.lab.chaos.ChaosException;
import dev.holdfast.lab.chaos.Launcher;
import dev.holdfast.lab.chaos.Role;
import dev.holdfast.lab.chaos.Scene;
import dev.holdfast.lab.print.Row;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Records that wait in an agent's outbox while its server comes: how many a second the server has stored, from when the
 * agent is attached until it has all. Agent and server are real processes, which speak over loopback.
 */
final class OutboxDrain {

    private static final String LANE = "drain";
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final double SECOND = 1e9;

    private final Time time;
    private final Path directory;
    private final byte[] payload;
    private final int records;

    /** @param records how many wait; a multiple of a group */
    OutboxDrain(Time time, Path directory, byte[] payload, int records) {
        this.time = time;
        this.directory = directory;
        this.payload = payload;
        this.records = records;
    }

    /** @param holdfast the command whose agent and server they are */
    List<Row> measure(List<String> holdfast) throws IOException, InterruptedException, SQLException {
        double ours;
        try (Launcher launcher = new Launcher(holdfast);
                Scene scene = new Scene(launcher, directory, time, () -> {})) {
            fill(launcher, scene.agentData());
            ours = drained(scene);
        } catch (ChaosException e) {
            throw new IOException(e);
        }
        return List.of(Row.higher("outbox-drain, " + records + " of 256 B", ours, "records/s", "SQLite", inserted()));
    }

    /** As anybody may who has the command. */
    private void fill(Launcher launcher, Path agentData) throws IOException, InterruptedException, ChaosException {
        Path lines = directory.resolve("lines");
        try (BufferedWriter out = Files.newBufferedWriter(lines)) {
            for (int record = 1; record <= records; record++) {
                String text = Integer.toString(record);
                out.write(text);
                out.write(".".repeat(payload.length - text.length()));
                out.write('\n');
            }
        }
        launcher.feed(
                lines,
                directory.resolve("appended"),
                PATIENCE,
                List.of("outbox", "append", "--data", agentData.toString(), "--lane", LANE));
        Files.delete(lines);
    }

    private double drained(Scene scene) throws IOException, InterruptedException, ChaosException {
        scene.start(Role.SERVER);
        scene.awaitListening();
        scene.start(Role.AGENT);
        scene.awaitAttached();
        long begun = time.nanoTime();
        while (scene.api().stored() < records) {
            if (time.nanoTime() - begun > PATIENCE.toNanos()) {
                throw new IOException("the server had stored " + scene.api().stored() + " records after "
                        + PATIENCE.toSeconds() + " s (expected: " + records + ")");
            }
            time.pause(LOOK);
        }
        double elapsed = time.nanoTime() - begun;
        scene.stop(Role.AGENT);
        requireAll(scene);
        scene.stop(Role.SERVER);
        return records * SECOND / elapsed;
    }

    private void requireAll(Scene scene) throws IOException, InterruptedException {
        AtomicLong last = new AtomicLong();
        scene.api().readArrivals(arrival -> {
            if (arrival.lane().equals(LANE)) {
                OutboxReads.require(arrival.sequence(), last.incrementAndGet());
            }
        });
        OutboxReads.require(last.get(), records);
    }

    /** What storing takes alone: the same bytes in rows of two columns, as many a transaction as a batch has. */
    private double inserted() throws IOException, SQLException {
        try (Connection connection = Databases.sqlite(Files.createDirectory(directory.resolve("sqlite")))) {
            long begun = time.nanoTime();
            Databases.fill(connection, payload, records, Outboxes.GROUP);
            return records * SECOND / (time.nanoTime() - begun);
        }
    }
}
