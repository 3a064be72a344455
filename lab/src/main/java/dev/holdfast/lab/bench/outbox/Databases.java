// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.rocksdb.CompressionType;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteOptions;

/** Databases that run within the program. */
final class Databases {

    static final String H2_FILE = "records.mv";

    static final String H2_MAP = "records";

    static final String SQLITE_INSERT = "INSERT INTO records (payload) VALUES (?)";

    private Databases() {}

    /** With a write-ahead log that is forced at the end of each transaction. */
    static Connection sqlite(Path directory) throws SQLException {
        return sqlite(directory, "FULL");
    }

    /** @param synchronous when SQLite forces its log */
    static Connection sqlite(Path directory, String synchronous) throws SQLException {
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("records.db"));
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA journal_mode=WAL");
            statement.execute("PRAGMA synchronous=" + synchronous);
            statement.execute("CREATE TABLE IF NOT EXISTS records (sequence INTEGER PRIMARY KEY, payload BLOB)");
        }
        return connection;
    }

    /** Inserts the same row so many times, a transaction for each {@code group}. */
    static void fill(Connection connection, byte[] payload, long rows, int group) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement insert = connection.prepareStatement(SQLITE_INSERT)) {
            for (long done = 0; done < rows; done += group) {
                for (int row = 0; row < group; row++) {
                    insert.setBytes(1, payload);
                    insert.executeUpdate();
                }
                connection.commit();
            }
        }
    }

    /** Made where there is none, and uncompressed: the same record all the time would shrink to nothing. */
    static Options rocksOptions() {
        return new Options().setCreateIfMissing(true).setCompressionType(CompressionType.NO_COMPRESSION);
    }

    /** The order of such keys is that of the numbers. */
    static byte[] key(long sequence) {
        return ByteBuffer.allocate(Long.BYTES).putLong(sequence).array();
    }

    /** A row a transaction, which one thread at a time has: more connections would only wait for each other. */
    static final class Sqlite implements Keeper {
        private final Connection connection;
        private final PreparedStatement insert;

        Sqlite(Path directory) throws IOException {
            try {
                connection = sqlite(directory);
                insert = connection.prepareStatement(SQLITE_INSERT);
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }

        @Override
        public synchronized void keep(byte[] record) throws IOException {
            try {
                insert.setBytes(1, record);
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

    /** A synchronous write each, by all threads at once: those that wait share one in its log. */
    static final class Rocks implements Keeper {
        private final Options options = rocksOptions();
        private final WriteOptions sync = new WriteOptions().setSync(true);
        private final RocksDB database;
        private final AtomicLong last = new AtomicLong();

        Rocks(Path directory) throws IOException {
            try {
                database = RocksDB.open(options, directory.toString());
            } catch (RocksDBException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void keep(byte[] record) throws IOException {
            try {
                database.put(sync, key(last.incrementAndGet()), record);
            } catch (RocksDBException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void close() {
            database.close();
            sync.close();
            options.close();
        }
    }

    /** Committed by whoever has put something, then forced: all threads at once, as it lets them. */
    static final class MvStore implements Keeper {
        private final MVStore store;
        private final MVMap<Long, byte[]> records;
        private final AtomicLong last = new AtomicLong();

        MvStore(Path directory) throws IOException {
            Files.createDirectories(directory);
            store = new MVStore.Builder()
                    .fileName(directory.resolve(H2_FILE).toString())
                    .autoCommitDisabled()
                    .open();
            records = store.openMap(H2_MAP);
        }

        @Override
        public void keep(byte[] record) {
            records.put(last.incrementAndGet(), record);
            store.commit();
            store.sync();
        }

        @Override
        public void close() {
            store.close();
        }
    }
}
