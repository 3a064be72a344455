// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import dev.holdfast.core.time.Time;
import dev.holdfast.lab.chaos.Launcher;
import dev.holdfast.lab.print.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.ToDoubleFunction;

/**
 * Records that several threads append, each of which waits until its own is on the disk: how many a second, and how
 * long each takes. The subjects take turns, five times, and the median counts.
 */
final class OutboxAppends {

    private static final int KIB = 1024;
    private static final List<Integer> SIZES = List.of(256, KIB);
    private static final List<Integer> THREADS = List.of(1, 8, 64, 256);
    private static final double P50 = 0.5;
    private static final double P99 = 0.99;
    private static final double MICRO = 1e3;
    private static final double SECOND = 1e9;

    private final Time time;
    private final Map<String, Keeper.Maker> subjects;
    private final int rounds;
    private final Duration turn;

    /**
     * One of which nothing is measured yet.
     *
     * @param turn how long each has at a time; a quarter more before, which does not count
     */
    OutboxAppends(Time time, Map<String, Keeper.Maker> subjects, int rounds, Duration turn) {
        this.time = time;
        this.subjects = subjects;
        this.rounds = rounds;
        this.turn = turn;
    }

    /** How it went in one turn; times in microseconds. */
    private record Turn(double perSecond, double p50, double p99) {}

    /** Three rows for each peer, number of threads and size: appends a second, p50 and p99 of how long they take. */
    List<Row> measure() throws IOException, InterruptedException {
        List<Row> rows = new ArrayList<>();
        for (int size : SIZES) {
            for (int threads : THREADS) {
                String benchmark =
                        "outbox, " + (size < KIB ? size + " B" : size / KIB + " KiB") + ", threads " + threads;
                rows.addAll(rows(benchmark, turns(size, threads)));
            }
        }
        return rows;
    }

    private Map<String, List<Turn>> turns(int size, int threads) throws IOException, InterruptedException {
        byte[] record = new byte[size];
        new SplittableRandom(size).nextBytes(record);
        Map<String, List<Turn>> turns = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            // Another goes first each time: what one leaves to be written or removed meets the next.
            List<String> order = new ArrayList<>(subjects.keySet());
            Collections.rotate(order, -round);
            for (String subject : order) {
                Keeper.Maker maker = Objects.requireNonNull(subjects.get(subject));
                turns.computeIfAbsent(subject, name -> new ArrayList<>()).add(turn(maker, record, threads));
            }
        }
        return turns;
    }

    private static List<Row> rows(String benchmark, Map<String, List<Turn>> turns) {
        List<Turn> ours = Objects.requireNonNull(turns.remove(Row.OURS));
        List<Row> rows = new ArrayList<>();
        turns.forEach((peer, theirs) -> {
            rows.add(Row.higher(
                    benchmark, median(ours, Turn::perSecond), "ops/s", peer, median(theirs, Turn::perSecond)));
            rows.add(Row.lower(benchmark + ", p50", median(ours, Turn::p50), "us", peer, median(theirs, Turn::p50)));
            rows.add(Row.lower(benchmark + ", p99", median(ours, Turn::p99), "us", peer, median(theirs, Turn::p99)));
        });
        return rows;
    }

    private static double median(List<Turn> turns, ToDoubleFunction<Turn> figure) {
        return Samples.median(turns.stream().map(figure::applyAsDouble).toList());
    }

    private Turn turn(Keeper.Maker maker, byte[] record, int threads) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("holdfast-bench-");
        try (Keeper keeper = maker.make(directory)) {
            CompletableFuture<Long> begin = new CompletableFuture<>();
            List<FutureTask<Samples>> all = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                FutureTask<Samples> task = new FutureTask<>(() -> keep(keeper, record, begin.get()));
                all.add(task);
                Thread.ofPlatform().daemon().start(task);
            }
            long from = time.nanoTime() + turn.toNanos() / 4;
            begin.complete(from);
            List<Samples> samples = ended(all);
            double elapsed = time.nanoTime() - from;
            long[] sorted = Samples.sorted(samples);
            return new Turn(
                    sorted.length * SECOND / elapsed,
                    Samples.quantile(sorted, P50) / MICRO,
                    Samples.quantile(sorted, P99) / MICRO);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } finally {
            Launcher.remove(directory);
        }
    }

    /** All have ended before one that failed is told of: nobody closes what others still use. */
    private static List<Samples> ended(List<FutureTask<Samples>> all) throws InterruptedException, ExecutionException {
        List<Samples> samples = new ArrayList<>();
        ExecutionException failure = null;
        for (FutureTask<Samples> task : all) {
            try {
                samples.add(task.get());
            } catch (ExecutionException e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
        return samples;
    }

    private Samples keep(Keeper keeper, byte[] record, long from) throws IOException, InterruptedException {
        Samples samples = new Samples();
        long begun = time.nanoTime();
        do {
            keeper.keep(record);
            long done = time.nanoTime();
            if (done - from >= 0) {
                samples.add(done - begun);
            }
            begun = done;
        } while (begun - from < turn.toNanos());
        return samples;
    }
}
