// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import dev.holdfast.cli.config.Configuration;
import dev.holdfast.cli.config.ConfigurationException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks a file of settings. */
@Command(
        name = "check",
        description = "Checks a file of settings, and the environment, for both roles; names every fault.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.VersionLine.class)
final class ConfigCheckCommand implements Callable<Integer> {

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The file.")
    private Path file = Path.of("");

    ConfigCheckCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public Integer call() throws ConfigurationException {
        Configuration.check(file, variables);
        spec.commandLine().getOut().println(file + ": no faults");
        return ExitCode.DONE;
    }
}
