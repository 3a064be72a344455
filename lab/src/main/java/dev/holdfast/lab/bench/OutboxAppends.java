// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.SystemTime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Records of 256 bytes, appended by several threads, each of which waits until its own is on the disk. Every subject
 * has its turn for two seconds, five times, and the median counts.
 */
final class OutboxAppends {

    static final String NAME = "outbox";

    static final byte[] PAYLOAD = new byte[256];

    private static final List<Integer> THREADS = List.of(1, 8, 64);

    /** Something that keeps a record, and returns when it is on the disk. */
    private interface Keeper extends AutoCloseable {
        void keep() throws IOException, InterruptedException;

        @Override
        void close() throws IOException;
    }

    /** What makes one, in an empty directory. */
    private interface Maker {
        Keeper make(Path directory) throws IOException;
    }

    private static final Map<String, Maker> SUBJECTS = subjects();

    private static Map<String, Maker> subjects() {
        Map<String, Maker> subjects = new LinkedHashMap<>();
        subjects.put("holdfast", Ours::new);
        subjects.put("each write forced", EachForced::new);
        subjects.put("group commit", GroupCommit::new);
        subjects.put("SQLite", Sqlite::new);
        return subjects;
    }

    private final SystemTime time;
    private final Duration turn;

    private OutboxAppends(SystemTime time, Duration turn) {
        this.time = time;
        this.turn = turn;
    }

    static List<Row> measure(boolean quick) throws IOException, InterruptedException {
        List<Row> rows = new ArrayList<>();
        try (SystemTime time = SystemTime.start("bench")) {
            OutboxAppends appends = new OutboxAppends(time, Duration.ofMillis(quick ? 200 : 2000));
            for (int threads : THREADS) {
                Map<String, List<Double>> scores = new LinkedHashMap<>();
                for (int round = 0; round < (quick ? 1 : 5); round++) {
                    for (Map.Entry<String, Maker> subject : SUBJECTS.entrySet()) {
                        scores.computeIfAbsent(subject.getKey(), name -> new ArrayList<>())
                                .add(appends.turn(subject.getValue(), threads));
                    }
                }
                double ours = median(Objects.requireNonNull(scores.remove("holdfast")));
                scores.forEach((peer, theirs) -> rows.add(new Row(
                        NAME + ", threads " + threads,
                        "holdfast",
                        ours,
                        "ops/s",
                        peer,
                        median(theirs),
                        ours / median(theirs))));
            }
        }
        return rows;
    }

    static double median(List<Double> scores) {
        return scores.stream().sorted().toList().get(scores.size() / 2);
    }

    /** How many a second. */
    private double turn(Maker maker, int threads) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("holdfast-bench-");
        try (Keeper keeper = maker.make(directory)) {
            for (int n = 0; n < 20; n++) {
                keeper.keep();
            }
            long begin = time.nanoTime();
            List<FutureTask<Integer>> all = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                FutureTask<Integer> task = new FutureTask<>(() -> keepUntil(keeper, begin + turn.toNanos()));
                all.add(task);
                Thread.ofPlatform().daemon().start(task);
            }
            long count = 0;
            for (FutureTask<Integer> task : all) {
                count += task.get();
            }
            return count * 1e9 / (time.nanoTime() - begin);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } finally {
            delete(directory);
        }
    }

    private int keepUntil(Keeper keeper, long end) throws IOException, InterruptedException {
        int count = 0;
        while (time.nanoTime() - end < 0) {
            keeper.keep();
            count++;
        }
        return count;
    }

    static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static final class Ours implements Keeper {
        private final SystemTime time = SystemTime.start("outbox");
        private final Outbox outbox;

        Ours(Path directory) throws IOException {
            outbox = Outbox.open(SystemDisk.of(directory), OutboxPolicy.DEFAULT, time, new SplittableRandom(1));
        }

        @Override
        public void keep() throws IOException, InterruptedException {
            outbox.append(NewRecord.of("lane", "text/plain", PAYLOAD));
        }

        @Override
        public void close() throws IOException {
            outbox.close();
            time.close();
        }
    }

    private static FileChannel file(Path directory) throws IOException {
        return FileChannel.open(directory.resolve("log"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** The least that keeps anything: no checksum, no order that could be told. One write at a time. */
    private static final class EachForced implements Keeper {
        private final FileChannel file;

        EachForced(Path directory) throws IOException {
            file = file(directory);
        }

        @Override
        public synchronized void keep() throws IOException {
            file.write(ByteBuffer.wrap(PAYLOAD));
            file.force(false);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    /** The same, but that all who wait at the same time share a write: one of them does it for all. */
    private static final class GroupCommit implements Keeper {
        private final FileChannel file;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition done = lock.newCondition();
        private ByteBuffer filling = ByteBuffer.allocateDirect(64 << 10);
        private ByteBuffer writing = ByteBuffer.allocateDirect(64 << 10);
        private long put;
        private long kept;
        private boolean isWriting;

        GroupCommit(Path directory) throws IOException {
            file = file(directory);
        }

        @Override
        public void keep() throws IOException, InterruptedException {
            long own;
            lock.lock();
            try {
                filling.put(PAYLOAD);
                own = ++put;
                while (isWriting && kept < own) {
                    done.await();
                }
                if (kept >= own) {
                    return;
                }
                isWriting = true;
            } finally {
                lock.unlock();
            }
            write();
        }

        private void write() throws IOException {
            long last;
            lock.lock();
            try {
                ByteBuffer full = filling;
                filling = writing.clear();
                writing = full;
                last = put;
            } finally {
                lock.unlock();
            }
            file.write(writing.flip());
            file.force(false);
            lock.lock();
            try {
                kept = last;
                isWriting = false;
                done.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    /** A row a transaction, which one thread at a time has: more connections would only wait for each other. */
    private static final class Sqlite implements Keeper {
        private final Connection connection;
        private final PreparedStatement insert;

        Sqlite(Path directory) throws IOException {
            try {
                connection = connect(directory);
                insert = connection.prepareStatement("INSERT INTO records (payload) VALUES (?)");
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }

        @Override
        public synchronized void keep() throws IOException {
            try {
                insert.setBytes(1, PAYLOAD);
                insert.executeUpdate();
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void close() throws IOException {
            try {
                connection.close();
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }
    }

    static Connection connect(Path directory) throws SQLException {
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("records.db"));
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA journal_mode=WAL");
            statement.execute("PRAGMA synchronous=FULL");
            statement.execute("CREATE TABLE IF NOT EXISTS records (sequence INTEGER PRIMARY KEY, payload BLOB)");
        }
        return connection;
    }
}
