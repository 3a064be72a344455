// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.time.Time;
import dev.holdfast.lab.print.Row;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How long it takes to open a large outbox and read the first record, beside reading its files from end to end once,
 * which is the least that it takes where opening looks at every record.
 */
final class OutboxOpen {

    private static final int ROUNDS = 5;
    private static final long STEP = 20L * Outboxes.GROUP;
    private static final double MILLIS = 1e6;

    private final Time time;
    private final Path directory;
    private final byte[] payload;
    private final long bytes;

    /** @param bytes how large its files are, at least */
    OutboxOpen(Time time, Path directory, byte[] payload, long bytes) {
        this.time = time;
        this.directory = directory;
        this.payload = payload;
        this.bytes = bytes;
    }

    /** Fills it, and opens it a few times. */
    List<Row> measure() throws IOException, InterruptedException {
        long records = 0;
        try (Outbox outbox = Outboxes.open(directory, time)) {
            do {
                Outboxes.fill(outbox, payload, STEP);
                records += STEP;
            } while (outbox.figures().bytes() < bytes);
        }
        double first = open(records);
        List<Double> all = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            all.add(open(records));
        }
        long begun = time.nanoTime();
        OutboxReads.Segments.read(directory);
        double through = (time.nanoTime() - begun) / MILLIS;
        String benchmark = "outbox-open, " + (OutboxReads.Segments.size(directory) >> 20) + " MiB";
        return List.of(
                Row.lower(benchmark + ", the first time", first, "ms", "sequential read", through),
                Row.lower(benchmark, Samples.median(all), "ms", "sequential read", through));
    }

    private double open(long records) throws IOException {
        long begun = time.nanoTime();
        try (Outbox outbox = Outboxes.open(directory, time)) {
            OutboxReads.require(outbox.read(Outboxes.LANE, 1, 1, 1).getFirst().first(), 1);
            double took = (time.nanoTime() - begun) / MILLIS;
            OutboxReads.require(outbox.lanes().getFirst().last(), records);
            return took;
        }
    }
}
