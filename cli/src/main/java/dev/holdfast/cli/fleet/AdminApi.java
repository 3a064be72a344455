// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.Columns;
import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.Invocation;
import dev.holdfast.cli.command.ServerFile;
import dev.holdfast.core.disk.DataDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** What a server answers to the operator who can read its data directory. */
final class AdminApi {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(30);
    private static final int MOST_TOLD = 64 << 10;

    private final Path directory;
    private final ServerFile server;
    private final String token;

    private AdminApi(Path directory, ServerFile server, String token) {
        this.directory = directory;
        this.server = server;
        this.token = token;
    }

    /** The server whose data directory is {@code data}, or the directory {@code server} in it. */
    static AdminApi of(Path data) throws CommandException {
        for (Path directory : new Path[] {data, data.resolve("server")}) {
            Optional<ServerFile> server = ServerFile.find(directory);
            if (server.isPresent()) {
                return new AdminApi(directory, server.get(), token(directory));
            }
        }
        throw new CommandException(
                ExitCode.UNREACHABLE,
                "no server runs with " + data + ": there is no " + ServerFile.NAME + " in it or in "
                        + data.resolve("server") + "; start one with `" + Invocation.name()
                        + " up`, or name its directory with --data");
    }

    /** What there was at a path: its JSON text, and headers by name. */
    record Answer(String body, Function<String, @Nullable String> headers) {

        /** What a header has that every answer there has. */
        String header(String name) throws CommandException {
            String value = headers.apply(name);
            if (value == null) {
                throw new CommandException(
                        ExitCode.FAILED, "the server answered without " + name + " (expected: one that sends events)");
            }
            return value;
        }
    }

    /** The JSON text at {@code path}. */
    String get(String path) throws CommandException {
        return ask(path).body();
    }

    /** What is at {@code path}. A server that cannot tell now counts as one that cannot be reached. */
    Answer ask(String path) throws CommandException {
        String address = ServerFile.dialable(server.admin());
        if (!runs()) {
            // Whoever has its address by now is not to be shown the token.
            throw new CommandException(ExitCode.UNREACHABLE, silence(address, "it was not asked"));
        }
        try {
            HttpURLConnection connection = (HttpURLConnection)
                    URI.create("http://" + address + path).toURL().openConnection(Proxy.NO_PROXY);
            connection.setConnectTimeout((int) CONNECT_TIMEOUT.toMillis());
            connection.setReadTimeout((int) READ_TIMEOUT.toMillis());
            connection.setInstanceFollowRedirects(false);
            connection.setRequestProperty("Authorization", "Bearer " + token);
            int status = connection.getResponseCode();
            if (status != HttpURLConnection.HTTP_OK) {
                int exitCode = status == HttpURLConnection.HTTP_UNAVAILABLE ? ExitCode.UNREACHABLE : ExitCode.FAILED;
                throw new CommandException(exitCode, refusal(path, address, status) + told(connection));
            }
            try (InputStream body = connection.getInputStream()) {
                return new Answer(new String(body.readAllBytes(), StandardCharsets.UTF_8), connection::getHeaderField);
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandException(ExitCode.UNREACHABLE, silence(address, String.valueOf(e.getMessage())));
        }
    }

    /** What the server says is wrong, if it is ours. */
    private static String told(HttpURLConnection connection) throws IOException {
        try (InputStream body = connection.getErrorStream()) {
            if (body == null) {
                return "";
            }
            String error = JsonMapper.shared()
                    .readTree(body.readNBytes(MOST_TOLD))
                    .path("error")
                    .asString("");
            return error.isEmpty() || connection.getResponseCode() == HttpURLConnection.HTTP_UNAUTHORIZED
                    ? ""
                    : ": " + Columns.printable(error);
        } catch (JacksonException notJson) {
            return "";
        }
    }

    private String refusal(String path, String address, int status) {
        String why = status == HttpURLConnection.HTTP_UNAUTHORIZED
                ? "; the token in " + directory + " is not that server's: another one listens there now"
                : "";
        return "http://" + address + path + " answered " + status + " (expected: 200)" + why;
    }

    /** The pid alone says little: it may be another's by now, or the files may be a copy of some server's. */
    private boolean runs() {
        return DataDirectory.isHeld(directory) && ProcessHandle.of(server.pid()).isPresent();
    }

    private String silence(String address, String why) {
        String process = "process " + server.pid() + ", which started it, "
                + (runs() ? "still runs" : "runs no more or never ran with this directory");
        return "the server of " + directory + " cannot be reached at " + address + ": " + why + " (" + process
                + "); start it with `" + Invocation.restart(directory, server, null) + "`";
    }

    private static String token(Path directory) throws CommandException {
        Path path = directory.resolve("admin.token");
        try {
            return Files.readString(path).strip();
        } catch (IOException e) {
            throw new CommandException(
                    ExitCode.FAILED,
                    path + " cannot be read: " + (e instanceof NoSuchFileException ? "it is not there" : e)
                            + " (expected: the token that the server wrote there, readable by its owner alone)");
        }
    }
}
