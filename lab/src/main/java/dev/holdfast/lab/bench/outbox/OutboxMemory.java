// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import dev.holdfast.lab.chaos.ChaosException;
import dev.holdfast.lab.chaos.Launcher;
import dev.holdfast.lab.print.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What an outbox adds to a process's resident memory while more and more records wait in it, in a JVM with an agent's
 * flags: as the system says it, once the heap was collected.
 */
final class OutboxMemory {

    private static final double KIB = 1024;

    private static final Duration PATIENCE = Duration.ofMinutes(30);

    private static final int COMPACT_HEADERS = 25;

    private final Path directory;
    private final long records;

    /** @param records how many wait in the end; a multiple of ten groups */
    OutboxMemory(Path directory, long records) {
        this.directory = directory;
        this.records = records;
    }

    /** What was seen at a moment. */
    private record Seen(long records, double asItIsMib, double collectedMib) {}

    /** What is added while it is filled, and by opening it when it is full. */
    List<Row> measure() throws IOException, InterruptedException {
        List<Long> moments = List.of(records / 10, records / 2, records);
        Path outbox = Files.createDirectory(directory.resolve("outbox"));
        List<Seen> ours = probe("fill", outbox, moments);
        List<Seen> opened = probe("open", outbox, moments);
        Launcher.remove(outbox);
        List<Seen> sqlite = probe("sqlite", Files.createDirectory(directory.resolve("sqlite")), moments);
        List<Row> rows = new ArrayList<>();
        for (int moment = 1; moment <= moments.size(); moment++) {
            String benchmark = "outbox-memory, " + ours.get(moment).records() + " waiting";
            rows.add(Row.lower(benchmark, added(ours, moment), "MiB", "SQLite", added(sqlite, moment)));
            rows.add(Row.lower(
                    benchmark + ", not collected",
                    ours.get(moment).asItIsMib() - ours.getFirst().collectedMib(),
                    "MiB",
                    "SQLite",
                    sqlite.get(moment).asItIsMib() - sqlite.getFirst().collectedMib()));
        }
        rows.add(Row.lower(
                "outbox-memory, " + records + " opened",
                added(opened, 1),
                "MiB",
                "SQLite",
                added(sqlite, moments.size())));
        return rows;
    }

    private static double added(List<Seen> seen, int moment) {
        return seen.get(moment).collectedMib() - seen.getFirst().collectedMib();
    }

    private List<Seen> probe(String what, Path where, List<Long> moments) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of(what, where.toString()));
        moments.forEach(moment -> arguments.add(moment.toString()));
        try (Launcher launcher = new Launcher(jvm())) {
            return launcher.run(directory.resolve(what + ".out"), PATIENCE, arguments)
                    .lines()
                    .map(OutboxMemory::seen)
                    .toList();
        } catch (ChaosException e) {
            throw new IOException(e);
        }
    }

    private static Seen seen(String line) {
        long[] numbers = Stream.of(line.split(" ")).mapToLong(Long::parseLong).toArray();
        if (numbers[1] == 0) {
            throw new IllegalStateException("resident memory: not told (expected: Linux)");
        }
        return new Seen(numbers[0], numbers[1] / KIB, numbers[2] / KIB);
    }

    /** As the launcher starts an agent. */
    private static List<String> jvm() {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xms16m",
                "-XX:-UsePerfData",
                "--enable-native-access=ALL-UNNAMED"));
        if (Runtime.version().feature() >= COMPACT_HEADERS) {
            command.add("-XX:+UseCompactObjectHeaders");
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MemoryProbe.class.getName()));
        return command;
    }
}
