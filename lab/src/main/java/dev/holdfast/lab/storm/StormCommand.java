// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.storm;

import dev.holdfast.core.time.Durations;
import dev.holdfast.lab.print.Output;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code storm}: what failing keys cost, beside the same keys put back at once. */
@Command(
        name = "storm",
        description = {
            "Runs keys that always fail, in real time: with the queue's defaults, the same under load, and put back at"
                    + " once.",
            "The first 10 s are not measured, or the first tenth of a run of at most 20 s.",
        },
        mixinStandardHelpOptions = true)
public final class StormCommand implements Callable<Integer> {

    private static final Duration SETTLING = Duration.ofSeconds(10);

    /** One that is put back at once shows what it costs in a shorter time, and fills a log meanwhile. */
    private static final Duration LONGEST_AT_ONCE = Duration.ofSeconds(10);

    @Option(names = "--keys", paramLabel = "N", description = "How many keys fail. Default: 10000.")
    private int keys = 10_000;

    @Option(
            names = "--for",
            paramLabel = "D",
            description = "How long each way is run, such as 60s, which is the default.",
            converter = DurationConverter.class)
    private Duration length = Duration.ofSeconds(60);

    @Mixin
    private Output output = new Output();

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    /** Reads durations as they are written everywhere. */
    static final class DurationConverter implements CommandLine.ITypeConverter<Duration> {
        @Override
        public Duration convert(String value) {
            return Durations.parse(value)
                    .filter(Duration::isPositive)
                    .orElseThrow(() -> new CommandLine.TypeConversionException(
                            value + " (expected: a duration > 0s, such as 60s)"));
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        if (keys < 1) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--keys: " + keys + " (expected: >= 1)");
        }
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
        return String.format(
                "%-46s %7.3f %% of a core, %9d attempts of %.1f us, %9d successes, %10.1f log lines/min, heap %+d bytes",
                row.mode(),
                row.cpuPercentOfCore(),
                row.attempts(),
                row.cpuMicrosPerAttempt(),
                row.succeeded(),
                row.logLinesPerMinute(),
                row.heapGrowthBytes());
    }
}
