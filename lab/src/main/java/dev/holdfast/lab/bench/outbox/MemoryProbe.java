// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.time.SystemTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * A process of its own whose memory is looked at, so that nothing else is in it. Prints a line for each moment: how
 * many records wait, and the resident memory in KiB as it is and once the heap was collected. 0 records is the moment
 * before anything was opened.
 */
final class MemoryProbe {

    private static final String RESIDENT = "VmRSS:";

    private MemoryProbe() {}

    /**
     * Fills or opens something.
     *
     * @param arguments what of both, its directory, and how many records are to wait at each moment
     */
    public static void main(String[] arguments) throws IOException, InterruptedException, SQLException {
        Path directory = Path.of(arguments[1]);
        List<Long> moments = List.of(arguments).subList(2, arguments.length).stream()
                .map(Long::valueOf)
                .toList();
        try (SystemTime time = SystemTime.start("probe")) {
            tell(0);
            switch (arguments[0]) {
                case "fill" -> fill(directory, time, moments);
                case "open" -> open(directory, time, moments.getLast());
                case "sqlite" -> fillSqlite(directory, moments);
                default -> throw new IllegalArgumentException(arguments[0] + " (expected: fill, open or sqlite)");
            }
        }
    }

    private static void fill(Path directory, SystemTime time, List<Long> moments)
            throws IOException, InterruptedException {
        try (Outbox outbox = Outboxes.open(directory, time)) {
            long there = 0;
            for (long moment : moments) {
                // One group after the other: a flood of them is what the heap would grow for.
                Outboxes.fill(outbox, OutboxBenchmarks.payload(), moment - there, 1);
                there = moment;
                // What waits last is there, too.
                OutboxReads.require(
                        outbox.read(Outboxes.LANE, moment, 1, 1).getFirst().last(), moment);
                tell(moment);
            }
        }
    }

    private static void open(Path directory, SystemTime time, long records) throws IOException {
        try (Outbox outbox = Outboxes.open(directory, time)) {
            OutboxReads.require(
                    outbox.read(Outboxes.LANE, 1, Outboxes.GROUP, 1 << 20).size(), Outboxes.GROUP);
            OutboxReads.require(outbox.lanes().getFirst().last(), records);
            tell(records);
        }
    }

    private static void fillSqlite(Path directory, List<Long> moments) throws SQLException {
        try (Connection connection = Databases.sqlite(directory, "NORMAL")) {
            long there = 0;
            for (long moment : moments) {
                Databases.fill(connection, OutboxBenchmarks.payload(), moment - there, Outboxes.GROUP);
                there = moment;
                tell(moment);
            }
        }
    }

    private static void tell(long records) {
        long asItIs = residentKib();
        System.gc();
        System.out.println(records + " " + asItIs + " " + residentKib());
    }

    private static long residentKib() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith(RESIDENT))
                    .map(line -> line.replaceAll("\\D", ""))
                    .mapToLong(Long::parseLong)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            // This is not Linux.
            return 0;
        }
    }
}
