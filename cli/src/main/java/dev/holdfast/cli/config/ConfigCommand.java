// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.Format;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.cli.key.ConfigurationException;
import dev.holdfast.cli.key.Role;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

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
        List<String> notes = Configuration.check(file, variables);
        PrintWriter out = spec.commandLine().getOut();
        out.println(file + ": no faults");
        notes.forEach(out::println);
        return ExitCode.DONE;
    }

    @Command(
            name = "defaults",
            description = {
                "Prints every setting with what it takes and its default, as a file of settings.",
                "With --format json also where each can be set, and what the environment sets it to."
            },
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int defaults(
            @Option(names = "--role", paramLabel = "ROLE", description = "agent or server alone.") @Nullable Role role,
            @Option(names = "--format", paramLabel = "FORMAT", description = "text or json (text).") @Nullable
                    Format format) {
        if (format == Format.JSON) {
            Configuration configuration = Configuration.read(null, variables);
            print(Arrays.stream(Role.values())
                    .filter(each -> role == null || each == role)
                    .flatMap(each -> Explanation.all(each, configuration).stream())
                    .toList());
        } else {
            spec.commandLine().getOut().print(Reference.defaults(role));
        }
        return ExitCode.DONE;
    }

    @Command(
            name = "explain",
            description = {
                "Says what a setting is, what it takes, its default, where it can be set, what it is set to, and where.",
                "The names that other systems have for a setting will do."
            },
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int explain(
            @Parameters(paramLabel = "KEY", description = "The setting, such as reconnect.max_delay.") String key,
            @Option(
                            names = "--config",
                            paramLabel = "FILE",
                            description = "The file of settings to look at beside the environment.")
                    @Nullable
                    Path file,
            @Option(names = "--format", paramLabel = "FORMAT", description = "text or json (text).") @Nullable
                    Format format)
            throws ConfigurationException {
        if (file != null) {
            // With a fault in it nothing starts, so nothing is in force.
            Configuration.check(file, variables);
        }
        List<Explanation> found = Explanation.of(key, Configuration.read(file, variables));
        if (format == Format.JSON) {
            print(found);
        } else {
            spec.commandLine()
                    .getOut()
                    .print(found.stream().map(Explanation::text).collect(Collectors.joining("\n")));
        }
        return ExitCode.DONE;
    }

    private void print(List<Explanation> explanations) {
        spec.commandLine()
                .getOut()
                .println(JsonMapper.shared()
                        .writeValueAsString(
                                explanations.stream().map(Explanation::json).toList()));
    }
}
