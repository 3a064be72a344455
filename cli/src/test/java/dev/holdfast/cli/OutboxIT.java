// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.outbox.OutboxPolicy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The outbox commands, each in a process of its own, while an agent holds the directory. */
class OutboxIT {

    private static final String ACKNOWLEDGED = "^\\{\"lane\":\"l\",\"sequence\":([0-9]+)\\}$";

    @TempDir
    Path temp;

    @Test
    void linesAreAcknowledgedAsTheyComeAndThoseThatWereAreThereAfterAKill() throws Exception {
        try (OpenAgent agent = new OpenAgent(temp.resolve("data"), OutboxPolicy.DEFAULT);
                RunningCommand append = append(agent.data.path())) {
            OutputStream input = append.input();
            for (int n = 1; n <= 3; n++) {
                write(input, "line " + n + "\n");
                append.awaitLines(n, ACKNOWLEDGED);
            }
            int sent = 0;
            while (append.lines(ACKNOWLEDGED).size() < 2000) {
                write(input, "more\n".repeat(500));
                sent += 500;
            }
            append.kill();

            int printed = append.lines(ACKNOWLEDGED).size();
            assertSequences(append.lines(ACKNOWLEDGED));
            List<String> kept = agent.texts();
            assertThat(kept).hasSizeBetween(printed, 3 + sent).startsWith("line 1", "line 2", "line 3", "more");
            try (RunningCommand next = append(agent.data.path())) {
                write(next.input(), "after\n");
                next.input().close();
                assertThat(next.exitCode()).isZero();
            }
            assertThat(agent.texts()).hasSize(kept.size() + 1).endsWith("after");
        }
    }

    @Test
    void anAgentThatStopsEndsTheAppendWhichSaysWhatIsKept() throws Exception {
        Path data = temp.resolve("data");
        RunningCommand append;
        try (OpenAgent agent = new OpenAgent(data, OutboxPolicy.DEFAULT)) {
            append = append(agent.data.path());
            write(append.input(), "one\ntwo\n");
            append.awaitLines(2, ACKNOWLEDGED);
        }
        try (append) {
            write(append.input(), "three\n");
            assertThat(append.exitCode()).isEqualTo(4);
            assertThat(append.output())
                    .contains("input line 3: the agent of " + data + " ", "; lines 1 to 2 are acknowledged and kept, ")
                    .endsWith("; append the rest from input line 3 on\n");
        }
        String listed = RunningCommand.run("outbox", "list", "--data", data.toString());
        assertThat(listed).endsWith("2 waiting\n");
    }

    /** As the writers of {@code lab chaos} do, which are no processes: here the command itself loses its agent. */
    @Test
    void anAgentThatIsKilledEndsTheAppendAndKeepsWhatWasAcknowledged() throws Exception {
        Path data = temp.resolve("agent");
        RunningCommand append;
        List<MatchResult> acknowledged;
        try (RunningCommand agent = RunningCommand.start(
                temp.resolve("agent.log"),
                Map.of(),
                "agent",
                "--data",
                data.toString(),
                "--server",
                "ws://127.0.0.1:1")) {
            await().atMost(RunningCommand.PATIENCE).until(() -> Files.exists(data.resolve("socket/outbox")));
            append = append(data);
            write(append.input(), "one\ntwo\n");
            append.awaitLines(2, ACKNOWLEDGED);
            write(append.input(), "more\n".repeat(500));
            append.awaitLines(3, ACKNOWLEDGED);
            agent.kill();
        }
        try (append) {
            try {
                write(append.input(), "last\n");
            } catch (IOException noticed) {
                // In the midst of an append it needs no further line to see that the agent is gone.
            }
            assertThat(append.exitCode()).isEqualTo(4);
            acknowledged = append.lines(ACKNOWLEDGED);
            assertSequences(acknowledged);
            assertThat(append.output())
                    .contains(
                            "the agent of " + data + " ", "; lines 1 to " + acknowledged.size() + " are acknowledged");
        }
        String listed = RunningCommand.run("outbox", "list", "--lane", "l", "--data", data.toString());
        Matcher waiting = Pattern.compile("([0-9]+) waiting").matcher(listed);
        assertThat(waiting.find()).as(listed).isTrue();
        assertThat(Integer.parseInt(waiting.group(1))).isBetween(acknowledged.size(), 502);
    }

    @Test
    void severalCommandsOnAStoppedAgentsDirectoryWaitForEachOther() throws Exception {
        Path data = temp.resolve("data");
        List<RunningCommand> commands = new ArrayList<>();
        try {
            for (int n = 0; n < 3; n++) {
                Path log = temp.resolve("append" + n);
                RunningCommand command = RunningCommand.start(
                        log, Map.of(), "outbox", "append", "--lane", "l", "--data", data.toString());
                commands.add(command);
                write(command.input(), "one\ntwo\n");
                command.input().close();
            }
            int kept = 0;
            for (RunningCommand command : commands) {
                int exitCode = command.exitCode();
                assertThat(exitCode).as(command.output()).isIn(0, 3);
                assertThat(command.lines(ACKNOWLEDGED)).hasSize(exitCode == 0 ? 2 : 0);
                kept += exitCode == 0 ? 2 : 0;
            }
            assertThat(kept).isPositive();
            String listed = RunningCommand.run("outbox", "list", "--data", data.toString());
            assertThat(listed).endsWith(kept + " waiting\n");
        } finally {
            commands.forEach(RunningCommand::close);
        }
    }

    private RunningCommand append(Path data) throws IOException {
        return RunningCommand.start(
                Files.createTempFile(temp, "append", ".log"),
                Map.of(),
                "outbox",
                "append",
                "--lane",
                "l",
                "--data",
                data.toString());
    }

    private static void write(OutputStream input, String text) throws IOException {
        input.write(text.getBytes(UTF_8));
        input.flush();
    }

    private static void assertSequences(List<MatchResult> acknowledged) {
        for (int n = 0; n < acknowledged.size(); n++) {
            assertThat(acknowledged.get(n).group(1)).isEqualTo(Integer.toString(n + 1));
        }
    }
}
