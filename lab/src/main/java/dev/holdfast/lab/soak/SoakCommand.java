// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.soak;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.lab.chaos.ChaosException;
import dev.holdfast.lab.chaos.Launcher;
import dev.holdfast.lab.chaos.Scene;
import dev.holdfast.lab.print.Given;
import dev.holdfast.lab.print.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code soak}: whether what an agent takes up is flat while its server is restarted over and over. */
@Command(
        name = "soak",
        description = {
            "Kills a real server (kill -9) and starts it again, over and over, and reads what its agent takes up meanwhile.",
            "",
            "Prints one row: restarts, how many times the agent was attached again before the next one and how long that took,"
                    + " and its memory, threads and descriptors early and late in the run (medians of the second and of the last"
                    + " tenth). It fails if they grow by more than 16 MiB, 4 threads or 8 descriptors, or if the agent does not"
                    + " come back.",
            "",
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExample:%n",
        footer = "  holdfast lab soak --for 30m --every 5s --format json")
public final class SoakCommand implements Callable<Integer> {

    @Option(
            names = "--for",
            paramLabel = "D",
            description = "How long it lasts. Default: 30m.",
            converter = Given.Length.class)
    private Duration length = Duration.ofMinutes(30);

    @Option(
            names = "--every",
            paramLabel = "D",
            description = "How long the server listens before it is killed. Default: 5s.",
            converter = Given.Length.class)
    private Duration interval = Duration.ofSeconds(5);

    @Mixin
    private Output output = new Output();

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<String> command = Launcher.holdfast(spec);
        Path directory = Files.createTempDirectory("holdfast-soak-");
        try (SystemTime time = SystemTime.start("soak");
                Launcher launcher = new Launcher(command);
                Scene scene = new Scene(launcher, directory, time)) {
            SoakRow row = new Soak(scene, time, length, interval).run();
            output.print(spec, List.of(row), SoakCommand::line);
            if (row.passed()) {
                Launcher.remove(directory);
            }
            return row.passed() ? 0 : 1;
        } catch (ChaosException e) {
            spec.commandLine().getErr().println(e.getMessage() + "; data and logs are in " + directory);
            return 1;
        }
    }

    private static String line(SoakRow row) {
        return String.format(
                Locale.ROOT,
                "%s: %d restarts in %.0f s, attached again %d times, p50 %.2f s, p99 %.2f s%n"
                        + "memory %.1f -> %.1f MiB, threads %d -> %d, descriptors %d -> %d, %d lines logged",
                row.passed() ? "flat" : "NOT FLAT",
                row.restarts(),
                row.elapsedSeconds(),
                row.reattached(),
                row.p50ReattachSeconds(),
                row.p99ReattachSeconds(),
                row.rssMibEarly(),
                row.rssMibLate(),
                row.threadsEarly(),
                row.threadsLate(),
                row.descriptorsEarly(),
                row.descriptorsLate(),
                row.agentLogLines());
    }
}
