// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static dev.holdfast.cli.RunningCommand.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.disk.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** A real agent whose disk fills up, or takes nothing any more, while it has records to deliver. */
class AgentDiskIT {

    private static final Map<String, String> SETTINGS = Map.of(
            "HOLDFAST_RECONNECT_FAST_DELAY", "50ms",
            "HOLDFAST_RECONNECT_INITIAL_DELAY", "100ms",
            "HOLDFAST_RECONNECT_MAX_DELAY", "1500ms",
            "HOLDFAST_OUTBOX_SEGMENT_SIZE", "64KiB");

    private static final String ACKNOWLEDGED = "^\\{\"lane\":\"l\",\"sequence\":([0-9]+)\\}$";

    private static final String LINE = "x".repeat(700) + "\n";

    @TempDir
    Path temp;

    private final List<RunningCommand> started = new ArrayList<>();

    @AfterEach
    void endWhatRuns() {
        started.forEach(RunningCommand::close);
    }

    @Test
    void onAFullDiskWhatWasAcknowledgedArrivesWithoutTheLinkBeingLostAndMakesRoom() throws Exception {
        try (Mount mount = Mount.tmpfs(temp, 2048)) {
            Path data = mount.directory().resolve("agent");
            RunningCommand server = server("127.0.0.1:0");
            RunningCommand agent = agent(data);
            agent.awaitLines(1, "link attached: REGISTERED");
            long first = append(data, 100);
            awaitStored(first);
            String address = text(serverFile(), "listen");
            server.kill();

            long before = append(data, 200);
            // Another program takes what is left.
            Path other = mount.directory().resolve("other");
            assertThatIOException().isThrownBy(() -> Files.write(other, new byte[4 << 20]));
            long kept = appendUntilRefused(
                    data,
                    before,
                    "no space is left on its disk (expected: free space there; make some, or allow less for it)");
            assertThat(kept).isGreaterThanOrEqualTo(before);

            server(address);
            agent.awaitLines(1, "link attached: REJOINED");
            awaitStored(kept);
            awaitStored(append(data, 200));
            assertThat(agent.lines("link attached")).hasSize(2);
        } finally {
            endWhatRuns();
        }
    }

    @Test
    void fromADiskThatBecomesReadOnlyWhatWasAcknowledgedArrivesOnceAndTheLinkLivesOn() throws Exception {
        try (Mount mount = Mount.ext4(temp, 16)) {
            Path data = mount.directory().resolve("agent");
            RunningCommand server = server("127.0.0.1:0");
            RunningCommand agent = agent(data);
            agent.awaitLines(1, "link attached: REGISTERED");
            awaitStored(append(data, 100));
            String address = text(serverFile(), "listen");
            server.kill();
            long kept = append(data, 1500);
            mount.turnReadOnly();
            assertThat(appendUntilRefused(
                            data,
                            kept,
                            "its file system is mounted read-only (expected: one that can be written; mount it so, or"
                                    + " give another directory)"))
                    .isEqualTo(kept);

            server(address);
            agent.awaitLines(1, "link attached: REJOINED");
            awaitStored(kept);
            agent.awaitLines(1, "an acknowledgement cannot be written down now");
            assertThat(agent.lines("link attached: ")).hasSize(2);
        } finally {
            endWhatRuns();
        }
    }

    private RunningCommand server(String listen) {
        RunningCommand server = RunningCommand.start(
                temp.resolve("server-" + started.size() + ".log"),
                Map.of(),
                "server",
                "--data",
                temp.resolve("server").toString(),
                "--listen",
                listen,
                "--admin",
                "127.0.0.1:0");
        started.add(server);
        server.awaitLines(1, "listens for agents on");
        return server;
    }

    private RunningCommand agent(Path data) throws IOException {
        RunningCommand agent = RunningCommand.start(
                temp.resolve("agent.log"),
                SETTINGS,
                "agent",
                "--data",
                data.toString(),
                "--server",
                "ws://" + text(serverFile(), "listen"));
        started.add(agent);
        return agent;
    }

    private Path serverFile() {
        return temp.resolve("server/server.json");
    }

    private static String text(Path file, String field) throws IOException {
        return JsonMapper.shared().readTree(Files.readString(file)).get(field).asString();
    }

    /** Appends so many lines, and returns the last sequence. */
    private long append(Path data, int count) throws Exception {
        try (RunningCommand append = appending(data)) {
            append.input().write(LINE.repeat(count).getBytes(UTF_8));
            append.input().close();
            assertThat(append.exitCode()).as(append.output()).isZero();
            assertThat(append.lines(ACKNOWLEDGED)).hasSize(count);
            return last(append, 0);
        }
    }

    /** Appends until that fails as expected, and returns the last sequence that was acknowledged. */
    private long appendUntilRefused(Path data, long before, String reason) throws Exception {
        try (RunningCommand append = appending(data)) {
            try {
                while (append.running()) {
                    append.input().write(LINE.repeat(100).getBytes(UTF_8));
                    append.input().flush();
                }
            } catch (IOException ended) {
                assertThat(ended).hasMessageContaining("pipe");
            }
            assertThat(append.exitCode()).as(append.output()).isEqualTo(1);
            assertThat(append.output()).contains(reason, "acknowledged and kept", "append the rest from input line");
            return last(append, before);
        }
    }

    private static long last(RunningCommand append, long otherwise) {
        var acknowledged = append.lines(ACKNOWLEDGED);
        return acknowledged.isEmpty()
                ? otherwise
                : Long.parseLong(acknowledged.getLast().group(1));
    }

    private RunningCommand appending(Path data) throws IOException {
        RunningCommand append = RunningCommand.start(
                Files.createTempFile(temp, "append", ".log"),
                Map.of(),
                "outbox",
                "append",
                "--lane",
                "l",
                "--data",
                data.toString());
        started.add(append);
        return append;
    }

    /** Waits until all records up to a sequence are stored: each once, in order, and none that was refused. */
    private void awaitStored(long last) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(stored())
                        .isEqualTo(LongStream.rangeClosed(1, last).boxed().toList()));
    }

    private List<Long> stored() throws IOException {
        String uid = JsonMapper.shared()
                .readTree(run("fleet", "list", "--format", "json"))
                .get(0)
                .get("instance_uid")
                .asString();
        return run("fleet", "events", uid, "--lane", "l", "--format", "json")
                .lines()
                .map(line -> JsonMapper.shared().readTree(line).get("sequence").asString())
                .map(Long::valueOf)
                .toList();
    }

    private String run(String... words) {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("--data", temp.resolve("server").toString()));
        return RunningCommand.run(arguments.toArray(String[]::new));
    }
}
