// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab;

import dev.holdfast.core.Version;
import dev.holdfast.lab.bench.BenchCommand;
import dev.holdfast.lab.chaos.ChaosCommand;
import dev.holdfast.lab.soak.SoakCommand;
import dev.holdfast.lab.storm.StormCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code holdfast lab}. */
@Command(
        name = "holdfast lab",
        description = "Measures Holdfast beside its peers, and in trouble.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Versions.class,
        subcommands = {BenchCommand.class, StormCommand.class, ChaosCommand.class, SoakCommand.class},
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:failed", "2:wrong usage"})
public final class Main implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    /** What {@code --version} prints. */
    static final class Versions implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"holdfast lab " + Version.current()};
        }
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "a command is missing (expected: bench, storm, chaos or soak)");
    }

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] args) {
        System.exit(command().execute(args));
    }

    static CommandLine command() {
        return new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
    }
}
