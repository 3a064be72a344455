// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.Format;
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
    private @Nullable Path data;

    @Option(names = "--format", paramLabel = "FORMAT", description = "text or json (text).")
    private Format format = Format.TEXT;

    boolean wantsJson() {
        return format == Format.JSON;
    }

    AdminApi api(Map<String, String> variables) throws CommandException {
        Path directory = data == null ? Configuration.fleetDirectory(variables) : data;
        return AdminApi.of(directory.toAbsolutePath().normalize());
    }
}
