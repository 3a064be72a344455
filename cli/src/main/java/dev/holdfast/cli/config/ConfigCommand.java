// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What is said of settings. */
@Command(
        name = "config",
        description = "Checks, lists and explains settings.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class)
public final class ConfigCommand implements Runnable {

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    /** The command, which also reads the environment {@code variables}. */
    public ConfigCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "config: nothing (expected: check, defaults or explain)");
    }

    @Command(
            name = "check",
            description = "Checks a file of settings, and the environment, for both roles; names every fault.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int check(@Parameters(paramLabel = "FILE", description = "The file.") Path file) throws ConfigurationException {
        Configuration.check(file, variables);
        spec.commandLine().getOut().println(file + ": no faults");
        return ExitCode.DONE;
    }

    @Command(
            name = "defaults",
            description = "Prints every setting with its default, as a file of settings.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int defaults(
            @Option(names = "--role", paramLabel = "ROLE", description = "agent or server alone.") @Nullable
                    Role role) {
        spec.commandLine().getOut().print(Reference.defaults(role));
        return ExitCode.DONE;
    }

    @Command(
            name = "explain",
            description = "Says what a setting is, what it takes, its default and where it can be set.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int explain(@Parameters(paramLabel = "KEY", description = "The setting, such as reconnect.max_delay.") String key)
            throws ConfigurationException {
        spec.commandLine().getOut().print(Reference.explain(key));
        return ExitCode.DONE;
    }
}
