// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.DataDirectoryException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {

    /** A pid above the largest that Linux gives. */
    private static final long GONE = 4_194_999;

    private static final String ONE =
            "{\"instance_uid\":\"0199aa\",\"host\":\"box\",\"attached\":true,\"registrations\":1,"
                    + "\"rejoins\":2,\"last_seen\":\"2026-01-01T00:00:00Z\"}";

    private static final String WHOLE = "{\"instance_uid\":\"0199aa\",\"host\":\"box\","
            + "\"description\":{\"identifying\":{\"service.name\":\"x\"},\"non_identifying\":{\"os.type\":\"linux\"}},"
            + "\"status\":{\"load\":{\"1m\":0.5}},\"status_at\":\"2026-01-01T00:00:09.5Z\",\"capabilities\":[\"A\",\"B\"]}";

    private static final String TWO = "{\"instance_uid\":\"0199bb\",\"host\":\"other\",\"attached\":false}";

    @TempDir
    Path directory;

    /** As a server that runs holds it. */
    private @Nullable DataDirectory held;

    /** What the server that is {@linkplain #serve served} was asked, after the question mark. */
    private final List<String> queries = new CopyOnWriteArrayList<>();

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void helpNamesTheExitCodes() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .contains("0   done", "3   another process holds the data directory", "4   the other side");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "up",
                "server",
                "agent",
                "fleet",
                "fleet list",
                "fleet show",
                "fleet events",
                "fleet drops",
                "config",
                "config check",
                "config defaults",
                "config explain",
                "outbox",
                "outbox append",
                "outbox list",
                "outbox show",
                "outbox dead",
                "outbox dead list",
                "outbox dead show",
                "outbox replay",
                "outbox purge",
                "outbox stats",
                "outbox verify",
                "outbox repair"
            })
    void everyCommandHasHelp(String command) {
        List<String> words = new ArrayList<>(List.of(command.split(" ")));
        words.add("--help");
        assertThat(run(words.toArray(String[]::new))).isZero();
        assertThat(out.toString()).startsWith("Usage: holdfast " + command);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void versionIsThatOfTheBuild() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString().strip()).matches("holdfast \\d+\\.\\d+.*");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "flet list",
                "fleet",
                "config",
                "outbox",
                "outbox lst",
                "fleet list --format xml",
                "fleet list --label site",
                "fleet events",
                "fleet events a --since yesterday",
                "fleet drops a --limit 0",
                "server --port 1"
            })
    void wrongUsageIsTwo(String line) {
        assertThat(run(line.isEmpty() ? new String[0] : line.split(" "))).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).isNotBlank().doesNotContain("\tat ");
    }

    @Test
    void aFaultyConfigurationIsTwoAndOpensNothing() {
        Path data = directory.resolve("data");

        assertThat(run("server", "--data", data.toString(), "--listen", "x", "--admin", "y"))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .containsExactly(
                        "listen: x (expected: HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:4320), in flag --listen",
                        "admin: y (expected: HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:4320), in flag --admin");
        assertThat(data).doesNotExist();
        assertThat(run("agent", "--data", data.toString(), "--label", "x", "--log-format", "xml"))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("in flag --label", "log.format: xml (expected: text or json), in flag --log-format");
        assertThat(run("up", "--data", data.toString(), "--config", "none.yaml"))
                .isEqualTo(2);
        assertThat(data).doesNotExist();
    }

    @Test
    void configCheckIsZeroOrTwo() throws IOException {
        Path good = Files.writeString(directory.resolve("good.yaml"), "ping.interval: 1s\n");
        Path bad = Files.writeString(directory.resolve("bad.yaml"), "ping.interval: 1\nlisten: 2\n");

        assertThat(run("config", "check", good.toString())).isZero();
        assertThat(err.toString()).isEmpty();
        assertThat(run("config", "check", bad.toString())).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(2);
    }

    @Test
    void configDefaultsOfARoleAreItsAlone() {
        assertThat(run("config", "defaults", "--role", "server")).isZero();
        assertThat(out.toString()).contains("\nlisten: 127.0.0.1:4320\n").doesNotContain("reconnect");
    }

    @Test
    void configExplainTellsProgramsToo() {
        assertThat(run("config", "explain", "reconnect.max_delay", "--format", "json"))
                .isZero();
        assertThat(out.toString())
                .startsWith("[{\"role\":\"agent\",\"key\":\"reconnect.max_delay\",")
                .contains("\"variables\":[\"HOLDFAST_AGENT_RECONNECT_MAX_DELAY\",\"HOLDFAST_RECONNECT_MAX_DELAY\"]")
                .contains("\"aliases\":[\"pipeops.reconnect.max_delay\"]", "\"value\":\"15s\",\"from\":\"by default\"");
    }

    @Test
    void noServerIsFour() {
        assertThat(run("fleet", "list", "--data", directory.toString())).isEqualTo(4);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString())
                .contains("no server runs with " + directory, "up`")
                .hasLineCount(1);
    }

    @Test
    void aServerThatIsGoneIsFourAndSaysHowToStartItAgain() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        describe(GONE, free, "t");

        assertThat(run("fleet", "list", "--data", directory.toString())).isEqualTo(4);
        assertThat(err.toString())
                .contains("cannot be reached at 127.0.0.1:" + free, "server --data ", "--listen 127.0.0.1:1 --admin")
                .hasLineCount(1);
    }

    @Test
    void whoeverHasTheAddressOfAServerThatIsGoneIsNotShownTheToken() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        HttpServer other = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        other.createContext("/", exchange -> {
            asked.incrementAndGet();
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        other.start();
        try {
            describe(GONE, other.getAddress().getPort(), "t");

            assertThat(run("fleet", "list", "--data", directory.toString())).isEqualTo(4);
            assertThat(err.toString())
                    .contains("process " + GONE + ", which started it, runs no more", "start it with `")
                    .hasLineCount(1);
            assertThat(asked).hasValue(0);
        } finally {
            other.stop(0);
        }
    }

    @Test
    void aCopyOfTheDirectoryOfAServerThatRunsIsNotTakenForIt() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        HttpServer elsewhere = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        elsewhere.createContext("/", exchange -> {
            asked.incrementAndGet();
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        elsewhere.start();
        try {
            describe(ProcessHandle.current().pid(), elsewhere.getAddress().getPort(), "t");
            Files.writeString(
                    directory.resolve("server/lock"), ProcessHandle.current().pid() + "\n");

            assertThat(run("fleet", "list", "--data", directory.toString())).isEqualTo(4);
            assertThat(err.toString())
                    .contains("runs no more or never ran with this directory", "start it with `")
                    .hasLineCount(1);
            assertThat(asked).hasValue(0);
        } finally {
            elsewhere.stop(0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "{}", "{\"pid\":7,\"listen\":\"127.0.0.1:1\"}", "[1,", "\n\n"})
    void whatIsNoDescriptionOfAServerIsNamedInOneLine(String text) throws IOException {
        describe(1, 1, "t");
        Files.writeString(directory.resolve("server/server.json"), text);

        assertThat(run("fleet", "list", "--data", directory.toString())).isEqualTo(1);
        assertThat(err.toString())
                .startsWith(directory.resolve("server/server.json") + " cannot be used: it ")
                .contains("start the server again")
                .hasLineCount(1);
    }

    @Test
    void aFleetIsListedAsTextAndVerbatimAsJson() throws IOException {
        HttpServer server = serve("t");
        try {
            assertThat(run("fleet", "list", "--data", directory.toString())).isZero();
            assertThat(out.toString()).contains("0199aa", "box", "2 agents, 1 attached");
            assertThat(run("fleet", "list", "--data", directory.toString(), "--format", "json"))
                    .isZero();
            assertThat(out.toString().strip()).isEqualTo("[" + ONE + "," + TWO + "]");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aFleetIsAskedForThoseThatHaveAllLabels() throws IOException {
        HttpServer server = serve("t");
        try {
            assertThat(run("fleet", "list", "--data", directory.toString(), "--label", "a=b&c", "--label", "d="))
                    .isZero();
            assertThat(queries).containsExactly("label=a%3Db%26c&label=d%3D");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void anAgentIsShownByUidPrefixAndHost() throws IOException {
        HttpServer server = serve("t");
        try {
            for (String name : List.of("0199aa", "0199a", "BOX")) {
                assertThat(run("fleet", "show", name, "--data", directory.toString()))
                        .isZero();
                assertThat(out.toString())
                        .contains(
                                "last status, 2026-01-01T00:00:09Z\n  load.1m  0.5",
                                "  os.type  linux",
                                "  service.name  x");
            }
            assertThat(run("fleet", "show", "box", "--data", directory.toString(), "--format", "json"))
                    .isZero();
            assertThat(out.toString().strip()).isEqualTo(WHOLE);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void anAgentThatIsNotThereOrNotAloneIsOne() throws IOException {
        HttpServer server = serve("t");
        try {
            assertThat(run("fleet", "show", "nobody", "--data", directory.toString()))
                    .isEqualTo(1);
            assertThat(err.toString()).contains("nobody: no such agent").hasLineCount(1);
            assertThat(run("fleet", "show", "0199", "--data", directory.toString()))
                    .isEqualTo(1);
            assertThat(err.toString()).contains("0199: 2 agents", "0199aa, 0199bb");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aTokenThatIsNotTakenIsOneAndIsNotPrinted() throws IOException {
        HttpServer server = serve("secret-word");
        try {
            assertThat(run("fleet", "list", "--data", directory.toString())).isEqualTo(1);
            assertThat(err.toString())
                    .contains("answered 401")
                    .doesNotContain("secret-word")
                    .hasLineCount(1);
        } finally {
            server.stop(0);
        }
    }

    private static DataDirectory hold(Path data) {
        try {
            return DataDirectory.hold(data);
        } catch (DataDirectoryException e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void letGo() {
        if (held != null) {
            held.close();
        }
    }

    private HttpServer serve(String token) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/agents", exchange -> {
            queries.add(String.valueOf(exchange.getRequestURI().getRawQuery()));
            boolean one = exchange.getRequestURI().getPath().endsWith("/0199aa");
            byte[] body = (one ? WHOLE : "[" + ONE + "," + TWO + "]").getBytes(StandardCharsets.UTF_8);
            boolean known = "Bearer t".equals(exchange.getRequestHeaders().getFirst("Authorization"));
            exchange.sendResponseHeaders(known ? 200 : 401, known ? body.length : -1);
            if (known) {
                exchange.getResponseBody().write(body);
            }
            exchange.close();
        });
        server.start();
        describe(ProcessHandle.current().pid(), server.getAddress().getPort(), token);
        held = hold(directory.resolve("server"));
        return server;
    }

    private void describe(long pid, int adminPort, String token) throws IOException {
        Path data = Files.createDirectories(directory.resolve("server"));
        Files.writeString(data.resolve("admin.token"), token + "\n");
        Files.writeString(
                data.resolve("server.json"),
                "{\"pid\":" + pid + ",\"listen\":\"127.0.0.1:1\",\"admin\":\"127.0.0.1:" + adminPort
                        + "\",\"version\":\"0\"}");
    }

    private int run(String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return Main.execute(
                Map.of("HOME", directory.toString()), new PrintWriter(out, true), new PrintWriter(err, true), args);
    }
}
