// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench;

import dev.holdfast.lab.bench.outbox.OutboxBenchmarks;
import dev.holdfast.lab.chaos.Launcher;
import dev.holdfast.lab.print.Given;
import dev.holdfast.lab.print.Output;
import dev.holdfast.lab.print.Row;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench}: one row for each peer of a benchmark. */
@Command(
        name = "bench",
        description = {
            "Measures Holdfast beside its peers, in the same run.",
            "",
            "Prints a row for each peer: benchmark, score, unit, peer, peer's score, and their ratio, which is above 1 where"
                    + " Holdfast does better. Most have a second row, on what an operation allocates. Units: ops/us"
                    + " (operations a microsecond), us/op (microseconds an operation), B/op and bytes/key (bytes of heap),"
                    + " ops/s and records/s (a second), ms and us (milli- and microseconds), MB/s (a million bytes a second),"
                    + " MiB.",
            "",
            "One takes half a minute to a quarter of an hour, all of them three quarters, on a machine with nothing else to do;"
                    + " with --quick some seconds to a minute, all of them two minutes.",
            "",
        },
        mixinStandardHelpOptions = true)
public final class BenchCommand implements Callable<Integer> {

    private static final int MOST_GIB = 60;

    /** What JMH runs, and with how many threads. */
    private static final Map<String, Jmh> JMH = new TreeMap<>(Map.of(
            "breaker", new Jmh(BreakerBenchmark.class, 1, 2),
            "retry", new Jmh(RetryBenchmark.class, 1, 2),
            "backoff", new Jmh(BackoffBenchmark.class, 1),
            "queue", new Jmh(QueueBenchmark.class, 1),
            "queue-retried", new Jmh(RetriedKeyBenchmark.class, 1),
            "queue-contended", new Jmh(ContendedQueueBenchmark.class, 1)));

    private record Jmh(Class<?> benchmark, List<Integer> threads) {
        Jmh(Class<?> benchmark, Integer... threads) {
            this(benchmark, List.of(threads));
        }
    }

    /** Both queues' code was compiled anew in the fourth second, and as fast as it becomes from the sixth on. */
    private static final int WARMUP_SECONDS = 7;

    @Parameters(
            paramLabel = "NAME",
            description = {
                "breaker: a permit and its success. retry: a call that goes well at once. backoff: one delay.",
                "queue: a key added, taken and done, on one thread, beside three locks, too. queue-retried: the same, but"
                        + " that it fails and waits. queue-contended: four threads add, four take, beside a bare queue,"
                        + " too. waiting-keys: the heap that a key takes.",
                "outbox: records of 256 bytes and 1 KiB appended by 1, 8, 64 and 256 threads, each of which waits until its"
                        + " own is on the disk; a million of them that wait opened, read, and read and acknowledged."
                        + " outbox-drain: a million from an agent's outbox to where its server stores them, both real"
                        + " processes. outbox-open: a large outbox opened. outbox-memory: what an outbox adds to a"
                        + " process's memory while ten million wait. All in the directory of temporary files"
                        + " (java.io.tmpdir), so that one must be on the disk in question.",
                "all: each of them.",
            })
    private String name = "all";

    @Option(names = "--quick", description = "A short run, to see that it works: its figures are rough. Default: no.")
    private boolean quick;

    @Option(
            names = "--gib",
            paramLabel = "N",
            description = "How large the outbox of outbox-open is, in GiB, if not --quick. Default: 10.",
            converter = GibConverter.class)
    private int gib = 10;

    @Mixin
    private Output output = new Output();

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    /** Reads how large something is. */
    static final class GibConverter implements CommandLine.ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return Given.count(value, MOST_GIB);
        }
    }

    @Override
    public Integer call() throws RunnerException, IOException, InterruptedException {
        List<Row> rows = new ArrayList<>();
        boolean all = name.equals("all");
        for (Map.Entry<String, Jmh> entry : JMH.entrySet()) {
            if (all || entry.getKey().equals(name)) {
                rows.addAll(run(entry.getKey(), entry.getValue()));
            }
        }
        if (all || name.equals(WaitingKeys.NAME)) {
            rows.addAll(WaitingKeys.measure(quick ? 100_000 : 1_000_000));
        }
        for (OutboxBenchmarks benchmark : OutboxBenchmarks.values()) {
            if (all || name.equals(benchmark.title())) {
                rows.addAll(benchmark.measure(new OutboxBenchmarks.Size(quick, gib), () -> Launcher.holdfast(spec)));
            }
        }
        if (rows.isEmpty()) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "NAME: " + name + " (expected: all, " + WaitingKeys.NAME + ", " + String.join(", ", JMH.keySet())
                            + ", "
                            + Stream.of(OutboxBenchmarks.values())
                                    .map(OutboxBenchmarks::title)
                                    .collect(Collectors.joining(", "))
                            + ")");
        }
        output.print(spec, rows, BenchCommand::line);
        return 0;
    }

    private static String line(Row row) {
        return String.format(
                "%-44s %12.3f %-10s %-22s %12.3f   ratio %6.2f",
                row.benchmark(), row.score(), row.unit(), row.peer(), row.peerScore(), row.ratio());
    }

    private List<Row> run(String benchmark, Jmh jmh) throws RunnerException {
        List<Row> rows = new ArrayList<>();
        for (int threads : jmh.threads()) {
            ChainedOptionsBuilder options = new OptionsBuilder()
                    .include("^" + jmh.benchmark().getName().replace(".", "\\.") + "\\.")
                    .threads(threads)
                    .forks(quick ? 1 : 3)
                    .addProfiler(GCProfiler.class)
                    .verbosity(VerboseMode.SILENT)
                    .shouldFailOnError(true)
                    .jvmArgsAppend("-Xmx2g", "-XX:+UseParallelGC");
            if (quick || jmh.benchmark() != ContendedQueueBenchmark.class) {
                options.warmupIterations(quick ? 1 : WARMUP_SECONDS)
                        .measurementIterations(quick ? 1 : 5)
                        .warmupTime(TimeValue.milliseconds(quick ? 200 : 1000))
                        .measurementTime(TimeValue.milliseconds(quick ? 200 : 1000));
            }
            rows.addAll(rows(
                    benchmark + (jmh.threads().size() > 1 ? ", threads " + threads : ""),
                    new Runner(options.build()).run()));
        }
        return rows;
    }

    /** Results that differ in their parameters are different benchmarks. */
    private static List<Row> rows(String benchmark, Collection<RunResult> results) {
        Map<String, Map<String, RunResult>> byParameters = new TreeMap<>();
        for (RunResult result : results) {
            StringBuilder name = new StringBuilder(benchmark);
            for (String key : result.getParams().getParamsKeys()) {
                name.append(", ").append(result.getParams().getParam(key));
            }
            byParameters
                    .computeIfAbsent(name.toString(), parameters -> new TreeMap<>())
                    .put(result.getPrimaryResult().getLabel(), result);
        }
        List<Row> rows = new ArrayList<>();
        byParameters.forEach((name, byMethod) -> {
            RunResult ours = byMethod.get(Row.OURS);
            if (ours == null) {
                throw new IllegalStateException(name + ": no result of " + Row.OURS + ", only of " + byMethod.keySet());
            }
            byMethod.forEach((peer, theirs) -> {
                if (!peer.equals(Row.OURS)) {
                    rows.add(row(name, ours, peer, theirs));
                    rows.add(allocation(name, ours, peer, theirs));
                }
            });
        });
        return rows;
    }

    private static Row row(String name, RunResult ours, String peer, RunResult theirs) {
        double our = ours.getPrimaryResult().getScore();
        double their = theirs.getPrimaryResult().getScore();
        String unit = ours.getPrimaryResult().getScoreUnit();
        return unit.startsWith("ops")
                ? Row.higher(name, our, unit, peer, their)
                : Row.lower(name, our, unit, peer, their);
    }

    private static Row allocation(String name, RunResult ours, String peer, RunResult theirs) {
        double our = allocated(ours);
        double their = allocated(theirs);
        // Half a byte, so that nothing beside something is a number.
        return new Row(name + ", allocated", Row.OURS, our, "B/op", peer, their, (their + 0.5) / (our + 0.5));
    }

    private static double allocated(RunResult result) {
        return Objects.requireNonNull(result.getSecondaryResults().get("gc.alloc.rate.norm"))
                .getScore();
    }
}
