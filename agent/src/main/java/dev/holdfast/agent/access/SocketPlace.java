// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where the socket is: {@value #NAME} in the directory {@value #DIRECTORY} of the agent's data directory, both for
 * their owner alone.
 *
 * <p>A socket's path may have some hundred bytes, and data directories may be deeper. Then it is reached through a link
 * in a directory of our own with a short name, which is there for as long as binding or connecting takes.
 */
final class SocketPlace {

    static final String DIRECTORY = "socket";

    private static final String NAME = "outbox";

    /** What macOS takes, without the zero at the end; Linux takes four more. */
    private static final int LONGEST = 103;

    /** How many that are not accepted yet. */
    private static final int BACKLOG = 64;

    private SocketPlace() {}

    /** What a path is used for. */
    @FunctionalInterface
    private interface Use {
        void of(Path path) throws IOException;
    }

    static Path in(Path data) {
        return data.resolve(DIRECTORY).resolve(NAME);
    }

    /** Listens there, in place of whatever was left of an agent that was killed. */
    static ServerSocketChannel listen(Path data) throws IOException {
        Path socket = in(data.toAbsolutePath());
        Path directory = Files.createDirectories(data.toAbsolutePath().resolve(DIRECTORY));
        narrow(directory, "rwx------");
        Files.deleteIfExists(socket);
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            // Until its own permissions are set it is those of its directory that keep others out.
            throughShort(socket, path -> channel.bind(UnixDomainSocketAddress.of(path), BACKLOG));
            narrow(socket, "rw-------");
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    static void connect(SocketChannel channel, Path data) throws IOException {
        throughShort(in(data.toAbsolutePath()), path -> channel.connect(UnixDomainSocketAddress.of(path)));
    }

    private static void throughShort(Path socket, Use use) throws IOException {
        if (fits(socket)) {
            use.of(socket);
            return;
        }
        Path place = shortPlace();
        Path link = place.resolve("d");
        try {
            Files.createSymbolicLink(link, socket.getParent());
            use.of(link.resolve(NAME));
        } finally {
            Files.deleteIfExists(link);
            Files.deleteIfExists(place);
        }
    }

    /** A new directory that only its owner may enter. */
    private static Path shortPlace() throws IOException {
        Path usual = Files.createTempDirectory("hf");
        if (fits(usual.resolve("d").resolve(NAME))) {
            return usual;
        }
        Files.delete(usual);
        return Files.createTempDirectory(Path.of("/tmp"), "hf");
    }

    private static boolean fits(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST;
    }

    private static void narrow(Path path, String permissions) throws IOException {
        if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
        }
    }
}
