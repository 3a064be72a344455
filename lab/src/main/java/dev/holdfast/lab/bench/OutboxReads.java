// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.outbox.OutboxPolicy.Durability;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.SystemTime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

/**
 * Records of 256 bytes that wait: how long it takes to open them and read the first, and how fast they are all read.
 * The files were just written, so that the system still has them in memory.
 */
final class OutboxReads {

    private static final int GROUP = 500;
    private static final int ROUNDS = 5;
    private static final String LANE = "lane";
    private static final OutboxPolicy POLICY = OutboxPolicy.DEFAULT.withDurability(Durability.RELAXED);

    private final SystemTime time;
    private final Path ours;
    private final Path sqlite;
    private final int records;

    private OutboxReads(SystemTime time, Path directory, int records) {
        this.time = time;
        this.ours = directory.resolve("outbox");
        this.sqlite = directory.resolve("sqlite");
        this.records = records;
    }

    static List<Row> measure(boolean quick) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("holdfast-bench-");
        try (SystemTime time = SystemTime.start("bench")) {
            return new OutboxReads(time, directory, quick ? 20_000 : 1_000_000).measure();
        } catch (ExecutionException | SQLException e) {
            throw new IOException(e);
        } finally {
            OutboxAppends.delete(directory);
        }
    }

    private interface Work {
        void run() throws IOException, SQLException;
    }

    private List<Row> measure() throws IOException, InterruptedException, ExecutionException, SQLException {
        fill();
        double opened = seconds(this::open) * 1000;
        double openedSqlite = seconds(this::openSqlite) * 1000;
        double read = seconds(this::read);
        double readRaw = seconds(this::readRaw);
        double megabytes = size() / 1e6;
        return List.of(
                new Row(
                        "outbox-open, " + records + " waiting",
                        "holdfast",
                        opened,
                        "ms",
                        "SQLite",
                        openedSqlite,
                        openedSqlite / opened),
                new Row(
                        "outbox-read",
                        "holdfast",
                        megabytes / read,
                        "MB/s",
                        "sequential read",
                        megabytes / readRaw,
                        readRaw / read));
    }

    private double seconds(Work work) throws IOException, SQLException {
        List<Double> all = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            long begin = time.nanoTime();
            work.run();
            all.add((time.nanoTime() - begin) / 1e9);
        }
        return OutboxAppends.median(all);
    }

    private Outbox opened() throws IOException {
        return Outbox.open(SystemDisk.of(ours), POLICY, time, new SplittableRandom(1));
    }

    private void fill() throws IOException, InterruptedException, ExecutionException, SQLException {
        NewRecord record = NewRecord.of(LANE, "text/plain", OutboxAppends.PAYLOAD);
        try (Outbox outbox = opened()) {
            for (int done = 0; done < records; done += GROUP) {
                outbox.appendAsync(Collections.nCopies(GROUP, record)).get();
            }
        }
        Files.createDirectory(sqlite);
        try (Connection connection = OutboxAppends.connect(sqlite);
                PreparedStatement insert = connection.prepareStatement("INSERT INTO records (payload) VALUES (?)")) {
            connection.setAutoCommit(false);
            for (int done = 0; done < records; done++) {
                insert.setBytes(1, OutboxAppends.PAYLOAD);
                insert.executeUpdate();
            }
            connection.commit();
        }
    }

    private void open() throws IOException {
        try (Outbox outbox = opened()) {
            require(outbox.read(LANE, 1, 1, 1).size(), 1);
        }
    }

    private void openSqlite() throws SQLException {
        try (Connection connection = OutboxAppends.connect(sqlite);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT payload FROM records ORDER BY sequence LIMIT 1")) {
            row.next();
            require(row.getBytes(1).length, OutboxAppends.PAYLOAD.length);
        }
    }

    private void read() throws IOException {
        try (Outbox outbox = opened()) {
            long next = 1;
            List<Item> items = outbox.read(LANE, next, 1000, 1 << 20);
            while (!items.isEmpty()) {
                next = items.getLast().last() + 1;
                items = outbox.read(LANE, next, 1000, 1 << 20);
            }
            require(next - 1, records);
        }
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.list(ours)) {
            return files.filter(file -> file.toString().endsWith(".log")).toList();
        }
    }

    private long size() throws IOException {
        long size = 0;
        for (Path segment : segments()) {
            size += Files.size(segment);
        }
        return size;
    }

    private void readRaw() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(256 << 10);
        long read = 0;
        for (Path segment : segments()) {
            try (FileChannel file = FileChannel.open(segment)) {
                for (int more = file.read(buffer.clear()); more >= 0; more = file.read(buffer.clear())) {
                    read += more;
                }
            }
        }
        require(read, size());
    }

    private static void require(long found, long expected) {
        if (found != expected) {
            throw new IllegalStateException(found + " (expected: " + expected + ")");
        }
    }
}
