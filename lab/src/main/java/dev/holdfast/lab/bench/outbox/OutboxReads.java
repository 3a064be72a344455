// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.time.Time;
import dev.holdfast.lab.chaos.Launcher;
import dev.holdfast.lab.print.Row;
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
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * Records that wait: how long it takes to open them and read the first, how fast they are all read, and how fast they
 * are read and let go of. The files were just written, so that the system still has them in memory.
 */
final class OutboxReads {

    private static final int ROUNDS = 5;
    private static final int EMPTYING_ROUNDS = 3;
    private static final long MOST_BYTES = 1 << 20;
    private static final double MILLIS = 1e3;
    private static final double SECOND = 1e9;
    private static final double MEGA = 1e6;

    private final Time time;
    private final Path directory;
    private final Path ours;
    private final Path sqlite;
    private final byte[] payload;
    private final int records;

    /** @param records how many wait, in whole groups */
    OutboxReads(Time time, Path directory, byte[] payload, int records) {
        this.time = time;
        this.directory = directory;
        this.ours = directory.resolve("outbox");
        this.sqlite = directory.resolve("sqlite");
        this.payload = payload;
        this.records = records;
    }

    /** A step of what is measured. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException, InterruptedException, ExecutionException, SQLException, RocksDBException;
    }

    /** How the subjects do it. */
    List<Row> measure() throws IOException, InterruptedException, ExecutionException, SQLException, RocksDBException {
        List<Row> rows = new ArrayList<>();
        fillOurs();
        fillSqlite();
        rows.add(Row.lower(
                "outbox-open, " + records + " waiting",
                seconds(this::open) * MILLIS,
                "ms",
                "SQLite",
                seconds(this::openSqlite) * MILLIS));
        double megabytes = Segments.size(ours) / MEGA;
        rows.add(Row.higher(
                "outbox-read",
                megabytes / seconds(this::read),
                "MB/s",
                "sequential read",
                megabytes / seconds(() -> Segments.read(ours))));
        double emptied = emptied(this::fillOurs, this::empty, ours);
        for (String level : List.of("NORMAL", "FULL")) {
            rows.add(Row.higher(
                    "outbox-read, acknowledged",
                    emptied,
                    "records/s",
                    "SQLite " + level,
                    emptied(this::fillSqlite, () -> emptySqlite(level), sqlite)));
        }
        Path rocks = directory.resolve("rocks");
        rows.add(Row.higher(
                "outbox-read, acknowledged",
                emptied,
                "records/s",
                "RocksDB",
                emptied(() -> fillRocks(rocks), () -> emptyRocks(rocks), rocks)));
        return rows;
    }

    private double seconds(Work work)
            throws IOException, InterruptedException, ExecutionException, SQLException, RocksDBException {
        List<Double> all = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            all.add(once(work));
        }
        return Samples.median(all);
    }

    private double once(Work work)
            throws IOException, InterruptedException, ExecutionException, SQLException, RocksDBException {
        long begin = time.nanoTime();
        work.run();
        return (time.nanoTime() - begin) / SECOND;
    }

    /** How many a second: what is full is emptied, and filled again for each round. */
    private double emptied(Work fill, Work empty, Path where)
            throws IOException, InterruptedException, ExecutionException, SQLException, RocksDBException {
        List<Double> all = new ArrayList<>();
        for (int round = 0; round < EMPTYING_ROUNDS; round++) {
            if (Files.exists(where)) {
                Launcher.remove(where);
            }
            fill.run();
            all.add(records / once(empty));
        }
        Launcher.remove(where);
        return Samples.median(all);
    }

    private void fillOurs() throws IOException, InterruptedException {
        try (Outbox outbox = Outboxes.open(ours, time)) {
            Outboxes.fill(outbox, payload, records);
        }
    }

    private void fillSqlite() throws IOException, SQLException {
        Files.createDirectory(sqlite);
        try (Connection connection = Databases.sqlite(sqlite)) {
            Databases.fill(connection, payload, records, records);
        }
    }

    private void open() throws IOException {
        try (Outbox outbox = Outboxes.open(ours, time)) {
            require(outbox.read(Outboxes.LANE, 1, 1, 1).size(), 1);
        }
    }

    private void openSqlite() throws SQLException {
        try (Connection connection = Databases.sqlite(sqlite);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT payload FROM records ORDER BY sequence LIMIT 1")) {
            row.next();
            require(row.getBytes(1).length, payload.length);
        }
    }

    private void read() throws IOException {
        try (Outbox outbox = Outboxes.open(ours, time)) {
            long next = 1;
            List<Item> items = outbox.read(Outboxes.LANE, next, 1000, MOST_BYTES);
            while (!items.isEmpty()) {
                next = items.getLast().last() + 1;
                items = outbox.read(Outboxes.LANE, next, 1000, MOST_BYTES);
            }
            require(next - 1, records);
        }
    }

    /** Each group is let go of before the next is read. */
    private void empty() throws IOException, InterruptedException, ExecutionException {
        try (Outbox outbox = Outboxes.open(ours, time)) {
            long read = 0;
            List<Item> items = outbox.read(Outboxes.LANE, 1, Outboxes.GROUP, MOST_BYTES);
            while (!items.isEmpty()) {
                read += items.size();
                Item last = items.getLast();
                outbox.acknowledge(Outboxes.LANE, last.last(), last.hash()).get();
                items = outbox.read(Outboxes.LANE, last.last() + 1, Outboxes.GROUP, MOST_BYTES);
            }
            require(read, records);
        }
    }

    private void emptySqlite(String synchronous) throws SQLException {
        try (Connection connection = Databases.sqlite(sqlite, synchronous);
                PreparedStatement select = connection.prepareStatement(
                        "SELECT sequence, payload FROM records ORDER BY sequence LIMIT " + Outboxes.GROUP);
                PreparedStatement delete = connection.prepareStatement("DELETE FROM records WHERE sequence <= ?")) {
            connection.setAutoCommit(false);
            long read = 0;
            long last;
            do {
                last = 0;
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        last = rows.getLong(1);
                        require(rows.getBytes(2).length, payload.length);
                        read++;
                    }
                }
                delete.setLong(1, last);
                delete.executeUpdate();
                connection.commit();
            } while (last > 0);
            require(read, records);
        }
    }

    private void fillRocks(Path rocks) throws IOException, RocksDBException {
        Files.createDirectory(rocks);
        try (Options options = Databases.rocksOptions();
                WriteOptions unforced = new WriteOptions();
                RocksDB database = RocksDB.open(options, rocks.toString())) {
            for (long done = 0; done < records; done += Outboxes.GROUP) {
                try (WriteBatch batch = new WriteBatch()) {
                    for (long record = done + 1; record <= done + Outboxes.GROUP; record++) {
                        batch.put(Databases.key(record), payload);
                    }
                    database.write(unforced, batch);
                }
            }
        }
    }

    /** From the first that is left, with one deletion of a range for each group, none of which is forced. */
    private void emptyRocks(Path rocks) throws RocksDBException {
        try (Options options = Databases.rocksOptions();
                WriteOptions unforced = new WriteOptions();
                RocksDB database = RocksDB.open(options, rocks.toString());
                RocksIterator all = database.newIterator()) {
            long read = 0;
            long group = 0;
            for (all.seekToFirst(); all.isValid(); all.next()) {
                require(all.value().length, payload.length);
                read++;
                if (read % Outboxes.GROUP == 0) {
                    database.deleteRange(unforced, Databases.key(group), Databases.key(read + 1));
                    group = read + 1;
                }
            }
            require(read, records);
        }
    }

    static void require(long found, long expected) {
        if (found != expected) {
            throw new IllegalStateException(found + " (expected: " + expected + ")");
        }
    }

    /** The files of an outbox. */
    static final class Segments {

        private Segments() {}

        private static List<Path> in(Path outbox) throws IOException {
            try (Stream<Path> files = Files.list(outbox)) {
                return files.filter(file -> file.toString().endsWith(".log")).toList();
            }
        }

        /** Of all of them. */
        static long size(Path outbox) throws IOException {
            long size = 0;
            for (Path segment : in(outbox)) {
                size += Files.size(segment);
            }
            return size;
        }

        /** Reads them once, in pieces of 256 KiB. */
        static void read(Path outbox) throws IOException {
            ByteBuffer buffer = ByteBuffer.allocateDirect(256 << 10);
            long read = 0;
            for (Path segment : in(outbox)) {
                try (FileChannel file = FileChannel.open(segment)) {
                    for (int more = file.read(buffer.clear()); more >= 0; more = file.read(buffer.clear())) {
                        read += more;
                    }
                }
            }
            require(read, size(outbox));
        }
    }
}
