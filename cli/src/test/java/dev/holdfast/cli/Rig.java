// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static dev.holdfast.cli.RunningCommand.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.agent.route.Delay;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server and its agents in one directory, each a process of its own, and what they say of each other. */
final class Rig implements AutoCloseable {

    /** Delays a tenth as long as by default. A rejoin may take longer: a machine that is busy is no server's fault. */
    static final Map<String, String> SHORTENED = Map.of(
            "HOLDFAST_RECONNECT_FAST_DELAY", "50ms",
            "HOLDFAST_RECONNECT_INITIAL_DELAY", "100ms",
            "HOLDFAST_RECONNECT_MAX_DELAY", "1500ms",
            "HOLDFAST_RECONNECT_STABLE_AFTER", "1s",
            "HOLDFAST_RECONNECT_REJOIN_TIMEOUT", "20s");

    /** The same, and silence is noticed after 2 s in place of 10, and waited for less than that. */
    static final Map<String, String> WATCHFUL = with(
            SHORTENED,
            Map.of(
                    "HOLDFAST_AGENT_HEARTBEAT_INTERVAL", "1s",
                    "HOLDFAST_RECONNECT_HANDSHAKE_TIMEOUT", "3s",
                    "HOLDFAST_PROBE_TIMEOUT", "2s"));

    static final String REGISTERED = "link attached: REGISTERED";
    static final String REJOINED = "link attached: REJOINED";

    private final Path directory;
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<RunningCommand> started = new ArrayList<>();

    Rig(Path directory) {
        this.directory = directory;
    }

    static Map<String, String> with(Map<String, String> environment, Map<String, String> more) {
        Map<String, String> all = new HashMap<>(environment);
        all.putAll(more);
        return all;
    }

    /** A server on the one data directory, once it listens; each has a log of its own. */
    RunningCommand server(String listen) {
        RunningCommand server = begin(
                "server-" + started.size(),
                Map.of(),
                "server",
                "--data",
                path("server").toString(),
                "--listen",
                listen,
                "--admin",
                "127.0.0.1:0");
        server.awaitLines(1, "listens for agents on");
        return server;
    }

    /** An agent that has just been started. */
    RunningCommand agent(String name, URI server, Map<String, String> environment) {
        return begin(name, environment, "agent", "--data", path(name).toString(), "--server", server.toString());
    }

    private synchronized RunningCommand begin(String name, Map<String, String> environment, String... arguments) {
        RunningCommand command = RunningCommand.start(path(name + ".log"), environment, arguments);
        started.add(command);
        return command;
    }

    /** A command of those that end, about the server or an agent by that name; gives what it printed. */
    String run(String about, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--data", path(about).toString()));
        return RunningCommand.run(all.toArray(String[]::new));
    }

    Path path(String name) {
        return directory.resolve(name);
    }

    /** Where the server listens for agents. */
    String listen() throws IOException {
        return serverFile().get("listen").asString();
    }

    String uid(String agent) throws IOException {
        return Files.readString(path(agent).resolve("instance_uid")).strip();
    }

    /** What the server knows of an agent. Asked over HTTP: a command would be a process for each look. */
    JsonNode known(String agent) throws IOException, InterruptedException {
        return agents("/" + uid(agent));
    }

    /** The uids of all that are attached, asked in the same way. */
    Set<String> attached() throws IOException, InterruptedException {
        Set<String> uids = new TreeSet<>();
        for (JsonNode agent : agents("")) {
            if (agent.get("attached").asBoolean()) {
                uids.add(agent.get("instance_uid").asString());
            }
        }
        return uids;
    }

    private JsonNode agents(String which) throws IOException, InterruptedException {
        URI api = URI.create("http://" + serverFile().get("admin").asString() + "/api/agents" + which);
        HttpRequest request = HttpRequest.newBuilder(api)
                .header(
                        "Authorization",
                        "Bearer "
                                + Files.readString(path("server").resolve("admin.token"))
                                        .strip())
                .build();
        return JsonMapper.shared()
                .readTree(
                        http.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    /** What the server's {@code /metrics} say of one without labels. */
    double metric(String name) throws IOException, InterruptedException {
        URI metrics = URI.create("http://" + serverFile().get("admin").asString() + "/metrics");
        String all = http.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                .body();
        return all.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in\n" + all));
    }

    /** Waits until the server has an agent attached that registered once, and never again. */
    void awaitAttachedAndRegisteredOnce(String agent) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            JsonNode known = known(agent);
            assertThat(known.get("attached").asBoolean()).as("attached").isTrue();
            assertThat(known.get("registrations").asInt()).as("registrations").isEqualTo(1);
        });
    }

    private JsonNode serverFile() throws IOException {
        return JsonMapper.shared().readTree(Files.readString(path("server").resolve("server.json")));
    }

    /**
     * Prints what was measured, in one line, and gives it.
     *
     * @param reachable when the server could be reached again
     * @param attached the agent's line
     */
    static Duration tell(String scenario, Duration outage, Instant reachable, MatchResult attached) {
        Duration back = Duration.between(reachable, RunningCommand.date(attached));
        System.out.printf(
                "recovery: scenario=%s outage=%s reachable_to_attached=%s%n",
                scenario, Delay.seconds(outage), back.isNegative() ? "never-lost" : Delay.seconds(back));
        return back;
    }

    @Override
    public synchronized void close() {
        started.forEach(RunningCommand::close);
        http.shutdownNow();
    }
}
