// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.storm;

import dev.holdfast.lab.print.Given;
import dev.holdfast.lab.print.Output;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code storm}: what failing keys cost, beside the same keys put back at once. */
@Command(
        name = "storm",
        description = {
            "Runs keys that always fail, in real time, in three ways: with the queue's defaults, the same under load, and"
                    + " put back at once.",
            "",
            "Prints a row for each: CPU in percent of one core, attempts and the CPU time of each in microseconds, keys that"
                    + " went well beside them, log lines a minute, and by how many bytes the heap has grown. On Linux also"
                    + " whose CPU it was: the JVM's compilers and collector, the queue's timer, its workers, the load's"
                    + " timer.",
            "",
            "./holdfast runs it with the flags that it gives an agent, and the rows name them.",
            "",
            "Takes twice --for and at most 10 s more: 2 min 10 s by default. Not measured is the first sixth of a way, at most"
                    + " 10 s; the first tenth of one of 10 s or less.",
            "",
        },
        mixinStandardHelpOptions = true)
public final class StormCommand implements Callable<Integer> {

    private static final Duration SETTLING = Duration.ofSeconds(10);

    /** One that is put back at once shows what it costs in a shorter time, and fills a log meanwhile. */
    private static final Duration LONGEST_AT_ONCE = Duration.ofSeconds(10);

    @Option(
            names = "--keys",
            paramLabel = "N",
            description = "How many keys fail; at least 1. Default: 10000.",
            converter = Given.Count.class)
    private int keys = 10_000;

    @Option(
            names = "--for",
            paramLabel = "D",
            description = "How long each way is run, such as 500ms or 5m; the last one 10s at most. Default: 60s.",
            converter = Given.Length.class)
    private Duration length = Duration.ofSeconds(60);

    @Mixin
    private Output output = new Output();

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        List<StormRow> rows = new ArrayList<>();
        for (Storm.Mode mode : Storm.Mode.values()) {
            Duration whole = mode == Storm.Mode.AT_ONCE ? shorter(length, LONGEST_AT_ONCE) : length;
            Duration settling =
                    shorter(SETTLING, whole.dividedBy(length.compareTo(SETTLING) > 0 && whole.equals(length) ? 6 : 10));
            rows.add(new Storm(keys, settling, whole.minus(settling)).run(mode));
        }
        output.print(spec, rows, StormCommand::line);
        return 0;
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static String line(StormRow row) {
        String whose = row.cpuByThread().entrySet().stream()
                .map(entry -> String.format("%s %.3f", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(", "));
        return String.format(
                "%-46s %7.3f %% of a core, %9d attempts of %.1f us, %9d successes, %10.1f log lines/min, heap %+d bytes%n    %s; java %s",
                row.mode(),
                row.cpuPercentOfCore(),
                row.attempts(),
                row.cpuMicrosPerAttempt(),
                row.succeeded(),
                row.logLinesPerMinute(),
                row.heapGrowthBytes(),
                whose.isEmpty() ? "whose CPU is not known here" : whose,
                String.join(" ", row.jvm()));
    }
}
