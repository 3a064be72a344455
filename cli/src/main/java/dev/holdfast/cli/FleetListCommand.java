// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the agents. */
@Command(
        name = "list",
        description = "Lists the agents.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.VersionLine.class)
final class FleetListCommand implements Callable<Integer> {

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Mixin
    private FleetOptions options = new FleetOptions();

    FleetListCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public Integer call() throws CommandException {
        String json = options.api(variables).get(Fleet.PATH);
        String result = options.format == Format.JSON ? json : FleetTable.of(Fleet.parse(json));
        spec.commandLine().getOut().println(result.stripTrailing());
        return ExitCode.DONE;
    }
}
