// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The archive of classes that the launcher makes, where it looks for it. Tests start more than a hundred processes,
 * agents among them, and so make it before the first.
 */
final class StartArchive {

    private static final Path BUILT = Path.of(System.getProperty("holdfast.root"), "cli/target");
    private static final Path ARCHIVE = BUILT.resolve("launcher").resolve(System.getProperty("java.version") + ".jsa");

    private static final List<String> JAVA = List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            // What runs for seconds does not repay what is compiled early, a quarter of an agent's start.
            "-XX:CompileThresholdScaling=4");

    private static final List<String> COMMAND = ready();

    private StartArchive() {}

    /** Java, with flags that are good for a process that lives for seconds. */
    static List<String> java() {
        return JAVA;
    }

    /** The command, with the same. */
    static List<String> command() {
        return COMMAND;
    }

    /** Has it made, for commands that are started by the launcher; loading this class is what does. */
    static void require() {}

    private static List<String> ready() {
        Path jar = Installation.jarIn(BUILT);
        List<String> command = new ArrayList<>(JAVA);
        if (Runtime.version().feature() >= 25) {
            command.add("-XX:+UseCompactObjectHeaders");
        }
        command.add("-Xlog:disable");
        try {
            make(jar, command);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        command.addAll(List.of("-XX:SharedArchiveFile=" + ARCHIVE, "-jar", jar.toString()));
        return List.copyOf(command);
    }

    /** By one of the JVMs that the tests are shared out among; the others wait for it. */
    private static void make(Path jar, List<String> java) throws IOException, InterruptedException {
        Files.createDirectories(ARCHIVE.getParent());
        try (FileChannel lock = FileChannel.open(BUILT.resolve("start-archive.lock"), CREATE, WRITE)) {
            var unused = lock.lock();
            if (Files.exists(ARCHIVE) && isNewerThan(ARCHIVE, jar)) {
                return;
            }
            Path data = Files.createTempDirectory(BUILT, "training");
            Path draft = data.resolve("archive");
            List<String> command = new ArrayList<>(java);
            command.addAll(List.of("-XX:ArchiveClassesAtExit=" + draft, "-cp", jar.toString()));
            command.addAll(List.of(TrainingRun.class.getName(), data.toString()));
            Path log = data.resolve("log");
            Process run = new ProcessBuilder(command)
                    .redirectInput(Redirect.from(new File("/dev/null")))
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            if (!run.waitFor(RunningCommand.PATIENCE.toSeconds(), TimeUnit.SECONDS) || run.exitValue() != 0) {
                run.destroyForcibly();
                throw new AssertionError("the training run failed:\n" + Files.readString(log));
            }
            Files.move(draft, ARCHIVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static boolean isNewerThan(Path archive, Path jar) throws IOException {
        try (Stream<Path> libraries = Files.list(BUILT.resolve("lib"))) {
            for (Path file : Stream.concat(Stream.of(jar), libraries).toList()) {
                if (Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(archive)) >= 0) {
                    return false;
                }
            }
        }
        return true;
    }
}
