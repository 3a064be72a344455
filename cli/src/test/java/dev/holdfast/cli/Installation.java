// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The launcher with what is built, in a directory of its own, so that a test of it never builds into the tree that it
 * runs in.
 */
final class Installation {

    private final Path root;

    private Installation(Path root) {
        this.root = root;
    }

    /** What a launch gave. */
    record Outcome(int exitCode, String out, String err) {}

    /** One that is up to date. */
    static Installation in(Path directory) throws IOException {
        Path sources = Path.of(System.getProperty("holdfast.root"));
        Path built = sources.resolve("cli/target");
        Path target = Files.createDirectories(directory.resolve("cli/target"));
        Files.copy(sources.resolve("holdfast"), directory.resolve("holdfast"), StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(directory.resolve("pom.xml"), "<project/>\n");
        Files.createSymbolicLink(target.resolve("lib"), built.resolve("lib"));
        try (Stream<Path> files = Files.list(built)) {
            for (Path jar : files.filter(Installation::isCommand).toList()) {
                Files.copy(jar, target.resolve(jar.getFileName()));
            }
        }
        // An empty archive of classes is one that could not be made: to make it takes longer than most tests.
        Path archive = Files.createFile(
                Files.createDirectory(target.resolve("launcher")).resolve(System.getProperty("java.version") + ".jsa"));
        // Two files of one moment are equally old.
        Files.setLastModifiedTime(archive, FileTime.from(Instant.now().plusSeconds(1)));
        return new Installation(directory);
    }

    /** The command in it. */
    Path jar() {
        return jarIn(root.resolve("cli/target"));
    }

    /** The command that was built there. */
    static Path jarIn(Path built) {
        try (Stream<Path> files = Files.list(built)) {
            return files.filter(Installation::isCommand).findFirst().orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path root() {
        return root;
    }

    /** Runs a command to its end; null for a variable's value removes it. */
    Outcome run(Map<String, String> variables, List<String> command) throws IOException, InterruptedException {
        Path out = Files.createTempFile(root, "out", ".txt");
        Path err = Files.createTempFile(root, "err", ".txt");
        Process process = start(variables, command, out, err);
        int exitCode = process.waitFor();
        return new Outcome(exitCode, text(out), text(err));
    }

    /** Starts a command with its output in two files. */
    Process start(Map<String, String> variables, List<String> command, Path out, Path err) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command))
                .directory(root.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("HOLDFAST_") || name.equals("JAVA_HOME"));
        builder.environment().putAll(variables);
        return builder.start();
    }

    /** What a file says. */
    static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isCommand(Path file) {
        return file.getFileName().toString().matches("holdfast-cli-.*\\.jar");
    }
}
