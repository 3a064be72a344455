// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import static dev.holdfast.server.TestAgent.heartbeat;
import static dev.holdfast.server.TestAgent.registration;
import static dev.holdfast.server.TestAgent.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.Version;
import dev.holdfast.core.disk.DataDirectoryException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ServerLifeIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path directory;

    @Test
    void saysWhereItListensAndTakesThatBackWhenItStops() throws Exception {
        Path data = directory.resolve("data");
        try (TestServer server = TestServer.start(data)) {
            JsonNode json = TestServer.json(Files.readString(data.resolve("server.json")));
            assertThat(json.get("pid").asLong())
                    .isEqualTo(ProcessHandle.current().pid());
            assertThat(json.get("listen").asString())
                    .isEqualTo("127.0.0.1:" + server.server().agentAddress().getPort());
            assertThat(json.get("admin").asString())
                    .isEqualTo("127.0.0.1:" + server.server().adminAddress().getPort());
            assertThat(json.get("version").asString()).isEqualTo(Version.current());
            server.server().close();
            server.server().close();
        }
        assertThat(data.resolve("server.json")).doesNotExist();
    }

    @Test
    void anAgentWhoseRegistrationWasAnsweredIsKnownToWhoeverFindsTheFilesAsTheyWereThen() throws Exception {
        Path data = directory.resolve("data");
        Path copy = directory.resolve("copy");
        try (TestServer server = TestServer.start(data);
                TestAgent agent = TestAgent.connect(server, uid(1), "hash")) {
            agent.ask(registration(uid(1), 0, "h", "hash"));
            copy(data, copy);
        }

        try (TestServer server = TestServer.start(copy);
                TestAgent agent = TestAgent.connect(server, uid(1), "hash")) {
            assertThat(server.agent(uid(1)).get("host").asString()).isEqualTo("h");
            assertThat(agent.ask(heartbeat(uid(1), 7)).reportFullState()).isFalse();
        }
    }

    @Test
    void aPortThatIsTakenIsNamedAndNothingIsLeftBehind() throws Exception {
        Path data = directory.resolve("data");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress address = new InetSocketAddress(taken.getInetAddress(), taken.getLocalPort());
            assertThatThrownBy(() -> Server.start(
                            TestServer.config(data, address, TestServer.free(), ServerConfig.PING_INTERVAL)))
                    .isInstanceOf(ServerStartException.class)
                    .hasMessageStartingWith(
                            "listen: 127.0.0.1:" + taken.getLocalPort() + " is in use (expected: a free port")
                    .hasMessageContaining("--listen");
            assertThatThrownBy(() -> Server.start(
                            TestServer.config(data, TestServer.free(), address, ServerConfig.PING_INTERVAL)))
                    .isInstanceOf(ServerStartException.class)
                    .hasMessageStartingWith(
                            "admin: 127.0.0.1:" + taken.getLocalPort() + " is in use (expected: a free port")
                    .hasMessageContaining("--admin");
        }
        assertThat(data.resolve("server.json")).doesNotExist();
        TestServer.start(data).close();
    }

    @Test
    void anAddressOfAnotherMachineIsNamedWithWhatTheSystemSays() {
        InetSocketAddress elsewhere = new InetSocketAddress("192.0.2.1", 4321);
        assertThatThrownBy(() -> Server.start(TestServer.config(
                        directory.resolve("data"), TestServer.free(), elsewhere, ServerConfig.PING_INTERVAL)))
                .isInstanceOf(ServerStartException.class)
                .hasMessageStartingWith("admin: 192.0.2.1:4321 cannot be listened on: Cannot assign requested address");
    }

    @Test
    void aHostWithoutAnAddressIsNamed() {
        InetSocketAddress nowhere = InetSocketAddress.createUnresolved("nowhere.invalid", 4320);
        assertThatThrownBy(() -> Server.start(
                        TestServer.config(directory, nowhere, TestServer.free(), ServerConfig.PING_INTERVAL)))
                .isInstanceOf(ServerStartException.class)
                .hasMessageStartingWith("listen: nowhere.invalid:4320 names no address");
    }

    @Test
    void aDirectoryThatIsHeldIsToldFromOneThatCannotBeUsed() throws Exception {
        Path data = directory.resolve("data");
        try (TestServer server = TestServer.start(data)) {
            assertThat(server.server().agentAddress().getPort()).isPositive();
            assertThatThrownBy(() -> TestServer.start(data))
                    .isInstanceOf(DataDirectoryException.Held.class)
                    .hasMessageContaining("pid " + ProcessHandle.current().pid());
        }
    }

    @Test
    void whereTheStoreWasDamagedAgentsOfEitherKindAreAskedForTheirStateAndAreKnownAgain() throws Exception {
        Path data = directory.resolve("data");
        try (TestServer server = TestServer.start(data);
                TestAgent ours = TestAgent.connect(server, uid(1), "hash");
                TestAgent plain = TestAgent.connect(server, null, null)) {
            ours.ask(registration(uid(1), 0, "ours", "hash"));
            plain.ask(registration(uid(2), 0, "plain", "other"));
        }
        Path store = data.resolve("fleet.db");
        byte[] damaged = Files.readAllBytes(store);
        Arrays.fill(damaged, 0, 100, (byte) 'x');
        Files.write(store, damaged);

        try (TestServer server = TestServer.start(data);
                TestAgent ours = TestAgent.connect(server, uid(1), "hash");
                TestAgent plain = TestAgent.connect(server, null, null)) {
            assertThat(server.api("/api/agents")).isEmpty();
            assertThat(ours.ask(heartbeat(uid(1), 7)).reportFullState()).isTrue();
            assertThat(plain.ask(heartbeat(uid(2), 7)).reportFullState()).isTrue();
            assertThat(ours.ask(registration(uid(1), 8, "ours", "hash")).reportFullState())
                    .isFalse();
            assertThat(plain.ask(registration(uid(2), 8, "plain", "other")).reportFullState())
                    .isFalse();
            assertThat(server.agent(uid(1)).get("attached").asBoolean()).isTrue();
            assertThat(server.agent(uid(2)).get("attached").asBoolean()).isTrue();
        }
        try (Stream<Path> files = Files.list(data)) {
            assertThat(files.filter(file -> file.getFileName().toString().startsWith("fleet.db.damaged-")))
                    .singleElement()
                    .satisfies(aside -> {
                        assertThat(Files.readAllBytes(aside)).isEqualTo(damaged);
                        assertThat(modes(data)).containsEntry("fleet.db", "rw-------");
                    });
        }
    }

    @Test
    void aDirectoryWhereTheStoreShouldBeIsNamedAndLeftAsItIs() throws Exception {
        Path store = Files.createDirectory(directory.resolve("fleet.db"));

        assertThatThrownBy(() -> TestServer.start(directory))
                .isInstanceOf(DataDirectoryException.class)
                .hasMessageStartingWith(store + " cannot be used: a directory is where a file should be");
        assertThat(store).isDirectory();
    }

    @Test
    void whatAKilledServerSaidOfItselfIsTakenBackAlsoIfTheNextDoesNotStart() throws Exception {
        Files.writeString(directory.resolve("server.json"), "{}");
        Files.writeString(directory.resolve("admin.token"), "guess");

        assertThatThrownBy(() -> TestServer.start(directory)).isInstanceOf(ServerStartException.class);
        assertThat(directory.resolve("server.json")).doesNotExist();
    }

    @Test
    void itsFilesAreForTheirOwnerAloneAlsoInADirectoryThatIsOpenToOthers() throws Exception {
        Path data = Files.createDirectory(directory.resolve("open"));
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (TestServer server = TestServer.start(data);
                TestAgent agent = TestAgent.connect(server, uid(1), "hash")) {
            agent.ask(registration(uid(1), 0, "h", "hash"));

            assertThat(modes(data))
                    .containsKeys("fleet.db", "fleet.db-wal", "fleet.db-shm", "lock", "server.json", "admin.token")
                    .allSatisfy(
                            (name, mode) -> assertThat(mode).startsWith("rw").endsWith("------"));
        }
    }

    @Test
    void theLibraryOfAKilledServerIsNotLeftInItsDirectory() throws Exception {
        Path data = directory.resolve("data");
        Path left = Files.createDirectories(data.resolve("sqlite")).resolve("sqlite-0-libsqlitejdbc.so");
        Files.writeString(left, "old");

        try (TestServer server = TestServer.start(data)) {
            assertThat(left).doesNotExist();
            assertThat(System.getProperty("org.sqlite.tmpdir"))
                    .endsWith("sqlite")
                    .isNotEqualTo("sqlite");
            assertThat(server.api("/api/agents")).isEmpty();
        }
    }

    private static Map<String, String> modes(Path directory) throws Exception {
        Map<String, String> modes = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                modes.put(
                        file.getFileName().toString(),
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            }
        }
        return modes;
    }

    @Test
    void aTokenThatCouldBeGuessedIsRefused() throws Exception {
        Files.writeString(directory.resolve("admin.token"), "\n");

        assertThatThrownBy(() -> TestServer.start(directory))
                .isInstanceOf(ServerStartException.class)
                .hasMessageContaining("admin.token: 0 characters");
    }

    @Test
    void pingsItsConnectionsAndDropsOneThatSendsNothing() throws Exception {
        Path data = directory.resolve("data");
        try (TestServer server = TestServer.start(data, Duration.ofSeconds(1));
                TestAgent lively = TestAgent.connect(server, uid(1), null);
                SilentSocket silent = SilentSocket.upgrade(server.server().agentAddress())) {
            lively.ask(registration(uid(1), 0, "h", "x"));
            lively.awaitPing();
            assertThat(silent.readUntilClosed()).isNotEmpty();
            assertThat(server.agent(uid(1)).get("attached").asBoolean()).isTrue();
            await().atMost(PATIENCE).until(() -> server.metric("holdfast_connections") == 1);
        }
    }

    private static void copy(Path from, Path to) throws Exception {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            List<Path> all = files.toList();
            for (Path file : all) {
                Files.copy(file, to.resolve(file.getFileName().toString()));
            }
        }
    }
}
