// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.lab.print.Row;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutboxAppendsTest {

    /** Counts what it is given, by who makes it. */
    private static final class Counted implements Keeper {
        private final AtomicInteger records = new AtomicInteger();
        private final Map<Thread, Boolean> threads = new ConcurrentHashMap<>();
        private volatile int size;

        @Override
        public void keep(byte[] record) {
            records.incrementAndGet();
            threads.put(Thread.currentThread(), true);
            size = record.length;
        }

        @Override
        public void close() {}
    }

    @Test
    void eachSizeAndNumberOfThreadsHasThreeRowsForEachPeer() throws Exception {
        List<Counted> made = new CopyOnWriteArrayList<>();
        Keeper.Maker maker = directory -> {
            assertThat(directory).isEmptyDirectory();
            Counted counted = new Counted();
            made.add(counted);
            return counted;
        };
        List<Row> rows;
        try (SystemTime time = SystemTime.start("test")) {
            rows = new OutboxAppends(time, Map.of("holdfast", maker, "peer", maker), 1, Duration.ofMillis(4)).measure();
        }
        assertThat(rows)
                .extracting(Row::benchmark)
                .hasSize(24)
                .contains(
                        "outbox, 256 B, threads 1",
                        "outbox, 1 KiB, threads 256, p50",
                        "outbox, 256 B, threads 64, p99");
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.score()).isPositive();
            assertThat(row.ratio()).isPositive();
            assertThat(row.peer()).isEqualTo("peer");
            assertThat(row.unit()).isEqualTo(row.benchmark().contains(", p") ? "us" : "ops/s");
        });
        assertThat(made).hasSize(16).extracting(counted -> counted.size).containsOnly(256, 1024);
        assertThat(made)
                .extracting(counted -> counted.threads.size())
                .containsExactly(1, 1, 8, 8, 64, 64, 256, 256, 1, 1, 8, 8, 64, 64, 256, 256);
        assertThat(made).allMatch(counted -> counted.records.get() >= counted.threads.size());
    }

    @Test
    void halfAndNearlyAllOfTheTimesAreTakenFromAllThreads() {
        Samples one = new Samples();
        Samples other = new Samples();
        for (int nanos = 1; nanos <= 5_000; nanos++) {
            one.add(nanos * 2L);
            other.add(nanos * 2L - 1);
        }
        long[] sorted = Samples.sorted(List.of(one, other));
        assertThat(sorted).hasSize(10_000);
        assertThat(Samples.quantile(sorted, 0.5)).isEqualTo(5_000);
        assertThat(Samples.quantile(sorted, 0.99)).isEqualTo(9_900);
        assertThat(Samples.quantile(new long[] {7}, 0.5)).isEqualTo(7);
        assertThat(Samples.median(List.of(3.0, 1.0, 2.0))).isEqualTo(2);
    }

    @Test
    void fewRecordsAreOpenedReadAndLetGoOfByAll(@TempDir Path directory) throws Exception {
        try (SystemTime time = SystemTime.start("test")) {
            assertThat(new OutboxReads(time, directory, OutboxBenchmarks.payload(), 1_000).measure())
                    .extracting(row -> row.benchmark() + ": " + row.peer())
                    .containsExactly(
                            "outbox-open, 1000 waiting: SQLite",
                            "outbox-read: sequential read",
                            "outbox-read, acknowledged: SQLite NORMAL",
                            "outbox-read, acknowledged: SQLite FULL",
                            "outbox-read, acknowledged: RocksDB");
            assertThat(directory).isEmptyDirectory();
        }
    }

    @Test
    void aSmallOutboxIsOpened(@TempDir Path directory) throws Exception {
        try (SystemTime time = SystemTime.start("test")) {
            assertThat(new OutboxOpen(time, directory, OutboxBenchmarks.payload(), 1 << 20).measure())
                    .hasSize(2)
                    .allSatisfy(row -> assertThat(row.score()).isPositive());
        }
    }
}
