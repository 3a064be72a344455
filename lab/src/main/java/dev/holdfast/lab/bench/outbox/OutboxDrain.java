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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Records that wait in an agent's outbox while its server comes: how many a second the server has stored, from when the
 * agent is seen to be attached, at most a twentieth of a second late, until it has all. Agent and server are real
 * processes, which speak over loopback.
 */
final class OutboxDrain {

    /** One has a batch under way, as by default each has; an agent with more to say has more of them. */
    private static final List<Integer> LANES = List.of(1, 4);

    private static final String PREFIX = "drain-";
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final double SECOND = 1e9;

    private final Time time;
    private final Path directory;
    private final byte[] payload;
    private final int records;

    /** @param records how many wait; a multiple of four groups */
    OutboxDrain(Time time, Path directory, byte[] payload, int records) {
        this.time = time;
        this.directory = directory;
        this.payload = payload;
        this.records = records;
    }

    /** @param holdfast the command whose agent and server they are */
    List<Row> measure(List<String> holdfast) throws IOException, InterruptedException, SQLException {
        double alone = inserted();
        List<Row> rows = new ArrayList<>();
        for (int lanes : LANES) {
            Path own = Files.createDirectory(directory.resolve("lanes-" + lanes));
            try (Launcher launcher = new Launcher(holdfast);
                    Scene scene = new Scene(launcher, own, time)) {
                fill(launcher, scene.agentData(), lanes);
                rows.add(Row.higher(
                        "outbox-drain, " + records + " of 256 B, lanes " + lanes,
                        drained(scene, lanes),
                        "records/s",
                        "SQLite",
                        alone));
            } catch (ChaosException e) {
                throw new IOException(e);
            }
        }
        return rows;
    }

    /** As anybody may who has the command. */
    private void fill(Launcher launcher, Path agentData, int lanes)
            throws IOException, InterruptedException, ChaosException {
        Path lines = directory.resolve("lines");
        try (BufferedWriter out = Files.newBufferedWriter(lines)) {
            for (int record = 1; record <= records / lanes; record++) {
                String text = Integer.toString(record);
                out.write(text);
                out.write(".".repeat(payload.length - text.length()));
                out.write('\n');
            }
        }
        for (int lane = 0; lane < lanes; lane++) {
            launcher.feed(
                    lines,
                    directory.resolve("appended"),
                    PATIENCE,
                    List.of("outbox", "append", "--data", agentData.toString(), "--lane", name(lane)));
        }
        Files.delete(lines);
    }

    private double drained(Scene scene, int lanes) throws IOException, InterruptedException, ChaosException {
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
        requireAll(scene, lanes);
        scene.stop(Role.SERVER);
        return records * SECOND / elapsed;
    }

    private void requireAll(Scene scene, int lanes) throws IOException, InterruptedException {
        Map<String, Long> last = new HashMap<>();
        scene.api().readArrivals(arrival -> {
            if (arrival.lane().startsWith(PREFIX)) {
                OutboxReads.require(arrival.sequence(), last.merge(arrival.lane(), 1L, Long::sum));
            }
        });
        for (int lane = 0; lane < lanes; lane++) {
            OutboxReads.require(last.getOrDefault(name(lane), 0L), records / lanes);
        }
    }

    private static String name(int lane) {
        return PREFIX + lane;
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
