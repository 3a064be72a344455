// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A {@code holdfast} command in a process of its own, and what it printed. */
final class RunningCommand implements AutoCloseable {

    /** How long anything that should happen may take on a busy machine before a test gives up. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    /** What this test was started with. */
    static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    private final Process process;
    private final Path log;

    private RunningCommand(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /**
     * Starts a command.
     *
     * @param log where its output goes; appended to
     * @param environment added to this process's own
     */
    static RunningCommand start(Path log, Map<String, String> environment, String... arguments) {
        return startBehind(List.of(), log, environment, arguments);
    }

    /**
     * The same, behind a program that becomes it.
     *
     * @param before that program and its arguments, such as {@code ip netns exec NAME}
     */
    static RunningCommand startBehind(
            List<String> before, Path log, Map<String, String> environment, String... arguments) {
        List<String> command = new ArrayList<>(before);
        command.addAll(StartArchive.command());
        return start(command, log, environment, arguments);
    }

    /** The same for any program. */
    static RunningCommand startMain(
            Path log, Map<String, String> environment, String classPath, String main, String... arguments) {
        List<String> command = new ArrayList<>(StartArchive.java());
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath, main));
        return start(command, log, environment, arguments);
    }

    private static RunningCommand start(
            List<String> program, Path log, Map<String, String> environment, String... arguments) {
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        try {
            return new RunningCommand(builder.start(), log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command to its end, in this process, which has a JVM already, and gives what it printed. */
    static String run(String... arguments) {
        StringWriter printed = new StringWriter();
        PrintWriter out = new PrintWriter(printed);
        int code = Main.execute(Map.of(), out, out, arguments);
        if (code != 0) {
            throw new AssertionError(String.join(" ", arguments) + " ended with " + code + ":\n" + printed);
        }
        return printed.toString();
    }

    long pid() {
        return process.pid();
    }

    /** The other end of its standard input. */
    OutputStream input() {
        return process.getOutputStream();
    }

    boolean running() {
        return process.isAlive();
    }

    /** All that was printed to the log, by commands before this one too. */
    String output() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<MatchResult> lines(String pattern) {
        return Pattern.compile("(?m)^.*" + pattern + ".*$")
                .matcher(output())
                .results()
                .toList();
    }

    /** Waits until at least so many lines match, and gives them. */
    List<MatchResult> awaitLines(int count, String pattern) {
        await().atMost(PATIENCE)
                .failFast(() -> process.isAlive() ? null : failed(pattern))
                .untilAsserted(() -> {
                    if (lines(pattern).size() < count) {
                        throw new AssertionError(
                                "fewer than " + count + " lines with " + pattern + " in:\n" + output());
                    }
                });
        return lines(pattern);
    }

    private boolean failed(String pattern) {
        throw new AssertionError(
                "ended with " + process.exitValue() + " before a line with " + pattern + ":\n" + output());
    }

    /** SIGKILL, and wait for the end. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM, and wait for the end. */
    int terminate() throws InterruptedException {
        process.destroy();
        return exitCode();
    }

    int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("still running after " + PATIENCE + ":\n" + output());
        }
        return process.exitValue();
    }

    /** The date at the beginning of a line of the log. */
    static Instant date(MatchResult line) {
        return Instant.parse(line.group().split(" ", 2)[0]);
    }

    /** Ends what still runs. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
