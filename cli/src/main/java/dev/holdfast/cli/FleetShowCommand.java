// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows one agent. */
@Command(
        name = "show",
        description = "Shows one agent: its host, its labels, its load and its last status.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.VersionLine.class)
final class FleetShowCommand implements Callable<Integer> {

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Mixin
    private FleetOptions options = new FleetOptions();

    @Parameters(
            paramLabel = "AGENT",
            description = "Its instance_uid, the first characters of it that no other has, or its host.")
    private String agent = "";

    FleetShowCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public Integer call() throws CommandException {
        AdminApi api = options.api(variables);
        Fleet.Agent chosen = Fleet.parse(api.get(Fleet.PATH)).choose(agent);
        String json = api.get(Fleet.PATH + "/" + chosen.instanceUid());
        String result = options.format == Format.JSON ? json : AgentCard.of(json);
        spec.commandLine().getOut().println(result.stripTrailing());
        return ExitCode.DONE;
    }
}
