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
 * @param started when it did, which tells it from one before that had the same pid
 */
public record ServerFile(long pid, String listen, String admin, String started) {

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
            ServerFile found = new ServerFile(
                    file.path("pid").asLong(0),
                    file.path("listen").asString(""),
                    file.path("admin").asString(""),
                    file.path("started").asString(""));
            if (found.pid() < 1 || !isAddress(found.listen()) || !isAddress(found.admin())) {
                throw unreadable(path, "it names no pid or no addresses");
            }
            return Optional.of(found);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (JacksonException e) {
            throw unreadable(path, "it is not JSON");
        } catch (IOException e) {
            throw unreadable(path, String.valueOf(e));
        }
    }

    private static boolean isAddress(String text) {
        return text.matches(".+:[0-9]{1,5}");
    }

    private static CommandException unreadable(Path path, String why) {
        return new CommandException(
                ExitCode.FAILED,
                path + " cannot be used: " + why + " (expected: what a running server writes there; start the server"
                        + " again and it is written anew)");
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
