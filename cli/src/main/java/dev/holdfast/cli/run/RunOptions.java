// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.config.Configuration;
import dev.holdfast.cli.key.LogKeys.LogConfig;
import dev.holdfast.cli.key.Role;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Option;

/** What all commands take that run until they are stopped. */
final class RunOptions {

    private static final String LOG_FORMAT = "log.format";

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings in YAML; `holdfast config defaults` prints all there are.")
    @Nullable
    Path file;

    @Option(names = "--verbose", description = "Say more in the log.")
    boolean verbose;

    @Option(names = "--log-format", paramLabel = "FORMAT", description = "How the log is written: text or json (text).")
    private @Nullable String logFormat;

    @Option(names = "--with-parent", paramLabel = "PID", hidden = true)
    @Nullable
    Long parent;

    Configuration configuration(Map<String, String> variables) {
        return Configuration.read(file, variables);
    }

    /** A command's flags, and those that all have which set a key, so that all faults are told at once. */
    Map<String, List<String>> withOwn(Map<String, List<String>> flags) {
        if (logFormat != null) {
            flags.put(LOG_FORMAT, List.of(logFormat));
        }
        return flags;
    }

    /** How a process of {@code role} is to log. */
    LogConfig log(Role role, Configuration configuration, Map<String, List<String>> flags) throws CommandException {
        LogConfig log = configuration.log(role, flags);
        return verbose ? new LogConfig(log.format(), Level.DEBUG) : log;
    }

    /** The same options for another process of this program. */
    List<String> arguments() {
        List<String> arguments = new ArrayList<>();
        if (file != null) {
            arguments.addAll(List.of("--config", file.toAbsolutePath().toString()));
        }
        if (logFormat != null) {
            arguments.addAll(List.of("--log-format", logFormat));
        }
        if (verbose) {
            arguments.add("--verbose");
        }
        return arguments;
    }

    /** The flags that were given, as the configuration wants them. */
    static Map<String, List<String>> flags(String[] keys, @Nullable String... values) {
        Map<String, List<String>> flags = new LinkedHashMap<>();
        for (int i = 0; i < keys.length; i++) {
            String value = values[i];
            if (value != null) {
                flags.put(keys[i], new ArrayList<>(List.of(value)));
            }
        }
        return flags;
    }
}
