// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * Starts processes of one command, and ends those that still run when it is closed, or when this JVM ends in any way
 * that lets it do something. Safe for use by any thread.
 */
public final class Launcher implements AutoCloseable {

    private final List<String> command;
    private final Queue<Process> started = new ConcurrentLinkedQueue<>();
    private final Thread hook = Thread.ofPlatform().name("chaos-end").unstarted(this::endAll);
    private volatile boolean isClosed;

    /**
     * A launcher of nothing yet.
     *
     * @param command the program, and what comes before each call's own arguments
     */
    public Launcher(List<String> command) {
        this.command = List.copyOf(command);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * The command that a lab is to try, which the launcher sets.
     *
     * @throws CommandLine.ParameterException if it is not set
     */
    public static List<String> holdfast(CommandLine.Model.CommandSpec spec) {
        String command = System.getProperty("holdfast.command");
        if (command == null) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "holdfast.command: not set (expected: the command that is to be tried; `./holdfast lab` sets it)");
        }
        return List.of(Path.of(command).toAbsolutePath().toString());
    }

    /** Removes a directory with all that is in it. */
    public static void remove(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path emptied, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(emptied);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Starts one whose output and errors go to the end of a file. */
    Child start(Path log, List<String> arguments) throws IOException {
        return start(
                arguments,
                builder -> builder.redirectErrorStream(true).redirectOutput(Redirect.appendTo(log.toFile())));
    }

    /**
     * Runs one to its end.
     *
     * @param output a file for its output, which is replaced
     * @return what it printed
     * @throws ChaosException if it does not end in time, or with another code than 0
     */
    public String run(Path output, Duration most, List<String> arguments)
            throws IOException, InterruptedException, ChaosException {
        run(output, most, arguments, builder -> {});
        return Files.readString(output);
    }

    /**
     * The same of one that is given something to read.
     *
     * @param input a file with that
     */
    public void feed(Path input, Path output, Duration most, List<String> arguments)
            throws IOException, InterruptedException, ChaosException {
        run(output, most, arguments, builder -> builder.redirectInput(input.toFile()));
    }

    private void run(Path output, Duration most, List<String> arguments, Setup more)
            throws IOException, InterruptedException, ChaosException {
        Path errors = output.resolveSibling(output.getFileName() + ".err");
        Child child = start(arguments, builder -> {
            builder.redirectOutput(output.toFile()).redirectError(Redirect.to(errors.toFile()));
            more.on(builder);
        });
        if (!child.await(most)) {
            child.kill();
            throw new ChaosException(String.join(" ", arguments) + ": did not end within " + most.toSeconds() + " s");
        }
        if (child.exitCode() != 0) {
            throw new ChaosException(String.join(" ", arguments) + ": ended with exit code " + child.exitCode() + ": "
                    + Files.readString(errors).strip());
        }
    }

    /** How a process is set up beside its command. */
    @FunctionalInterface
    private interface Setup {
        void on(ProcessBuilder builder);
    }

    private Child start(List<String> arguments, Setup setup) throws IOException {
        List<String> line = new ArrayList<>(command);
        line.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(line);
        // What is built is what is tried, whoever changes sources meanwhile.
        builder.environment().put("HOLDFAST_BUILD", "never");
        setup.on(builder);
        started.removeIf(process -> !process.isAlive());
        Process process = builder.start();
        started.add(process);
        // Looked at after it was added, so that either this or whoever closes sees the other.
        if (isClosed) {
            process.destroyForcibly();
            throw new IOException("nothing is started any more");
        }
        return new Child(process);
    }

    private void endAll() {
        isClosed = true;
        started.forEach(Process::destroyForcibly);
    }

    /** Kills what still runs, and waits until it is gone. */
    @Override
    public void close() {
        endAll();
        started.forEach(process -> process.onExit().join());
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ends) {
            // The JVM is ending, and the hook does what was done here.
        }
    }
}
