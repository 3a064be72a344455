// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.squareup.tape2.QueueFile;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.time.SystemTime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptTailer;
import org.apache.activemq.artemis.core.journal.Journal;
import org.apache.activemq.artemis.core.journal.PreparedTransactionInfo;
import org.apache.activemq.artemis.core.journal.RecordInfo;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksIterator;

/** Each subject of the benchmark has what it was given: its own reader finds it once it was closed and opened again. */
class KeeperTest {

    private static final int THREADS = 4;
    private static final int EACH = 25;

    /** All of one length, since a plain file has nothing between its records. */
    private static final int LENGTH = 32;

    /** Finds what is kept in a directory, in any order. */
    @FunctionalInterface
    private interface Found {
        List<byte[]> in(Path directory) throws Exception;
    }

    private static final Map<String, Found> READERS = Map.of(
            "holdfast", KeeperTest::ours,
            "group commit", KeeperTest::plain,
            "each write forced", KeeperTest::plain,
            "SQLite", KeeperTest::sqlite,
            "RocksDB", KeeperTest::rocks,
            "Artemis journal", KeeperTest::artemis,
            "H2 MVStore", KeeperTest::mvStore,
            "Chronicle Queue", KeeperTest::chronicle,
            "Tape2", KeeperTest::tape);

    static List<String> subjects() {
        return List.copyOf(Keeper.SUBJECTS.keySet());
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void whatSeveralThreadsKeptIsThereOnceItIsOpenedAgain(String subject, @TempDir Path directory) throws Exception {
        List<String> given = Collections.synchronizedList(new ArrayList<>());
        try (Keeper keeper =
                Objects.requireNonNull(Keeper.SUBJECTS.get(subject)).make(directory)) {
            List<FutureTask<Boolean>> threads = IntStream.range(0, THREADS)
                    .mapToObj(thread -> new FutureTask<>(() -> {
                        for (int record = 0; record < EACH; record++) {
                            String text = "record %d of thread %d".formatted(record, thread);
                            keeper.keep(padded(text));
                            given.add(text);
                        }
                        return true;
                    }))
                    .toList();
            threads.forEach(task -> Thread.ofPlatform().start(task));
            for (FutureTask<Boolean> task : threads) {
                assertThat(task.get()).isTrue();
            }
        }
        assertThat(given).hasSize(THREADS * EACH);
        assertThat(Objects.requireNonNull(READERS.get(subject)).in(directory))
                .extracting(bytes -> new String(bytes, UTF_8).strip())
                .containsExactlyInAnyOrderElementsOf(given);
    }

    @Test
    void oursComesFirst() {
        assertThat(Keeper.SUBJECTS.keySet()).startsWith("holdfast").hasSize(READERS.size());
    }

    private static byte[] padded(String text) {
        return (text + " ".repeat(LENGTH - text.length())).getBytes(UTF_8);
    }

    private static List<byte[]> ours(Path directory) throws Exception {
        try (SystemTime time = SystemTime.start("test");
                Outbox outbox = Outboxes.open(directory, time)) {
            return outbox.read(Outboxes.LANE, 1, 1000, 1 << 20).stream()
                    .map(item -> ((Item.Stored) item).payload())
                    .toList();
        }
    }

    private static List<byte[]> plain(Path directory) throws Exception {
        byte[] all = Files.readAllBytes(directory.resolve(PlainFile.NAME));
        List<byte[]> records = new ArrayList<>();
        for (int at = 0; at < all.length; at += LENGTH) {
            records.add(Arrays.copyOfRange(all, at, at + LENGTH));
        }
        return records;
    }

    private static List<byte[]> sqlite(Path directory) throws Exception {
        List<byte[]> records = new ArrayList<>();
        try (Connection connection = Databases.sqlite(directory);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT payload FROM records")) {
            while (rows.next()) {
                records.add(rows.getBytes(1));
            }
        }
        return records;
    }

    private static List<byte[]> rocks(Path directory) throws Exception {
        List<byte[]> records = new ArrayList<>();
        try (RocksDB database = RocksDB.openReadOnly(directory.toString());
                RocksIterator all = database.newIterator()) {
            for (all.seekToFirst(); all.isValid(); all.next()) {
                records.add(all.value());
            }
        }
        return records;
    }

    private static List<byte[]> artemis(Path directory) throws Exception {
        Journal journal = Journals.artemis(directory);
        List<RecordInfo> records = new ArrayList<>();
        List<PreparedTransactionInfo> none = new ArrayList<>();
        journal.start();
        try {
            journal.load(records, none, null);
        } finally {
            journal.stop();
        }
        assertThat(none).isEmpty();
        return records.stream().map(record -> record.data).toList();
    }

    private static List<byte[]> mvStore(Path directory) {
        try (MVStore store = MVStore.open(directory.resolve(Databases.H2_FILE).toString())) {
            MVMap<Long, byte[]> map = store.openMap(Databases.H2_MAP);
            return List.copyOf(map.values());
        }
    }

    private static List<byte[]> chronicle(Path directory) {
        List<byte[]> records = new ArrayList<>();
        try (ChronicleQueue queue = Journals.chronicle(directory);
                ExcerptTailer all = queue.createTailer()) {
            while (all.readBytes(in -> {
                byte[] record = new byte[Math.toIntExact(in.readRemaining())];
                in.read(record);
                records.add(record);
            })) {
                // Until there are no more.
            }
        }
        return records;
    }

    private static List<byte[]> tape(Path directory) throws Exception {
        List<byte[]> records = new ArrayList<>();
        try (QueueFile queue =
                new QueueFile.Builder(directory.resolve(Journals.TAPE_FILE).toFile()).build()) {
            queue.forEach(records::add);
        }
        return records;
    }
}
