// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.SystemTime;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The outbox commands on the directory of a stopped agent. */
class OutboxCommandTest {

    private static final Instant AT = Instant.parse("2026-01-02T03:04:05.678Z");

    private static final OutboxPolicy POLICY =
            OutboxPolicy.DEFAULT.withSegment(64 << 10).withQuota(1 << 20, OutboxPolicy.WhenFull.REJECT);

    @TempDir
    Path temp;

    private String out = "";
    private String err = "";

    /** What is done to an outbox beforehand. */
    @FunctionalInterface
    private interface Preparation {
        void of(Outbox outbox) throws Exception;
    }

    @Test
    void whatIsAppendedIsListedAndShown() throws Exception {
        assertThat(append("one\ntwo\n\nlast", "--lane", "b", "--content-type", "text/csv", "--header", "k=v=w"))
                .isZero();
        assertThat(out).isEqualTo("""
                {"lane":"b","sequence":1}
                {"lane":"b","sequence":2}
                {"lane":"b","sequence":3}
                {"lane":"b","sequence":4}
                """);
        assertThat(err).isEmpty();
        assertThat(append("{}\n", "--lane", "a")).isZero();

        JsonNode listed = json("list");
        assertThat(listed).hasSize(5);
        JsonNode first = listed.get(0);
        assertThat(first.path("lane").asString()).isEqualTo("b");
        assertThat(first.path("sequence").asLong()).isEqualTo(1);
        assertThat(first.path("content_type").asString()).isEqualTo("text/csv");
        assertThat(first.path("headers").path("k").asString()).isEqualTo("v=w");
        assertThat(first.path("bytes").asLong()).isEqualTo(3);
        assertThat(first.path("attempts").asLong()).isZero();
        assertThat(Instant.parse(first.path("time").asString())).isAfter(AT);
        assertThat(listed.get(2).path("bytes").asLong()).isZero();
        assertThat(json("list", "--lane", "b", "--from", "3", "--limit", "1")).hasSize(1);
        assertThat(run("list", "--limit", "2")).isZero();
        assertThat(out.lines()).hasSize(4).last().isEqualTo("5 waiting, 2 of them above");
        assertThat(run("show", "b", "2")).isZero();
        assertThat(out).contains("content type  text/csv", "header k      v=w", "\npayload\n  two\n");
        assertThat(json("show", "b", "4").path("payload").asString()).isEqualTo("last");
        assertThat(run("show", "b", "2", "--raw")).isZero();
        assertThat(out).isEqualTo("two");
    }

    @Test
    void theHeadsAttemptsAndGapsAreListed() throws Exception {
        append("1\n2\n3\n4\n5", "--lane", "l");
        prepare(outbox -> {
            outbox.acknowledge("l", 1, 0).get();
            outbox.bury("l", attempts(2)).get();
            outbox.attempted("l", attempts(3)).get();
        });

        JsonNode listed = json("list");
        assertThat(listed).hasSize(4);
        assertThat(listed.get(0).path("gap").asString()).isEqualTo("dead");
        assertThat(listed.get(0).path("sequence").asLong()).isEqualTo(2);
        assertThat(listed.get(0).path("last").asLong()).isEqualTo(2);
        assertThat(listed.get(0).path("audit").path("reasons").path("bad field").asInt())
                .isEqualTo(2);
        assertThat(listed.get(1).path("attempts").asLong()).isEqualTo(3);
        assertThat(listed.get(1).path("next_attempt").asString()).isEqualTo("2026-01-02T03:04:37.678Z");
        assertThat(listed.get(2).has("next_attempt")).isFalse();
        assertThat(run("list")).isZero();
        assertThat(out)
                .contains("none: dead, {", "\"bad field\":2", "2026-01-02T03:04:37Z")
                .endsWith("4 waiting\n");
        assertThat(run("show", "l", "2")).isZero();
        assertThat(out).contains("gap       dead", "bad field");
        assertThat(run("show", "l", "2", "--raw")).isEqualTo(1);
        assertThat(err).contains("sequence: 2 of lane l has no payload any more");
        JsonNode stats = json("stats");
        JsonNode lane = stats.path("lanes").get(0);
        assertThat(lane.path("waiting").asLong()).isEqualTo(4);
        assertThat(lane.path("acknowledged").asLong()).isEqualTo(1);
        assertThat(lane.path("last").asLong()).isEqualTo(5);
        assertThat(lane.path("attempts").asLong()).isEqualTo(3);
        assertThat(lane.path("epoch").asString()).matches("[0-9a-f]{16}");
        assertThat(run("stats")).isZero();
        assertThat(out).contains("LANE", "2026-01-02T03:04:37Z");
    }

    @Test
    void deadLettersHaveTheirWholeAuditAndAreReplayedOrPurged() throws Exception {
        append("1\n2\n3\n4", "--lane", "l");
        append("1", "--lane", "m");
        Files.writeString(data().resolve("instance_uid"), "0199aa\n");
        prepare(outbox -> {
            for (long sequence = 1; sequence <= 4; sequence++) {
                outbox.bury("l", attempts(sequence)).get();
            }
            outbox.bury("m", attempts(1)).get();
        });

        JsonNode dead = json("dead");
        assertThat(dead).hasSize(5).isEqualTo(json("dead", "list"));
        JsonNode second = dead.get(1);
        assertThat(second.path("id").asLong()).isEqualTo(2);
        assertThat(second.path("agent").asString()).isEqualTo("0199aa");
        assertThat(second.path("lane").asString()).isEqualTo("l");
        assertThat(second.path("sequence").asLong()).isEqualTo(2);
        assertThat(second.path("attempts").asLong()).isEqualTo(3);
        assertThat(second.path("refused_alone").asLong()).isEqualTo(2);
        assertThat(second.path("first_attempt").asString()).isEqualTo("2026-01-02T03:04:05.678Z");
        assertThat(second.path("last_attempt").asString()).isEqualTo("2026-01-02T03:04:07.678Z");
        assertThat(second.path("reasons").toString())
                .isEqualTo("[{\"reason\":\"500\",\"count\":1},{\"reason\":\"bad field\",\"count\":2}]");
        assertThat(second.path("hash").asString()).matches("[0-9a-f]{16}");
        assertThat(json("dead", "--lane", "m")).hasSize(1);
        assertThat(run("dead")).isZero();
        assertThat(out).contains("MOST OFTEN BECAUSE", "bad field").endsWith("5 dead letters\n");
        assertThat(run("dead", "show", "2")).isZero();
        assertThat(out).contains("agent          0199aa", "  1  500\n  2  bad field\n", "payload\n  2\n");
        assertThat(run("dead", "show", "2", "--raw")).isZero();
        assertThat(out).isEqualTo("2");

        assertThat(run("replay", "2")).isZero();
        assertThat(out).isEqualTo("dead letter 2: appended anew as sequence 5\n");
        assertThat(json("list", "--lane", "l").get(4).path("replay_of").asLong())
                .isEqualTo(2);
        assertThat(run("replay", "1", "2")).isEqualTo(1);
        assertThat(err).startsWith("dead letter 2 is not there (expected: ");
        assertThat(json("dead")).as("none was replayed then").hasSize(4);
        assertThat(run("purge", "1", "--yes")).isZero();
        assertThat(out).isEqualTo("1 dead letter deleted\n");
        assertThat(runWith("n\n", "purge", "--all", "--lane", "l")).isEqualTo(2);
        assertThat(runWith("", "purge", "--all", "--lane", "l")).isEqualTo(2);
        assertThat(err).contains("delete 2 dead letters for good?", "2 dead letters kept (expected: y");
        assertThat(json("dead")).hasSize(3);
        assertThat(runWith("y\n", "purge", "--all", "--lane", "l")).isZero();
        assertThat(run("replay", "--all")).isZero();
        assertThat(out).isEqualTo("dead letter 5: appended anew as sequence 2\n");
        assertThat(json("dead")).isEmpty();
    }

    @Test
    void aLineThatIsTooLongEndsTheInputThereAndWhatCameBeforeIsKept() throws Exception {
        String tooLong = "x".repeat((1 << 20) + 1);

        assertThat(append("1\n2\n" + tooLong + "\n4\n", "--lane", "l")).isEqualTo(1);
        assertThat(out).isEqualTo("{\"lane\":\"l\",\"sequence\":1}\n{\"lane\":\"l\",\"sequence\":2}\n");
        assertThat(err)
                .isEqualTo(
                        "input line 3: more than 1048576 bytes (expected: at most that, 1 MiB, in a line); lines 1 to 2"
                                + " are acknowledged and kept, none after that is; append the rest from input line 3 on\n");
        assertThat(json("list")).hasSize(2);
    }

    @Test
    void aPayloadThatIsNoTextIsInBase64AndRawAsItIs() throws Exception {
        byte[] binary = {(byte) 0xFF, 0, 13, 1};
        assertThat(runWith(binary, arguments("append", "--lane", "l"))).isZero();

        assertThat(json("show", "l", "1").path("payload_base64").asString()).isEqualTo("/wANAQ==");
        assertThat(run("show", "l", "1")).isZero();
        assertThat(out).contains("binary; --raw gives it");
    }

    @Test
    void whatOthersWroteCannotSteerTheTerminal() throws Exception {
        assertThat(append(
                        "a\u001b[2Jb",
                        "--lane",
                        "l",
                        "--content-type",
                        "x\u001b]0;y\u0007",
                        "--header",
                        "k=\u001b[31m"))
                .isZero();

        for (List<String> words : List.of(List.of("list"), List.of("show", "l", "1"))) {
            assertThat(run(words.toArray(String[]::new))).isZero();
            assertThat(out).doesNotContain("\u001b", "\u0007").contains("x?]0;y?");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "append",
                "append --lane UPPER",
                "append --lane l --header novalue",
                "append --lane l --header a=1 --header a=2",
                "list --from 3",
                "list --lane l --from 0",
                "list --limit 0",
                "show l",
                "show l x",
                "dead show",
                "replay",
                "replay 1 --all",
                "replay x",
                "purge 1 --lane l",
                "verify --format xml",
                "nothing"
            })
    void wrongUsageIsTwoAndMakesNothing(String line) throws Exception {
        assertThat(run(line.split(" "))).isEqualTo(2);
        assertThat(out).isEmpty();
        assertThat(err).isNotBlank().doesNotContain("\tat ");
        assertThat(data()).doesNotExist();
    }

    @Test
    void whatIsNotThereIsToldInOneLine() throws Exception {
        assertThat(run("list")).isEqualTo(1);
        assertThat(err).startsWith("no outbox in " + data() + " (expected: ").hasLineCount(1);
        assertThat(data()).doesNotExist();
        append("1\n2", "--lane", "l");
        assertThat(run("list", "--lane", "other")).isEqualTo(1);
        assertThat(err).isEqualTo("lane: other (expected: one of this outbox: l)\n");
        assertThat(run("show", "l", "3")).isEqualTo(1);
        assertThat(err).isEqualTo("sequence: 3 of lane l (expected: 1 to 2, which wait there)\n");
        prepare(outbox -> outbox.acknowledge("l", 2, 0).get());
        assertThat(run("show", "l", "2")).isEqualTo(1);
        assertThat(err).isEqualTo("sequence: 2 of lane l is delivered (expected: none waits there)\n");
        assertThat(run("dead", "show", "7")).isEqualTo(1);
        assertThat(err).startsWith("dead letter 7 is not there (expected: ").hasLineCount(1);
    }

    @Test
    void whatIsDamagedIsVerifiedAndRepaired() throws Exception {
        append("one\ntwo\nthree", "--lane", "l");
        JsonNode sound = json("verify");
        assertThat(sound.path("repair_needed").asBoolean()).isFalse();
        assertThat(sound.path("records").asLong()).isEqualTo(3);
        assertThat(run("repair")).isZero();
        assertThat(out).isEqualTo("nothing to repair\n");
        damage("two");

        assertThat(run("verify", "--format", "json")).isEqualTo(1);
        JsonNode found = JsonMapper.shared().readTree(out);
        assertThat(found.path("repair_needed").asBoolean()).isTrue();
        assertThat(found.path("records").asLong()).isEqualTo(2);
        assertThat(found.path("damage").get(0).path("from").asLong()).isPositive();
        assertThat(found.path("lost").get(0).path("lane").asString()).isEqualTo("l");
        assertThat(found.path("lost").get(0).path("sequence").asLong()).isEqualTo(2);
        assertThat(run("verify")).isEqualTo(1);
        assertThat(out).contains("l, sequences 2 to 2: ", "outbox repair --data " + data());
        assertThat(run("repair")).isZero();
        assertThat(out).contains("what was damaged is kept as ");
        assertThat(json("verify").path("repair_needed").asBoolean()).isFalse();
        JsonNode listed = json("list");
        assertThat(listed.get(0).path("bytes").asLong()).isEqualTo(3);
        assertThat(listed.get(1).path("gap").asString()).isEqualTo("damaged");
        assertThat(listed.get(2).path("bytes").asLong()).isEqualTo(5);
    }

    @Test
    void deadLettersThatCannotBeReadHideNoneAfterThem() throws Exception {
        append("dead1\ndead2\ndead3\ndead4\ndead5\ndead6", "--lane", "l");
        prepare(outbox -> {
            for (long sequence = 1; sequence <= 6; sequence++) {
                outbox.bury("l", attempts(sequence)).get();
            }
            // Segments are read at the opening from the newest on.
            for (int n = 0; n < 5; n++) {
                outbox.append(NewRecord.of("l", "text/plain", new byte[30_000]));
            }
        });
        for (int n = 1; n <= 5; n++) {
            damage("dead" + n);
        }

        JsonNode dead = json("dead");
        assertThat(dead).hasSize(1);
        assertThat(dead.get(0).path("id").asLong()).isEqualTo(6);
    }

    /** Turns the first letter of a payload into another wherever it is on the disk. */
    private void damage(String payload) throws Exception {
        int damaged = 0;
        try (var segments = Files.list(data().resolve("outbox"))) {
            for (Path segment : segments.toList()) {
                byte[] bytes = Files.readAllBytes(segment);
                String text = new String(bytes, StandardCharsets.ISO_8859_1);
                for (int at = text.indexOf(payload); at >= 0; at = text.indexOf(payload, at + 1)) {
                    bytes[at] ^= 1;
                    damaged++;
                }
                Files.write(segment, bytes);
            }
        }
        assertThat(damaged).as("places that hold %s", payload).isPositive();
    }

    @Test
    void aServersDirectoryIsNotAppendedTo() throws Exception {
        Files.createFile(Files.createDirectories(data()).resolve("fleet.db"));

        assertThat(append("1", "--lane", "l")).isEqualTo(1);
        assertThat(err).startsWith(data() + " is a server's data directory (expected: ");
        assertThat(data().resolve("outbox")).doesNotExist();
    }

    @Test
    void theDirectoryThatUpWasGivenStandsForItsAgents() throws Exception {
        Files.createDirectories(data().resolve("agent"));
        Files.createDirectories(data().resolve("server"));

        assertThat(append("1", "--lane", "l")).isZero();
        assertThat(data().resolve("agent/outbox")).isDirectory();
        assertThat(json("list")).hasSize(1);
    }

    @Test
    void aDirectoryThatAnotherProgramHoldsIsThree() throws Exception {
        try (DataDirectory held = DataDirectory.hold(data())) {
            assertThat(append("1", "--lane", "l")).isEqualTo(3);
            assertThat(err)
                    .startsWith("data directory " + held.path() + " is held by another part of this process (pid ")
                    .contains("which takes no outbox commands")
                    .hasLineCount(1);
        }
    }

    private Path data() {
        return temp.resolve("data");
    }

    private void prepare(Preparation preparation) throws Exception {
        try (DataDirectory held = DataDirectory.hold(data());
                SystemTime time = SystemTime.start("prepare");
                Outbox outbox = Outbox.open(
                        SystemDisk.of(held.path().resolve("outbox")), POLICY, time, new SplittableRandom(1))) {
            preparation.of(outbox);
        }
    }

    private static Attempts attempts(long sequence) {
        return Attempts.none(sequence, AT)
                .plus("500", false, AT)
                .plus("bad field", true, AT.plusSeconds(1))
                .plus("bad field", true, AT.plusSeconds(2))
                .waiting(Duration.ofSeconds(30));
    }

    private int append(String input, String... words) throws Exception {
        List<String> all = new ArrayList<>(List.of("append"));
        all.addAll(List.of(words));
        return runWith(input, all.toArray(String[]::new));
    }

    private JsonNode json(String... words) throws Exception {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--format", "json"));
        assertThat(run(all.toArray(String[]::new))).as(err).isZero();
        assertThat(err).isEmpty();
        return JsonMapper.shared().readTree(out);
    }

    private int run(String... words) throws Exception {
        return runWith("", words);
    }

    private int runWith(String input, String... words) throws Exception {
        return runWith(input.getBytes(UTF_8), arguments(words));
    }

    private String[] arguments(String... words) {
        List<String> all = new ArrayList<>(List.of("outbox"));
        all.addAll(List.of(words));
        all.addAll(List.of("--data", data().toString()));
        return all.toArray(String[]::new);
    }

    private int runWith(byte[] input, String... arguments) throws Exception {
        StringWriter errors = new StringWriter();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        InputStream oldIn = System.in;
        PrintStream oldOut = System.out;
        System.setIn(new ByteArrayInputStream(input));
        System.setOut(new PrintStream(bytes, true, UTF_8));
        try {
            return Main.execute(
                    Map.of("HOME", temp.toString()),
                    new PrintWriter(bytes, true, UTF_8),
                    new PrintWriter(errors, true),
                    arguments);
        } finally {
            System.setIn(oldIn);
            System.setOut(oldOut);
            out = bytes.toString(UTF_8);
            err = errors.toString();
        }
    }
}
