// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.agent.AgentConfig;
import dev.holdfast.agent.access.AgentGoneException;
import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.config.Configuration;
import dev.holdfast.cli.run.Logging;
import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.time.SystemTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What all outbox commands take, and how they come to the outbox. */
final class OutboxOptions {

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "The agent's data directory, or the one given to `up` (~/.holdfast/agent).")
    private @Nullable Path data;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The agent's settings in YAML, which hold here too while it is stopped.")
    private @Nullable Path file;

    /** What is done with an outbox. */
    @FunctionalInterface
    interface Work {
        /**
         * Does it.
         *
         * @return the exit code
         */
        int with(OutboxAccess outbox, Path data) throws IOException, InterruptedException, CommandException;
    }

    /** What is done with the directory that an outbox is in. */
    @FunctionalInterface
    interface Care {
        /**
         * Does it.
         *
         * @return the exit code
         */
        int of(Path data, OutboxPolicy policy, SystemTime time)
                throws IOException, InterruptedException, CommandException, DataDirectoryException;
    }

    /** Does something with the outbox that is there. */
    int run(Map<String, String> variables, Work work)
            throws CommandException, DataDirectoryException, InterruptedException {
        return care(variables, opening(work));
    }

    /** The same, with a new outbox if there is none. */
    int runOrMake(Map<String, String> variables, Work work)
            throws CommandException, DataDirectoryException, InterruptedException {
        AgentConfig config = config(variables);
        Path directory = directory(config);
        if (Stream.of("fleet.db", "server.json").anyMatch(name -> Files.exists(directory.resolve(name)))) {
            throw new CommandException(
                    ExitCode.FAILED,
                    directory + " is a server's data directory (expected: an agent's, given with --data)");
        }
        return run(directory, config, opening(work));
    }

    /** Does something with the directory of the outbox that is there. */
    int care(Map<String, String> variables, Care care)
            throws CommandException, DataDirectoryException, InterruptedException {
        AgentConfig config = config(variables);
        Path directory = directory(config);
        if (!DataDirectory.isHeld(directory) && !Files.isDirectory(directory.resolve(OutboxAccess.DIRECTORY))) {
            throw new CommandException(
                    ExitCode.FAILED,
                    "no outbox in " + directory
                            + " (expected: the data directory of an agent that has kept records, given with --data)");
        }
        return run(directory, config, care);
    }

    private static Care opening(Work work) {
        return (data, policy, time) -> {
            try (OutboxAccess outbox = OutboxAccess.open(data, policy, time, new SecureRandom())) {
                return work.with(outbox, data);
            }
        };
    }

    private static int run(Path directory, AgentConfig config, Care care)
            throws CommandException, DataDirectoryException, InterruptedException {
        Logging.startAside("outbox");
        try (SystemTime time = SystemTime.start("outbox-command")) {
            return care.of(directory, config.outbox().keeping(), time);
        } catch (DataDirectoryException.Held e) {
            throw new CommandException(
                    ExitCode.HELD,
                    "data directory " + directory + " is held by " + e.holder() + ", which takes no outbox commands: an"
                            + " agent that has just begun to start or stop, one of an older version, a server, or another"
                            + " outbox command (expected: an agent that runs, or nobody; try again, or stop that one)");
        } catch (AgentGoneException e) {
            throw new CommandException(ExitCode.UNREACHABLE, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new CommandException(ExitCode.FAILED, "outbox in " + directory + ": " + e.getMessage());
        }
    }

    /** The uid of the agent that a data directory belongs to; nothing if no agent ran there yet. */
    static Optional<String> agent(Path data) {
        try {
            return Optional.of(Files.readString(data.resolve("instance_uid")).strip());
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    private AgentConfig config(Map<String, String> variables) throws CommandException {
        Map<String, List<String>> flags = data == null ? Map.of() : Map.of("data", List.of(data.toString()));
        return Configuration.read(file, variables).agent(flags);
    }

    /** The agent's own, also where that of `up` was named, which has those of both in it. */
    private static Path directory(AgentConfig config) {
        Path given = config.data().toAbsolutePath().normalize();
        Path within = given.resolve("agent");
        boolean isAgents = Stream.of("instance_uid", OutboxAccess.DIRECTORY, "lock")
                .anyMatch(name -> Files.exists(given.resolve(name)));
        return !isAgents && Files.isDirectory(within) ? within : given;
    }
}
