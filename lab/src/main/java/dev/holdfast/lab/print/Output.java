// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.print;

import java.util.List;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** How a command prints its rows. */
public final class Output {

    private enum Format {
        TEXT,
        JSON
    }

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "text (the default), or json: one array on standard output and nothing else.")
    private Format format = Format.TEXT;

    /**
     * Prints rows to the command's output.
     *
     * @param line how one is shown to people
     */
    public <R> void print(CommandLine.Model.CommandSpec spec, List<R> rows, Function<R, String> line) {
        if (format == Format.JSON) {
            spec.commandLine().getOut().println(JsonMapper.shared().writeValueAsString(rows));
        } else {
            rows.forEach(row -> spec.commandLine().getOut().println(line.apply(row)));
        }
        spec.commandLine().getOut().flush();
    }
}
