// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.cli.config.ConfigCommand;
import dev.holdfast.cli.fleet.FleetCommand;
import dev.holdfast.cli.outbox.OutboxCommand;
import dev.holdfast.cli.run.AgentCommand;
import dev.holdfast.cli.run.ServerCommand;
import dev.holdfast.cli.run.UpCommand;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.server.ServerStartException;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/** The command itself. */
@Command(
        name = "holdfast",
        description = "Keeps a fleet of agents attached to its control plane.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:failed",
            "2:wrong usage or configuration",
            "3:another process holds the data directory",
            "4:the other side cannot be reached"
        })
public final class Main {

    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, console());
        PrintWriter err = new PrintWriter(System.err, true, console());
        System.exit(execute(System.getenv(), out, err, args));
    }

    /**
     * Runs one command.
     *
     * @param variables the environment
     * @return its exit code
     */
    static int execute(Map<String, String> variables, PrintWriter out, PrintWriter err, String... args) {
        CommandLine main = new CommandLine(new Main());
        Map<String, Supplier<?>> commands = commands(variables);
        // To read what is said of a command takes a tenth of a second for all of them: who names one needs no other.
        if (args.length > 0 && commands.containsKey(args[0])) {
            commands.keySet().retainAll(Set.of(args[0]));
        }
        commands.values().forEach(command -> main.addSubcommand(command.get()));
        main.setOut(out);
        main.setErr(err);
        main.setCaseInsensitiveEnumValuesAllowed(true);
        main.setParameterExceptionHandler((e, arguments) -> wrongUsage(e));
        main.setExecutionExceptionHandler((e, command, parsed) -> failed(e, command.getErr()));
        int exitCode = args.length == 0 ? usage(main) : main.execute(args);
        out.flush();
        err.flush();
        return exitCode;
    }

    /** By name, in the order in which help lists them. */
    private static Map<String, Supplier<?>> commands(Map<String, String> variables) {
        Map<String, Supplier<?>> commands = new LinkedHashMap<>();
        commands.put("up", () -> new UpCommand(variables, Main.class));
        commands.put("server", () -> new ServerCommand(variables));
        commands.put("agent", () -> new AgentCommand(variables));
        commands.put("fleet", () -> new FleetCommand(variables));
        commands.put("outbox", () -> OutboxCommand.line(variables));
        commands.put("config", () -> new ConfigCommand(variables));
        return commands;
    }

    /** A command is run by asking for it; without one, help is on standard error, since nothing was done. */
    private static int usage(CommandLine main) {
        main.usage(main.getErr());
        return ExitCode.USAGE;
    }

    private static int wrongUsage(ParameterException e) {
        CommandLine command = e.getCommandLine();
        command.getErr().println(e.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(e, command.getErr());
        command.getErr().println("Usage: " + command.getCommandSpec().qualifiedName() + " --help");
        return ExitCode.USAGE;
    }

    private static int failed(Exception e, PrintWriter err) {
        int exitCode = switch (e) {
            case DataDirectoryException.Held held -> ExitCode.HELD;
            case DataDirectoryException unusable -> ExitCode.FAILED;
            case ServerStartException notStarted -> ExitCode.FAILED;
            case CommandException refused -> refused.exitCode();
            default -> -1;
        };
        if (exitCode >= 0) {
            err.println(e.getMessage());
            return exitCode;
        }
        err.println("unexpected failure:");
        e.printStackTrace(err);
        return ExitCode.FAILED;
    }

    private static Charset console() {
        return System.out.charset();
    }
}
