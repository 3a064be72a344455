// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import dev.holdfast.cli.TroubleshootingIT.Trouble;
import dev.holdfast.core.disk.DataDirectory;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What can go wrong with a command, in settings and directories. */
final class CommandTroubles {

    static final Map<String, Trouble> CASES = Map.ofEntries(
            entry("config-value", (dir, line) -> severalFaults(dir)),
            entry("config-key", (dir, line) -> settings(dir, "reconect.max_delay: 3s\n")),
            entry("config-variable", CommandTroubles::variable),
            entry("config-file", (dir, line) -> server(dir, "--config", "none.yaml")),
            entry("config-syntax", (dir, line) -> settings(dir, "a: [1\n")),
            entry("listen-unknown", (dir, line) -> server(dir, "--listen", "nowhere.invalid:1")),
            entry("agent-port-taken", (dir, line) -> portTaken(dir, "--listen")),
            entry("admin-port-taken", (dir, line) -> portTaken(dir, "--admin")),
            entry("port-elsewhere", (dir, line) -> server(dir, "--listen", "192.0.2.1:4320")),
            entry("data-in-the-way", CommandTroubles::fileInTheWay),
            entry("data-forbidden", CommandTroubles::forbidden),
            entry("data-read-only", (dir, line) -> mounted(dir, "ro", CommandTroubles::start)),
            entry("data-full", CommandTroubles::full),
            entry("data-held", CommandTroubles::held),
            entry("token-short", CommandTroubles::shortToken),
            entry("uid-unreadable", CommandTroubles::uidUnreadable),
            entry("fleet-nobody", (dir, line) -> run(dir, "fleet", "list", "--data", dir.toString())),
            entry("fleet-gone", CommandTroubles::copied),
            entry("fleet-file", CommandTroubles::strangeFile),
            entry("fleet-token", (dir, line) -> asked(dir, 401, "list")),
            entry("fleet-no-agent", (dir, line) -> asked(dir, 200, "show", "nobody")));

    private CommandTroubles() {}

    /** What is done with a directory that is special in some way. */
    @FunctionalInterface
    interface Use {
        Told of(Path directory) throws Exception;
    }

    static Told run(Path home, String... arguments) {
        return Told.by(Map.of(), home, arguments);
    }

    /** A server on free ports, unless told otherwise. */
    static Told server(Path directory, String... more) {
        return run(directory, serverArguments(directory.resolve("server"), more));
    }

    static String[] serverArguments(Path data, String... more) {
        List<String> given = Arrays.asList(more);
        List<String> arguments = new ArrayList<>(List.of("server", "--data", data.toString()));
        for (String port : List.of("--listen", "--admin")) {
            if (!given.contains(port)) {
                arguments.addAll(List.of(port, "127.0.0.1:0"));
            }
        }
        arguments.addAll(given);
        return arguments.toArray(String[]::new);
    }

    static Told start(Path data) {
        Told told = run(data, serverArguments(data));
        assertThat(run(data, "agent", "--data", data.toString()))
                .as("the same for an agent")
                .isEqualTo(told);
        return told;
    }

    /** Has a small file system for the time of its use. */
    static Told mounted(Path directory, String options, Use use) throws Exception {
        Path place = Files.createDirectory(directory.resolve("mounted"));
        assumeTrue(
                exitCode("mount", "-t", "tmpfs", "-o", "mode=0700," + options, "tmpfs", place.toString()) == 0,
                "this user may not mount a file system");
        try {
            return use.of(place);
        } finally {
            assertThat(exitCode("umount", "-l", place.toString())).isZero();
        }
    }

    /** Fills a file system to its last byte, whatever somebody else writes to it or frees meanwhile. */
    static Path fill(Path directory) throws IOException {
        Path filling = directory.resolve("filling");
        try (OutputStream file = Files.newOutputStream(filling)) {
            byte[] page = new byte[4096];
            assertThatIOException()
                    .isThrownBy(() -> {
                        while (true) {
                            file.write(page);
                        }
                    })
                    .withMessageContaining("No space left on device");
        }
        return filling;
    }

    private static int exitCode(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException notInstalled) {
            return -1;
        }
    }

    private static Told settings(Path directory, String yaml) throws IOException {
        Path file = Files.writeString(directory.resolve("settings.yaml"), yaml);
        return run(directory, "config", "check", file.toString());
    }

    private static Told severalFaults(Path directory) throws IOException {
        Told told = settings(directory, "listen: x\nping.interval: -3s\nreconnect.jitter: 7\n");
        assertThat(told.lines()).as("every fault, not the first alone").hasSize(3);
        return told;
    }

    private static Told variable(Path directory, Pattern line) {
        return Told.by(
                Map.of("HOLDFAST_RECONECT_MAX_DELAY", "3s"), directory, serverArguments(directory.resolve("server")));
    }

    private static Told portTaken(Path directory, String flag) throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return server(directory, flag, "127.0.0.1:" + taken.getLocalPort());
        }
    }

    private static Told fileInTheWay(Path directory, Pattern line) throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "kept");
        assertThat(start(file).lines()).singleElement().asString().contains("a file is where a directory should be");
        Told told = start(file.resolve("below"));
        assertThat(file).hasContent("kept");
        return told;
    }

    /** A user who may do everything is no good for this: then it is played by one who may not. */
    private static Told forbidden(Path directory, Pattern line) throws Exception {
        Path closed = Files.createDirectory(directory.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
        Path data = closed.resolve("data");
        if (!System.getProperty("user.name").equals("root")) {
            return start(data);
        }
        Installation installation = Installation.in(Files.createTempDirectory("holdfast"));
        Path root = installation.root();
        try {
            exitCode("chmod", "-R", "a+rX", root.toString());
            List<String> nobody = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--");
            String java =
                    Path.of(System.getProperty("java.home"), "bin", "java").toString();
            List<String> main = List.of(
                    java, "-XX:TieredStopAtLevel=1", "-cp", installation.jar().toString(), Main.class.getName());
            assumeTrue(
                    exitCode(words(nobody, main, List.of("--version"))) == 0,
                    "no setpriv, or another user may not read what is built");
            Path out = root.resolve("out");
            Path err = root.resolve("err");
            Process process = installation.start(
                    Map.of(), List.of(words(nobody, main, List.of(serverArguments(data)))), out, err);
            int exitCode = process.waitFor();
            return new Told(
                    exitCode,
                    (Installation.text(out) + Installation.text(err)).lines().toList());
        } finally {
            exitCode("rm", "-r", root.toString());
        }
    }

    private static String[] words(List<String> first, List<String> second, List<String> third) {
        return Stream.of(first, second, third).flatMap(List::stream).toArray(String[]::new);
    }

    private static Told full(Path directory, Pattern line) throws Exception {
        return mounted(directory, "size=256k", place -> {
            Path data = Files.createDirectory(place.resolve("data"));
            Path kept = Files.writeString(data.resolve("fleet.db"), "kept");
            fill(place);
            Told told = start(data);
            assertThat(kept).hasContent("kept");
            try (var files = Files.list(data)) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .as("no drafts")
                        .containsExactlyInAnyOrder("fleet.db", "lock");
            }
            return told;
        });
    }

    private static Told held(Path directory, Pattern line) throws Exception {
        try (DataDirectory data = DataDirectory.hold(directory.resolve("data"))) {
            return start(data.path());
        }
    }

    private static Told shortToken(Path directory, Pattern line) throws IOException {
        Files.writeString(Files.createDirectory(directory.resolve("server")).resolve("admin.token"), "guess");
        return server(directory);
    }

    private static Told uidUnreadable(Path directory, Pattern line) throws IOException {
        Files.createDirectories(directory.resolve("agent/instance_uid"));
        return run(directory, "agent", "--data", directory.resolve("agent").toString());
    }

    private static Told copied(Path directory, Pattern line) throws IOException {
        describe(directory, 9);
        return run(directory, "fleet", "list", "--data", directory.toString());
    }

    private static Told strangeFile(Path directory, Pattern line) throws IOException {
        Files.writeString(directory.resolve("server.json"), "<html>\n</html>\n");
        return run(directory, "fleet", "list", "--data", directory.toString());
    }

    private static Told asked(Path directory, int status, String... words) throws Exception {
        HttpServer api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        api.createContext("/", exchange -> {
            exchange.sendResponseHeaders(status, 2);
            exchange.getResponseBody().write("[]".getBytes(StandardCharsets.UTF_8));
            exchange.close();
        });
        api.start();
        try (DataDirectory data = DataDirectory.hold(directory)) {
            describe(data.path(), api.getAddress().getPort());
            return run(directory, words(List.of("fleet"), List.of(words), List.of("--data", directory.toString())));
        } finally {
            api.stop(0);
        }
    }

    /** As a server would that runs in this process. */
    private static void describe(Path data, int adminPort) throws IOException {
        Files.writeString(data.resolve("admin.token"), "t\n");
        Files.writeString(
                data.resolve("server.json"),
                "{\"pid\":" + ProcessHandle.current().pid() + ",\"listen\":\"127.0.0.1:9\",\"admin\":\"127.0.0.1:"
                        + adminPort + "\"}");
    }
}
