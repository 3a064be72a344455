// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.lab.chaos.Launcher;
import dev.holdfast.lab.print.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.rocksdb.RocksDBException;

/** What is measured of the outbox, by name; in a directory of its own, which is removed at the end. */
public enum OutboxBenchmarks {
    /** Appending by threads that wait, then opening, reading and acknowledging. */
    APPENDS("outbox") {
        @Override
        long bytes(Size size) {
            return 2 * GIB;
        }

        @Override
        List<Row> measure(SystemTime time, Path directory, Size size, Supplier<List<String>> holdfast)
                throws IOException, InterruptedException {
            List<Row> rows = new ArrayList<>(new OutboxAppends(
                            time, Keeper.SUBJECTS, size.isQuick() ? 1 : ROUNDS, size.isQuick() ? QUICK_TURN : TURN)
                    .measure());
            try {
                rows.addAll(new OutboxReads(time, directory, payload(), size.isQuick() ? 20_000 : 1_000_000).measure());
            } catch (ExecutionException | SQLException | RocksDBException e) {
                throw new IOException(e);
            }
            return rows;
        }
    },
    /** From an agent's outbox to where its server stores what it sends. */
    DRAIN("outbox-drain") {
        @Override
        long bytes(Size size) {
            return 3 * GIB;
        }

        @Override
        List<Row> measure(SystemTime time, Path directory, Size size, Supplier<List<String>> holdfast)
                throws IOException, InterruptedException {
            try {
                return new OutboxDrain(time, directory, payload(), size.isQuick() ? 20_000 : 1_000_000)
                        .measure(holdfast.get());
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }
    },
    /** A large one that is opened. */
    OPEN("outbox-open") {
        @Override
        long bytes(Size size) {
            return (size.isQuick() ? 0 : size.gib() * GIB) + GIB;
        }

        @Override
        List<Row> measure(SystemTime time, Path directory, Size size, Supplier<List<String>> holdfast)
                throws IOException, InterruptedException {
            return new OutboxOpen(time, directory, payload(), size.isQuick() ? GIB / 16 : size.gib() * GIB).measure();
        }
    },
    /** What it takes of a process's memory. */
    MEMORY("outbox-memory") {
        @Override
        long bytes(Size size) {
            return size.isQuick() ? GIB : 6 * GIB;
        }

        @Override
        List<Row> measure(SystemTime time, Path directory, Size size, Supplier<List<String>> holdfast)
                throws IOException, InterruptedException {
            return new OutboxMemory(directory, size.isQuick() ? 100_000 : 10_000_000).measure();
        }
    };

    private static final long GIB = 1L << 30;
    private static final int ROUNDS = 5;
    private static final Duration TURN = Duration.ofMillis(1200);
    private static final Duration QUICK_TURN = Duration.ofMillis(160);

    private final String name;

    OutboxBenchmarks(String name) {
        this.name = name;
    }

    /**
     * How much is measured.
     *
     * @param isQuick whether as little as shows that it works
     * @param gib how large an outbox is opened
     */
    public record Size(boolean isQuick, int gib) {}

    /** What the command calls it. */
    public String title() {
        return name;
    }

    /**
     * Measures it.
     *
     * @param holdfast the command whose agent and server are measured, if any are
     * @throws IOException if there is no room for it where temporary files are, or anything of it fails
     */
    public List<Row> measure(Size size, Supplier<List<String>> holdfast) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("holdfast-bench-");
        try (SystemTime time = SystemTime.start("bench")) {
            long free = Files.getFileStore(directory).getUsableSpace();
            if (free < bytes(size)) {
                throw new IOException(directory.getParent() + ": " + (free >> 20) + " MiB free (expected: at least "
                        + (bytes(size) >> 20) + " MiB for " + name
                        + "; another place is given with -Djava.io.tmpdir in HOLDFAST_JAVA_OPTS)");
            }
            return measure(time, directory, size, holdfast);
        } finally {
            Launcher.remove(directory);
        }
    }

    /** How much room it takes, at most. */
    abstract long bytes(Size size);

    abstract List<Row> measure(SystemTime time, Path directory, Size size, Supplier<List<String>> holdfast)
            throws IOException, InterruptedException;

    /** 256 bytes in which nothing repeats itself, so that nobody gains by compressing them. */
    static byte[] payload() {
        byte[] payload = new byte[256];
        new SplittableRandom(1).nextBytes(payload);
        return payload;
    }
}
