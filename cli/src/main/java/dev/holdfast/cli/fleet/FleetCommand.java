// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What is said of a fleet. */
@Command(
        name = "fleet",
        description = "Shows the agents that a server knows.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class)
public final class FleetCommand implements Runnable {

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    /** The command, which also reads the environment {@code variables}. */
    public FleetCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "fleet: nothing (expected: list or show)");
    }

    @Command(
            name = "list",
            description = "Lists the agents.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int list(@Mixin FleetOptions options) throws CommandException {
        String json = options.api(variables).get(Fleet.PATH);
        return print(options.wantsJson() ? json : FleetTable.of(Fleet.parse(json)));
    }

    @Command(
            name = "show",
            description = "Shows one agent: its host, its labels, its load and its last status.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int show(
            @Mixin FleetOptions options,
            @Parameters(
                            paramLabel = "AGENT",
                            description =
                                    "Its instance_uid, the first characters of it that no other has, or its host.")
                    String agent)
            throws CommandException {
        AdminApi api = options.api(variables);
        Fleet.Agent chosen = Fleet.parse(api.get(Fleet.PATH)).choose(agent);
        String json = api.get(Fleet.PATH + "/" + chosen.instanceUid());
        return print(options.wantsJson() ? json : AgentCard.of(json));
    }

    private int print(String result) {
        spec.commandLine().getOut().println(result.stripTrailing());
        return ExitCode.DONE;
    }
}
