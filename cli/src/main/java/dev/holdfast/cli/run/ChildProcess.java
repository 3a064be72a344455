// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Another process of this very program, on the same Java with the same flags, that writes to the same console.
 *
 * <p>It ignores SIGINT, since a terminal sends that to every process at once and it is for the parent to stop its
 * children in order. It stops by itself when the parent is gone, which it learns at once from the end
 * of its standard input.
 */
final class ChildProcess implements AutoCloseable {

    /** How long it may take to stop before it is killed, beside what it needs for itself. */
    private static final Duration STOPPING = Duration.ofSeconds(5);

    private final Process process;
    private final Duration more;

    private ChildProcess(Process process, Duration more) {
        this.process = process;
        this.more = more;
    }

    /**
     * Starts {@code main} with the given arguments.
     *
     * @param more how much longer than others it may take to stop
     */
    static ChildProcess start(Class<?> main, List<String> arguments, Duration more) throws IOException {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "trap '' INT; exec \"$@\"", "sh"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // A debugger's port can be had by one process only.
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> !flag.startsWith("-agentlib:jdwp") && !flag.startsWith("-Xrunjdwp"))
                .forEach(command::add);
        command.addAll(program(main));
        command.addAll(arguments);
        command.addAll(
                List.of("--with-parent", Long.toString(ProcessHandle.current().pid())));
        Process started = new ProcessBuilder(command)
                .redirectInput(Redirect.PIPE)
                .redirectOutput(Redirect.INHERIT)
                .redirectError(Redirect.INHERIT)
                .start();
        return new ChildProcess(started, more);
    }

    /** A jar that was started as such says itself what it runs and which of the JVM's doors are open to it. */
    private static List<String> program(Class<?> main) {
        String classPath = System.getProperty("java.class.path");
        CodeSource source = main.getProtectionDomain().getCodeSource();
        boolean isJar = source != null
                && new File(classPath)
                        .toURI()
                        .toString()
                        .equals(source.getLocation().toString())
                && classPath.endsWith(".jar");
        return isJar ? List.of("-jar", classPath) : List.of("-cp", classPath, main.getName());
    }

    long pid() {
        return process.pid();
    }

    /** Waits, for {@code limit} at most; true once it has ended. */
    boolean await(Duration limit) throws InterruptedException {
        return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Its exit code, once it has ended; 128 and the signal's number if a signal ended it. */
    CompletableFuture<Integer> end() {
        return process.onExit().thenApply(Process::exitValue);
    }

    /** Asks it to stop, waits for as long as that may take, and kills it then. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!await(STOPPING.plus(more))) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
