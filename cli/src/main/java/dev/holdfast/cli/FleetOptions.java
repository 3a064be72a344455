// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import dev.holdfast.cli.config.Configuration;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What all commands take that ask a server. */
final class FleetOptions {

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "The server's data directory, or the one given to `up` (~/.holdfast).")
    @Nullable
    Path data;

    @Option(names = "--format", paramLabel = "FORMAT", description = "text or json (text).")
    Format format = Format.TEXT;

    AdminApi api(Map<String, String> variables) throws CommandException {
        Path directory = data == null ? Configuration.fleetDirectory(variables) : data;
        return AdminApi.of(directory.toAbsolutePath().normalize());
    }
}
