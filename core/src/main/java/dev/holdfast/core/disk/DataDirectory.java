// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A directory held by this process until {@link #close}, and the small files in it. A file that cannot be read or
 * written is an {@link UncheckedIOException} whose message names it, the reason and the remedy.
 *
 * <p>Held by a lock on the file {@value #LOCK}, which the operating system gives up when the process ends, however it
 * ends. Safe for use by any thread.
 */
public final class DataDirectory implements AutoCloseable {

    private static final String LOCK = "lock";

    /** The byte of the lock that holders exclude each other by. */
    private static final long HOLDERS = 0;

    /** The byte that a holder has too, and that those share for an instant who only look whether there is one. */
    private static final long LOOKERS = 1;

    static final String DIRECTORY = "rwx------";

    static final String FILE = "rw-------";

    /**
     * What this process holds, by real path. The operating system's lock does not tell its parts apart, and would be
     * given up for all of them as soon as one closes the file.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final Path realPath;
    private final FileChannel lock;

    private DataDirectory(Path path, Path realPath, FileChannel lock) {
        this.path = path;
        this.realPath = realPath;
        this.lock = lock;
    }

    /**
     * Makes the directory if it is not there, readable by its owner alone, and holds it.
     *
     * @throws DataDirectoryException.Held if another process holds it, or another part of this one
     * @throws DataDirectoryException if it cannot be made or written to
     */
    public static DataDirectory hold(Path path) throws DataDirectoryException {
        Path directory = path.toAbsolutePath().normalize();
        Path realPath;
        try {
            Files.createDirectories(directory, ownerOnly(DIRECTORY));
            realPath = directory.toRealPath();
        } catch (IOException e) {
            throw unusable(directory, e);
        }
        if (!HELD.add(realPath)) {
            throw heldBy(
                    directory,
                    "another part of this process (pid "
                            + ProcessHandle.current().pid() + ")");
        }
        try {
            return new DataDirectory(directory, realPath, lock(directory));
        } catch (DataDirectoryException e) {
            HELD.remove(realPath);
            throw e;
        }
    }

    /**
     * Whether some process holds the directory, whatever the files in it say: those may have been left by one that was
     * killed, or have come from elsewhere with a copy.
     *
     * @return also true if it cannot be told
     */
    @SuppressWarnings("try") // The lock is only tried for.
    public static boolean isHeld(Path path) {
        try {
            if (HELD.contains(path.toRealPath())) {
                return true;
            }
            try (FileChannel file = FileChannel.open(path.resolve(LOCK), StandardOpenOption.READ);
                    FileLock looking = file.tryLock(LOOKERS, 1, true)) {
                return looking == null;
            }
        } catch (NoSuchFileException none) {
            return false;
        } catch (IOException | OverlappingFileLockException untold) {
            return true;
        }
    }

    private static FileChannel lock(Path directory) throws DataDirectoryException {
        FileChannel lock = null;
        try {
            lock = FileChannel.open(
                    directory.resolve(LOCK),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    ownerOnly(FILE));
            if (lock.tryLock(HOLDERS, 1, false) != null) {
                // Those who only look are gone at once.
                lock.lock(LOOKERS, 1, false);
                lock.truncate(0);
                lock.write(StandardCharsets.UTF_8.encode(ProcessHandle.current().pid() + "\n"), 0);
                return lock;
            }
            String holder = readAll(lock).strip();
            lock.close();
            throw heldBy(directory, "another process" + (holder.isEmpty() ? "" : " (pid " + holder + ")"));
        } catch (IOException e) {
            throw unusable(directory, closed(lock, e));
        }
    }

    private static IOException closed(@Nullable FileChannel channel, IOException why) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            why.addSuppressed(e);
        }
        return why;
    }

    private static DataDirectoryException heldBy(Path directory, String holder) {
        return new DataDirectoryException.Held(
                "data directory " + directory + " is held by " + holder
                        + ": stop that one, or give this one a directory of its own with --data",
                holder);
    }

    /** Where it is, absolute. */
    public Path path() {
        return path;
    }

    /** The text of a file, if the file is there; what is not UTF-8 comes as U+FFFD. */
    public Optional<String> read(String name) {
        try {
            return Optional.of(new String(Files.readAllBytes(path.resolve(name)), StandardCharsets.UTF_8));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException e) {
            throw failed(path.resolve(name), "read", e);
        }
    }

    /** Puts a file in place whole, readable by its owner alone, and returns once it is on disk. */
    public void write(String name, String text) {
        Path target = path.resolve(name);
        try {
            Path draft = Files.createTempFile(path, name, ".draft", ownerOnly(FILE));
            try {
                force(draft, text);
                Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(draft);
            }
            forceDirectory();
        } catch (IOException e) {
            throw failed(target, "written", e);
        }
    }

    private static void force(Path file, String text) throws IOException {
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true);
        }
    }

    /** Gives a file another name, in place of a file of that name. */
    public void rename(String name, String to) {
        try {
            Files.move(path.resolve(name), path.resolve(to), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw failed(path.resolve(name), "renamed to " + to, e);
        }
    }

    /**
     * A file that something else is to write: made empty if it is not there, and readable by its owner alone also if
     * it was not before.
     */
    public Path claim(String name) {
        Path file = path.resolve(name);
        try {
            Files.createFile(file, ownerOnly(FILE));
        } catch (FileAlreadyExistsException there) {
            if (Files.isDirectory(file)) {
                throw failed(file, "used", new IOException("Is a directory"));
            }
            narrow(file);
        } catch (IOException e) {
            throw failed(file, "made", e);
        }
        return file;
    }

    /** A directory in it that holds nothing: made if it is not there, emptied of its files if it is. */
    public Path emptied(String name) {
        Path directory = path.resolve(name);
        try {
            Files.createDirectories(directory, ownerOnly(DIRECTORY));
            try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
                for (Path file : files) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw failed(directory, "emptied", e);
        }
        return directory;
    }

    /** Removes a file if it is there. */
    public void remove(String name) {
        try {
            Files.deleteIfExists(path.resolve(name));
        } catch (IOException e) {
            throw failed(path.resolve(name), "removed", e);
        }
    }

    /** Lets go of the directory. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw failed(path.resolve(LOCK), "closed", e);
        } finally {
            HELD.remove(realPath);
        }
    }

    private static void narrow(Path file) {
        try {
            if (isPosix()) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(FILE));
            }
        } catch (IOException e) {
            throw failed(file, "kept from being read by others", e);
        }
    }

    private static boolean isPosix() {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    }

    private void forceDirectory() throws IOException {
        try (FileChannel directory = FileChannel.open(path, StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    private static String readAll(FileChannel file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(32);
        file.read(bytes, 0);
        return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
    }

    private static DataDirectoryException unusable(Path directory, IOException e) {
        String remedy = Words.remedy(
                e, "expected: a directory that this user may create or write to; another one is given with --data");
        return new DataDirectoryException(
                "data directory " + directory + " cannot be used: " + Words.reason(e) + " (" + remedy + ")", e);
    }

    private static UncheckedIOException failed(Path file, String what, IOException e) {
        String remedy = Words.remedy(
                e,
                "expected: what this user may read and write; move it away or mend its permissions, or give another"
                        + " directory with --data");
        return new UncheckedIOException(file + " cannot be " + what + ": " + Words.reason(e) + " (" + remedy + ")", e);
    }

    static FileAttribute<?>[] ownerOnly(String permissions) {
        if (!isPosix()) {
            return new FileAttribute<?>[0];
        }
        return new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        };
    }
}
