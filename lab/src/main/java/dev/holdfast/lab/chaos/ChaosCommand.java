// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.lab.print.Given;
import dev.holdfast.lab.print.Output;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaos}: whether anything that was acknowledged is lost, doubled or out of order when processes are killed. */
@Command(
        name = "chaos",
        description = {
            "Kills a real server and a real agent (kill -9, each alone and both at once) and stops them for moments, in starts,"
                    + " in drains and at work, while three writers append to the agent's outbox. Then lets everything come"
                    + " back and compares what was acknowledged with what the server has.",
            "",
            "Prints one row: faults, acknowledged, delivered, lost, duplicated, out_of_order and what else was wrong; how many"
                    + " times the agent came back and how long that took, in seconds from when both processes ran; lines logged;"
                    + " and the most memory that a process had, in MiB.",
            "",
            "Takes a few seconds for each kill. The seed fixes the faults and when they fall due; real processes do not run"
                    + " twice in the same way, so that a failure may need more than one try to come again. A run that fails"
                    + " keeps its directory with data and logs, and says where it is; one that does not removes it.",
            "",
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExample:%n",
        footer = "  holdfast lab chaos --kills 200 --seed 7 --format json")
public final class ChaosCommand implements Callable<Integer> {

    @Option(
            names = "--kills",
            paramLabel = "N",
            description = "How many there are; both at once is one. Default: 20.",
            converter = KillsConverter.class)
    private int kills = 20;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "What the faults are drawn from. Default: another each time.")
    private @Nullable Long seed;

    @Option(
            names = "--for",
            paramLabel = "D",
            description = "No fault is begun after so long, such as 10m, though some be left. Default: 2h.",
            converter = Given.Length.class)
    private Duration most = Duration.ofHours(2);

    @Mixin
    private Output output = new Output();

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    /** Reads how many there are. */
    static final class KillsConverter implements CommandLine.ITypeConverter<Integer> {

        private static final int MOST = 100_000;

        @Override
        public Integer convert(String value) {
            return Given.count(value, MOST);
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<String> line = Launcher.holdfast(spec);
        Path directory = Files.createTempDirectory("holdfast-chaos-");
        try (SystemTime time = SystemTime.start("chaos")) {
            long drawn = seed == null ? time.instant().toEpochMilli() : seed;
            boolean passed = run(drawn, line, directory, time);
            if (passed) {
                Launcher.remove(directory);
            } else {
                tellHowToRepeat(drawn, line.getFirst(), directory);
            }
            return passed ? 0 : 1;
        }
    }

    private boolean run(long drawn, List<String> line, Path directory, SystemTime time) throws InterruptedException {
        try (Launcher launcher = new Launcher(line)) {
            Chaos.Outcome outcome = new Chaos(drawn, kills, most, directory, launcher, time).run();
            output.print(spec, List.of(outcome.row()), ChaosCommand::line);
            outcome.findings().forEach(finding -> err().println(finding));
            return outcome.row().passed();
        } catch (ChaosException | IOException e) {
            err().println(e.getMessage() == null ? e.toString() : e.getMessage());
            return false;
        }
    }

    private void tellHowToRepeat(long drawn, String command, Path directory) {
        err().println("seed " + drawn + " failed; data and logs are in " + directory + "; again with");
        err().println("  " + command + " lab chaos --kills " + kills + " --seed " + drawn + " --for "
                + Durations.print(most));
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }

    private static String line(ChaosRow row) {
        return String.format(
                "%s: %d faults (%d kills, of the agent %d, of the server %d; %d pauses) in %.0f s%n"
                        + "acknowledged %d, delivered %d, lost %d, duplicated %d, out of order %d, corrupted %d, misnumbered %d,"
                        + " unknown %d, dead letters %d; without an answer %d, of which %d arrived%n"
                        + "attached again %d times, p50 %.2f s, p99 %.2f s, at most %.2f s; drained %.1f s after the last fault%n"
                        + "log lines %d (agent %d, server %d); memory at most %.0f MiB (agent) and %.0f MiB (server)",
                row.passed() ? "passed" : "FAILED",
                row.faults(),
                row.kills(),
                row.agentKills(),
                row.serverKills(),
                row.pauses(),
                row.elapsedSeconds(),
                row.acknowledged(),
                row.delivered(),
                row.lost(),
                row.duplicated(),
                row.outOfOrder(),
                row.corrupted(),
                row.misnumbered(),
                row.unknown(),
                row.deadLetters(),
                row.uncertain(),
                row.uncertainDelivered(),
                row.reattached(),
                row.p50ReattachSeconds(),
                row.p99ReattachSeconds(),
                row.maxReattachSeconds(),
                row.drainedSeconds(),
                row.logLines(),
                row.agentLogLines(),
                row.serverLogLines(),
                row.agentMaxRssMib(),
                row.serverMaxRssMib());
    }
}
