// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.cli.config.Configuration;
import dev.holdfast.cli.key.Role;
import dev.holdfast.server.Server;
import dev.holdfast.server.ServerConfig;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs a server in this process. */
@Command(
        name = "server",
        description = "Runs the control plane until it is stopped.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class)
public final class ServerCommand implements Callable<Integer> {

    private final Map<String, String> variables;

    @Mixin
    private RunOptions options = new RunOptions();

    @Option(names = "--data", paramLabel = "DIR", description = "The data directory (~/.holdfast/server).")
    private @Nullable String data;

    @Mixin
    private PortOptions ports = new PortOptions();

    /** The command, which also reads the environment {@code variables}. */
    public ServerCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    @SuppressWarnings("try") // The server runs by itself; it is only held open here.
    public Integer call() throws Exception {
        Map<String, List<String>> flags = options.withOwn(ports.flags(data));
        Configuration configuration = options.configuration(variables);
        ServerConfig config = configuration.server(flags);
        PortOptions.requireResolved(config);
        Logging.start("server", options.log(Role.SERVER, configuration, flags));
        try (StopSignal stop = StopSignal.listen(options.parent, config.drainTimeout());
                Server server = Server.start(config)) {
            stop.await();
        }
        return ExitCode.DONE;
    }
}
