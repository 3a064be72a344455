// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.ServerFile;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.time.Time;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * Does once what commands do, all in one process: a server, an agent of it, and questions to both. A JVM that is
 * told to write its classes to an archive when it ends, as the launcher's is, starts each command with less work from
 * then on. All of it stays on loopback and in one directory.
 */
final class TrainingRun {

    private static final Duration LOOK = Duration.ofMillis(20);
    private static final int MOST_LOOKS = 1500;
    private static final String ANY_PORT = "127.0.0.1:0";

    private final Time time;
    private int looks;

    private TrainingRun(Time time) {
        this.time = time;
    }

    /**
     * Runs it and ends the process.
     *
     * @param arguments a directory that is there and empty
     */
    public static void main(String[] arguments) throws IOException, InterruptedException, CommandException {
        try (SystemTime time = SystemTime.start("training")) {
            new TrainingRun(time).run(Path.of(arguments[0]));
        }
        System.exit(ExitCode.DONE);
    }

    private void run(Path directory) throws IOException, InterruptedException, CommandException {
        Path server = directory.resolve("server");
        String agent = directory.resolve("agent").toString();
        start("server", "--data", server.toString(), "--listen", ANY_PORT, "--admin", ANY_PORT);
        Optional<ServerFile> running = ServerFile.find(server);
        for (; running.isEmpty(); running = ServerFile.find(server)) {
            await();
        }
        start("agent", "--data", agent, "--server", "ws://" + running.get().listen());
        while (!told("fleet", "list", "--data", server.toString()).contains("1 agent, 1 attached")) {
            await();
        }
        told("outbox", "append", "--data", agent, "--lane", "training");
        told("outbox", "stats", "--data", agent);
    }

    private void await() throws IOException, InterruptedException {
        looks++;
        if (looks > MOST_LOOKS) {
            throw new IOException("the training run has not come to its end within "
                    + LOOK.multipliedBy(MOST_LOOKS).toSeconds() + " s");
        }
        CountDownLatch passed = new CountDownLatch(1);
        time.schedule(LOOK, passed::countDown);
        passed.await();
    }

    private static void start(String... command) {
        Thread.ofPlatform().daemon().name(command[0]).start(() -> told(command));
    }

    private static String told(String... command) {
        StringWriter told = new StringWriter();
        PrintWriter out = new PrintWriter(told);
        Main.execute(Map.of(), out, out, command);
        return told.toString();
    }
}
