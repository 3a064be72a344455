// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A directory of the file system. What is made in it is for its owner alone.
 *
 * <p>A thread that is interrupted while it writes or forces a file closes it, as channels of the JDK do: only threads
 * that nobody interrupts may write. Any thread may read what it {@linkplain #openToRead opened to read}.
 */
public final class SystemDisk implements Disk {

    private static final Set<StandardOpenOption> READ_WRITE =
            EnumSet.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);

    /** The JDK keeps memory of its own for each thread, as large as the largest piece that was read or written. */
    private static final int PIECE = 256 << 10;

    private final Path directory;

    private SystemDisk(Path directory) {
        this.directory = directory;
    }

    /**
     * Makes the directory if it is not there, so that it is there after a power loss.
     *
     * @throws IOException if it cannot be made
     */
    public static SystemDisk of(Path directory) throws IOException {
        make(directory.toAbsolutePath().normalize());
        return new SystemDisk(directory);
    }

    private static void make(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Path parent = directory.getParent();
            if (parent != null) {
                make(parent);
            }
            Files.createDirectories(directory, DataDirectory.ownerOnly(DataDirectory.DIRECTORY));
            if (parent != null) {
                sync(parent);
            }
        }
    }

    @Override
    public List<String> names() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, Files::isRegularFile)) {
            files.forEach(file -> names.add(file.getFileName().toString()));
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return names;
    }

    @Override
    public DiskFile open(String name) throws IOException {
        return new Opened(
                FileChannel.open(directory.resolve(name), READ_WRITE, DataDirectory.ownerOnly(DataDirectory.FILE)));
    }

    @Override
    public DiskFile openToRead(String name) throws IOException {
        return new ReadFile(directory.resolve(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Files.move(directory.resolve(from), directory.resolve(to), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(String name) throws IOException {
        Files.deleteIfExists(directory.resolve(name));
    }

    @Override
    public void sync() throws IOException {
        sync(directory);
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public String toString() {
        return directory.toString();
    }

    static int read(FileChannel channel, ByteBuffer into, long position) throws IOException {
        int limit = into.limit();
        int read = 0;
        try {
            while (into.position() < limit) {
                int more = channel.read(into.limit(pieceEnd(into, limit)), position + read);
                if (more < 0) {
                    break;
                }
                read += more;
            }
        } finally {
            into.limit(limit);
        }
        return read;
    }

    private static int pieceEnd(ByteBuffer buffer, int limit) {
        return buffer.isDirect() ? limit : Math.min(limit, buffer.position() + PIECE);
    }

    private record Opened(FileChannel channel) implements DiskFile {

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            return SystemDisk.read(channel, into, position);
        }

        @Override
        public void write(ByteBuffer from, long position) throws IOException {
            int limit = from.limit();
            long at = position;
            try {
                while (from.position() < limit) {
                    at += channel.write(from.limit(pieceEnd(from, limit)), at);
                }
            } finally {
                from.limit(limit);
            }
        }

        @Override
        public void force() throws IOException {
            channel.force(false);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
