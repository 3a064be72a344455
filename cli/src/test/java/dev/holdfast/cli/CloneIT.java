// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static dev.holdfast.cli.RunningCommand.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Two agents whose data directories are copies of each other, with real processes, sockets and files. */
class CloneIT {

    /** How long both must have been attached without a change to count as settled. */
    private static final Duration SETTLED = Duration.ofSeconds(3);

    @TempDir
    Path temp;

    private final HttpClient http = HttpClient.newHttpClient();
    private final List<RunningCommand> started = new ArrayList<>();

    @AfterEach
    void endWhatRuns() {
        started.forEach(RunningCommand::close);
        http.shutdownNow();
    }

    @Test
    void theyAreToldApartWithinSecondsAndKeepTheirOwnUidsFromThenOn() throws Exception {
        RunningCommand server = server("127.0.0.1:0");
        String address = serverFile().get("listen").asString();
        RunningCommand original = agent("original", address);
        original.awaitLines(1, "link attached: REGISTERED");
        String uid = uid("original");
        copyOfOriginal();

        RunningCommand copy = agent("copy", address);
        Set<String> uids = awaitBothAttached();
        assertThat(uids).contains(uid);
        assertThat(Set.of(uid("original"), uid("copy"))).isEqualTo(uids);
        server.awaitLines(1, "WARN .*agent " + uid + " .*is two: .*data directory was copied");
        assertThat(original.lines("another process goes by " + uid).size()
                        + copy.lines("another process goes by " + uid).size())
                .as("agents that say why")
                .isEqualTo(1);
        assertQuiet(original, copy);

        String originals = uid("original");
        String copies = uid("copy");
        original.terminate();
        copy.terminate();
        server.kill();
        server(address);
        RunningCommand originalAgain = agent("original", address);
        RunningCommand copyAgain = agent("copy", address);
        assertThat(awaitBothAttached()).isEqualTo(uids);
        assertQuiet(originalAgain, copyAgain);
        assertThat(uid("original")).isEqualTo(originals);
        assertThat(uid("copy")).isEqualTo(copies);
        assertThat(fleetList()).contains("2 agents, 2 attached", originals, copies);
    }

    /** The uids of the two agents that the server shows, once both are attached and each stays so for a while. */
    private Set<String> awaitBothAttached() {
        return await().during(SETTLED).atMost(PATIENCE).until(this::attached, uids -> uids.size() == 2);
    }

    private static void assertQuiet(RunningCommand... agents) {
        for (RunningCommand agent : agents) {
            assertThat(agent.lines("link attached").getLast().start())
                    .as(agent.output())
                    .isGreaterThan(agent.lines("link down").stream()
                            .mapToInt(line -> line.start())
                            .max()
                            .orElse(-1));
        }
    }

    /** Asked over HTTP: a command would be a process for each look. */
    private Set<String> attached() throws IOException, InterruptedException {
        JsonNode says = serverFile();
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://" + says.get("admin").asString() + "/api/agents"))
                .header(
                        "Authorization",
                        "Bearer "
                                + Files.readString(temp.resolve("server").resolve("admin.token"))
                                        .strip())
                .build();
        String json = http.send(request, HttpResponse.BodyHandlers.ofString()).body();
        Set<String> uids = new TreeSet<>();
        for (JsonNode agent : JsonMapper.shared().readTree(json)) {
            if (agent.get("attached").asBoolean()) {
                uids.add(agent.get("instance_uid").asString());
            }
        }
        return uids;
    }

    private String fleetList() throws IOException, InterruptedException {
        return RunningCommand.run(
                temp.resolve("list.log"),
                "fleet",
                "list",
                "--data",
                temp.resolve("server").toString());
    }

    private String uid(String agent) throws IOException {
        return Files.readString(temp.resolve(agent).resolve("instance_uid")).strip();
    }

    private void copyOfOriginal() throws IOException {
        Files.createDirectory(temp.resolve("copy"));
        Files.copy(
                temp.resolve("original").resolve("instance_uid"),
                temp.resolve("copy").resolve("instance_uid"));
    }

    private JsonNode serverFile() throws IOException {
        return JsonMapper.shared()
                .readTree(Files.readString(temp.resolve("server").resolve("server.json")));
    }

    private RunningCommand server(String listen) {
        RunningCommand server = start(
                "server", "--data", temp.resolve("server").toString(), "--listen", listen, "--admin", "127.0.0.1:0");
        server.awaitLines(1, "listens for agents on");
        return server;
    }

    private RunningCommand agent(String name, String address) {
        return start("agent", "--data", temp.resolve(name).toString(), "--server", "ws://" + address);
    }

    /** Each has a log of its own. */
    private RunningCommand start(String... arguments) {
        RunningCommand command = RunningCommand.start(temp.resolve(started.size() + ".log"), Map.of(), arguments);
        started.add(command);
        return command;
    }
}
