// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a running server says of itself in its data directory.
 *
 * @param pid its process
 * @param listen where agents connect, as {@code HOST:PORT}
 * @param admin where operators connect, as {@code HOST:PORT}
 */
public record ServerFile(long pid, String listen, String admin) {

    /** Its name in the data directory. */
    public static final String NAME = "server.json";

    /**
     * The one in {@code directory}, if there is one.
     *
     * @throws CommandException if there is one that cannot be read
     */
    public static Optional<ServerFile> find(Path directory) throws CommandException {
        Path path = directory.resolve(NAME);
        try {
            JsonNode file = JsonMapper.shared().readTree(Files.readString(path));
            return Optional.of(new ServerFile(
                    file.path("pid").asLong(0),
                    file.path("listen").asString(""),
                    file.path("admin").asString("")));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException | JacksonException e) {
            throw new CommandException(
                    ExitCode.FAILED,
                    path + " cannot be read: " + e.getMessage() + " (expected: what a running server writes there)");
        }
    }

    /** An address that can be dialled from here, where the server listens on every address of the machine. */
    public static String dialable(String address) {
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, Math.max(colon, 0)).replaceAll("[\\[\\]]", "");
        boolean everywhere =
                host.equals("0.0.0.0") || host.replaceAll("[0:]", "").isEmpty();
        return everywhere ? "127.0.0.1" + address.substring(Math.max(colon, 0)) : address;
    }
}
