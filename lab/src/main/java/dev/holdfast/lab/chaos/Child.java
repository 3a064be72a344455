// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One process that was started here. */
final class Child {

    private static final Pattern PEAK = Pattern.compile("(?m)^VmHWM:\\s+([0-9]+) kB$");

    private static final Pattern RESIDENT = Pattern.compile("(?m)^VmRSS:\\s+([0-9]+) kB$");
    private static final Pattern THREADS = Pattern.compile("(?m)^Threads:\\s+([0-9]+)$");

    private final Process process;

    Child(Process process) {
        this.process = process;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** What a process that has ended said at its end; 128 and the signal's number if a signal ended it. */
    int exitCode() {
        return process.exitValue();
    }

    /** Waits; true once it has ended. */
    boolean await(Duration most) throws InterruptedException {
        return process.waitFor(most.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** SIGKILL, and waits for the end, which nothing can hold up. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** SIGSTOP: nothing of it runs until {@link #resume}. */
    void stop() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** SIGCONT. */
    void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        // The shell's own kill is there even where no other is.
        if (process.isAlive()) {
            new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                    .redirectError(Redirect.DISCARD)
                    .redirectOutput(Redirect.DISCARD)
                    .start()
                    .waitFor();
        }
    }

    /** What it takes up now; all zero where the system does not tell. */
    Vitals vitals() {
        Path own = Path.of("/proc", Long.toString(process.pid()));
        try (Stream<Path> descriptors = Files.list(own.resolve("fd"))) {
            String status = Files.readString(own.resolve("status"));
            return new Vitals(number(RESIDENT, status), number(THREADS, status), descriptors.count());
        } catch (IOException e) {
            // It has ended, or this is not Linux.
            return new Vitals(0, 0, 0);
        }
    }

    private static long number(Pattern field, String status) {
        return field.matcher(status)
                .results()
                .map((MatchResult found) -> found.group(1))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(0);
    }

    /** The most memory that it has had so far, in KiB; 0 where the system does not tell. */
    long peakKib() {
        try {
            return PEAK.matcher(Files.readString(Path.of("/proc", Long.toString(process.pid()), "status")))
                    .results()
                    .map((MatchResult found) -> found.group(1))
                    .mapToLong(Long::parseLong)
                    .max()
                    .orElse(0);
        } catch (IOException e) {
            // It has ended, or this is not Linux.
            return 0;
        }
    }
}
