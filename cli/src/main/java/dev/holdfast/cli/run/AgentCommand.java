// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import dev.holdfast.agent.Agent;
import dev.holdfast.agent.AgentConfig;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.cli.config.Configuration;
import dev.holdfast.cli.key.Role;
import java.security.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs an agent in this process. */
@Command(
        name = "agent",
        description = "Runs an agent until it is stopped.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class)
public final class AgentCommand implements Callable<Integer> {

    private static final String[] KEYS = {"data", "server"};

    /**
     * How many seconds an address is remembered, and how many that a name has none. The JDK's own 30 and 10 would be
     * added to each outage that a server ends by moving, or the name service by coming back.
     */
    private static final Map<String, String> NAME_CACHES =
            Map.of("networkaddress.cache.ttl", "5", "networkaddress.cache.negative.ttl", "1");

    private final Map<String, String> variables;

    @Mixin
    private RunOptions options = new RunOptions();

    @Option(names = "--data", paramLabel = "DIR", description = "The data directory (~/.holdfast/agent).")
    private @Nullable String data;

    @Option(
            names = "--server",
            paramLabel = "URL[,URL]",
            description = "Where to connect (ws://127.0.0.1:4320); several are tried in turn.")
    private @Nullable String server;

    @Option(
            names = "--label",
            paramLabel = "NAME=VALUE",
            description = "What to find the agent by; once for each. Takes the place of all labels set elsewhere.")
    private List<String> labels = new ArrayList<>();

    /** The command, which also reads the environment {@code variables}. */
    public AgentCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    @SuppressWarnings("try") // The agent runs by itself; it is only held open here.
    public Integer call() throws Exception {
        Map<String, List<String>> flags = options.withOwn(RunOptions.flags(KEYS, data, server));
        if (!labels.isEmpty()) {
            flags.put("labels", labels);
        }
        Configuration configuration = options.configuration(variables);
        AgentConfig config = configuration.agent(flags);
        Logging.start("agent", options.log(Role.AGENT, configuration, flags));
        NAME_CACHES.forEach(Security::setProperty);
        try (StopSignal stop = StopSignal.listen(options.parent);
                Agent agent = Agent.start(config)) {
            stop.await();
        }
        return ExitCode.DONE;
    }
}
