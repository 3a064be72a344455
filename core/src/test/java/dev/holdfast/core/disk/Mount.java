// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A file system of its own, mounted for a test: a small one in memory, or one in a file that can lose power. That needs
 * Linux, root, and the right to mount; elsewhere the test is skipped, with the reason. For use by one thread; to be
 * closed, which takes it away again.
 */
public final class Mount implements AutoCloseable {

    private final Path directory;
    private final List<String> command;
    private boolean isMounted;
    private @Nullable Process shutdown;
    private @Nullable BufferedReader answers;

    private Mount(Path directory, List<String> command) throws IOException {
        this.directory = directory;
        this.command = command;
        mount();
    }

    /** In memory, with so much room. */
    public static Mount tmpfs(Path temp, int kib) throws IOException {
        Path directory = Files.createDirectory(temp.resolve("tmpfs"));
        return new Mount(directory, List.of("mount", "-t", "tmpfs", "-o", "size=" + kib + "k", "holdfast-test"));
    }

    /** In a file of so many MiB in the directory given. */
    public static Mount ext4(Path temp, int mib) throws IOException {
        Path image = temp.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mib << 20);
        }
        skipUnlessDone(run(List.of("mkfs.ext4", "-q", image.toString())));
        Path directory = Files.createDirectory(temp.resolve("ext4"));
        return new Mount(directory, List.of("mount", "-t", "ext4", "-o", "loop,errors=remount-ro", image.toString()));
    }

    /** Where its files are. */
    public Path directory() {
        return directory;
    }

    /** Mounts it once more after it was taken away. */
    public void mount() throws IOException {
        skipUnlessDone(run(
                Stream.concat(command.stream(), Stream.of(directory.toString())).toList()));
        isMounted = true;
    }

    /** Lets nothing be written, or lets it again. Nothing in it may be open for writing. */
    public void remount(boolean isReadOnly) throws IOException {
        requireDone(run(List.of("mount", "-o", "remount," + (isReadOnly ? "ro" : "rw"), directory.toString())));
    }

    /**
     * Lets the system find an error in one that is in a file: from then on nothing can be written, whatever is open,
     * until it is taken away and mounted again.
     */
    public void turnReadOnly() throws IOException {
        // Nothing but what was mounted here may ever be told so.
        String device = Files.readAllLines(Path.of("/proc/mounts")).stream()
                .map(line -> line.split(" "))
                .filter(words -> words[0].startsWith("/dev/loop") && words[1].equals(directory.toString()))
                .map(words -> Path.of(words[0]).getFileName().toString())
                .findFirst()
                .orElseThrow(() -> new IOException(directory + " is not on a loop device"));
        Path trigger = Path.of("/sys/fs/ext4", device, "trigger_fs_error");
        assumeTrue(Files.isWritable(trigger), "this system does not let errors be found: no " + trigger);
        Files.writeString(trigger, "1", StandardOpenOption.WRITE);
    }

    /** Gets ready to lose power, so that it can be lost at once. */
    public void prepareShutdown() throws IOException {
        Path source = directory.resolveSibling("Shutdown.java");
        try (InputStream in = Mount.class.getResourceAsStream("Shutdown.java")) {
            Files.copy(Objects.requireNonNull(in), source, StandardCopyOption.REPLACE_EXISTING);
        }
        assumeTrue(Runtime.version().feature() >= 22, "a power loss needs a JDK of 22 or later");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        source.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        shutdown = process;
        BufferedReader reader = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        answers = reader;
        String answer = reader.readLine();
        assumeTrue("ready".equals(answer), "ioctl cannot be called here");
    }

    /** Loses what was not forced. Nothing can be read or written any more until it is taken away and mounted again. */
    public void losePower() throws IOException {
        Process process = Objects.requireNonNull(shutdown, "expected: prepareShutdown() before");
        process.getOutputStream().write((directory + "\n").getBytes(UTF_8));
        process.getOutputStream().flush();
        String answer = Objects.requireNonNull(answers).readLine();
        assumeTrue("0".equals(answer), "the file system cannot be shut down: " + answer);
    }

    /** Takes it away. Nothing in it may be open. */
    public void unmount() throws IOException {
        requireDone(run(List.of("umount", directory.toString())));
        isMounted = false;
    }

    @Override
    public void close() throws IOException {
        if (shutdown != null) {
            shutdown.destroyForcibly();
        }
        if (isMounted) {
            // At once from here, and for good when the last file in it is closed.
            requireDone(run(List.of("umount", "--lazy", directory.toString())));
            isMounted = false;
        }
    }

    /** What it said if it failed, or nothing. */
    private static String run(List<String> command) throws IOException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), UTF_8).trim();
            return process.waitFor() == 0 ? "" : String.join(" ", command) + ": " + said;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(String.join(" ", command));
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static void skipUnlessDone(String failure) {
        assumeTrue(failure.isEmpty(), "no file system of its own can be had here: " + failure);
    }

    private static void requireDone(String failure) throws IOException {
        if (!failure.isEmpty()) {
            throw new IOException(failure);
        }
    }
}
