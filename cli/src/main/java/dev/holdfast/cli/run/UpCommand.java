// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import dev.holdfast.agent.AgentConfig;
import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.Format;
import dev.holdfast.cli.command.Invocation;
import dev.holdfast.cli.command.ServerFile;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.cli.config.Configuration;
import dev.holdfast.cli.key.Role;
import dev.holdfast.server.ServerConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs a server and an agent, each in a process of its own. */
@Command(
        name = "up",
        description = "Runs a server and one agent, two processes, until Ctrl-C.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class)
public final class UpCommand implements Callable<Integer> {

    /** How often the server is looked at while it starts, and how many times. */
    private static final Duration LOOK = Duration.ofMillis(50);

    private static final int LOOKS = 1200;

    private final Map<String, String> variables;
    private final Class<?> main;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Mixin
    private RunOptions options = new RunOptions();

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Holds the data directories of both, server and agent (~/.holdfast).")
    private @Nullable String data;

    @Mixin
    private PortOptions ports = new PortOptions();

    /** Where a person is told: beside the log if that is for programs. */
    @SuppressWarnings("NullAway.Init") // Set before anything is said.
    private PrintWriter told;

    /**
     * The command.
     *
     * @param variables the environment, which the processes that it starts have too
     * @param main what those processes run
     */
    public UpCommand(Map<String, String> variables, Class<?> main) {
        this.variables = variables;
        this.main = main;
    }

    @Override
    public Integer call() throws Exception {
        Map<String, List<String>> flags = options.withOwn(ports.flags(data));
        Configuration configuration = options.configuration(variables);
        Configuration.Both both = configuration.both(flags);
        boolean isForPrograms = options.log(Role.SERVER, configuration, flags).format() == Format.JSON
                || options.log(Role.AGENT, configuration, flags).format() == Format.JSON;
        told = isForPrograms ? spec.commandLine().getErr() : spec.commandLine().getOut();
        PortOptions.requireResolved(both.server());
        Path serverData = both.server().data();
        Optional<ServerFile> before = written(serverData);
        Duration drain = both.server().drainTimeout();
        try (StopSignal stop = StopSignal.listen(options.parent, drain);
                ChildProcess server = ChildProcess.start(main, serverArguments(both.server()), drain)) {
            Optional<ServerFile> started = awaitStarted(server, serverData, before, stop);
            if (started.isPresent()) {
                return runAgent(both, server, started.get(), stop);
            }
            if (stop.requested().isDone()) {
                return ExitCode.DONE;
            }
            int exitCode = server.end().isDone() ? server.end().join() : ExitCode.FAILED;
            spec.commandLine().getErr().println("the server did not start, so nothing runs");
            return exitCode;
        }
    }

    /**
     * What the server wrote when it had started; nothing if it ended, was not ready in time, or is not wanted any more.
     */
    private static Optional<ServerFile> awaitStarted(
            ChildProcess server, Path data, Optional<ServerFile> before, StopSignal stop) throws InterruptedException {
        for (int look = 0; look < LOOKS && !stop.requested().isDone(); look++) {
            if (server.await(LOOK)) {
                return Optional.empty();
            }
            Optional<ServerFile> file = written(data).filter(found -> found.pid() == server.pid());
            // In a container a server that was killed and the next may well have the same pid.
            if (file.isPresent() && !file.equals(before)) {
                return file;
            }
        }
        return Optional.empty();
    }

    /** What is there, unless it is unreadable: that is of some other server, or not wholly copied. */
    private static Optional<ServerFile> written(Path data) {
        try {
            return ServerFile.find(data);
        } catch (CommandException unreadable) {
            return Optional.empty();
        }
    }

    private int runAgent(Configuration.Both both, ChildProcess server, ServerFile file, StopSignal stop)
            throws IOException {
        List<String> agentArguments = agentArguments(both.agent(), file);
        try (ChildProcess agent = ChildProcess.start(main, agentArguments, Duration.ZERO)) {
            String restart = Invocation.restart(both.server().data(), file, options.file);
            told.println(welcome(both, server, agent, file, restart));
            CompletableFuture<Void> ends = CompletableFuture.allOf(
                    server.end().thenAccept(code -> tell("server", server, code, restart, stop)),
                    agent.end().thenAccept(code -> tell("agent", agent, code, Invocation.line(agentArguments), stop)));
            CompletableFuture.anyOf(stop.requested(), ends).join();
        }
        return stop.requested().isDone() ? ExitCode.DONE : ExitCode.FAILED;
    }

    private void tell(String role, ChildProcess child, int exitCode, String restart, StopSignal stop) {
        if (!stop.requested().isDone()) {
            told.println("the " + role + " (pid " + child.pid() + ") has ended with exit code " + exitCode
                    + "; start it again in another terminal with\n  " + restart);
        }
    }

    private static String welcome(
            Configuration.Both both, ChildProcess server, ChildProcess agent, ServerFile file, String restart) {
        Path serverData = both.server().data();
        return String.join(
                "\n",
                "",
                "  server  pid " + server.pid() + ", agents connect to " + file.listen() + ", operators to "
                        + file.admin(),
                "          data in " + serverData,
                "  agent   pid " + agent.pid() + ", data in " + both.agent().data(),
                "",
                "  Try, in another terminal:",
                "    " + Invocation.line(List.of("fleet", "list", "--data", serverData.toString())),
                "    kill -9 " + server.pid()
                        + "     # the server is gone; the agent keeps trying, and comes back after",
                "    " + restart,
                "",
                "  Ctrl-C stops both.",
                "");
    }

    private List<String> serverArguments(ServerConfig config) {
        List<String> arguments = new ArrayList<>(List.of(
                "server",
                "--data",
                config.data().toString(),
                "--listen",
                text(config.listen()),
                "--admin",
                text(config.admin())));
        arguments.addAll(options.arguments());
        return arguments;
    }

    private List<String> agentArguments(AgentConfig config, ServerFile server) {
        List<String> arguments = new ArrayList<>(List.of(
                "agent",
                "--data",
                config.data().toString(),
                "--server",
                "ws://" + ServerFile.dialable(server.listen())));
        arguments.addAll(options.arguments());
        return arguments;
    }

    private static String text(InetSocketAddress address) {
        String host = address.getHostString();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
