// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import dev.holdfast.cli.config.Configuration;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What all commands take that run until they are stopped. */
final class RunOptions {

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings in YAML; `holdfast config defaults` prints all there are.")
    @Nullable
    Path file;

    @Option(names = "--verbose", description = "Say more in the log.")
    boolean verbose;

    @Option(names = "--with-parent", paramLabel = "PID", hidden = true)
    @Nullable
    Long parent;

    Configuration configuration(Map<String, String> variables) {
        return Configuration.read(file, variables);
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
