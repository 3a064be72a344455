// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** What the lab's command line takes, says and prints. */
class CommandTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void helpSaysWhatThereIs() {
        assertThat(run("--help")).isZero();
        assertThat(help()).contains("bench", "storm", "chaos", "Exit codes:", "2 wrong usage");
    }

    @Test
    void helpOfBenchSaysWhatItPrintsInWhichUnitsAndHowLongItTakes() {
        assertThat(run("bench", "--help")).isZero();
        assertThat(help())
                .contains("score, unit, peer, peer's score", "above 1 where Holdfast does better")
                .contains("operations a microsecond", "microseconds an operation", "bytes of heap")
                .contains("half a minute to a quarter of an hour", "--quick some seconds")
                .contains("--gib=N How large the outbox of outbox-open is", "Default: 10.")
                .contains("--quick A short run", "Default: no", "--format=FORMAT text (the default), or json");
    }

    @Test
    void helpOfStormSaysWhatItPrintsInWhichUnitsAndHowLongItTakes() {
        assertThat(run("storm", "--help")).isZero();
        assertThat(help())
                .contains("CPU in percent of one core", "in microseconds", "log lines a minute", "how many bytes")
                .contains("2 min 10 s by default", "Not measured is the first sixth of a way, at most 10 s")
                .contains("--keys=N How many keys fail; at least 1. Default: 10000.")
                .contains("--for=D How long each way is run", "Default: 60s.")
                .contains("--format=FORMAT text (the default), or json");
    }

    @Test
    void helpOfChaosSaysWhatItDoesAndWhatASeedCannotFix() {
        assertThat(run("chaos", "--help")).isZero();
        assertThat(help())
                .contains("lost, duplicated, out_of_order", "in seconds from when both processes ran", "in MiB")
                .contains("real processes do not run twice in the same way", "keeps its directory")
                .contains("both at once is one. Default: 20.", "--seed=N What the faults are drawn from")
                .contains("holdfast lab chaos --kills 200 --seed 7 --format json");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "storm --keys 0 | '--keys': 0 (expected: a whole number from 1 to 2147483647)",
                "storm --keys many | '--keys': many (expected: a whole number from 1 to 2147483647)",
                "storm --for 0s | '--for': 0s (expected: a duration > 0s, such as 10m)",
                "storm --for 10 | '--for': 10 (expected: a duration > 0s, such as 10m)",
                "storm --format xml | '--format': expected one of [TEXT, JSON] (case-insensitive) but was 'xml'",
                "chaos --kills 0 | '--kills': 0 (expected: a whole number from 1 to 100000)",
                "chaos --for 0s | '--for': 0s (expected: a duration > 0s, such as 10m)",
                "chaos --seed x | '--seed': 'x' is not a long",
                "chaos | holdfast.command: not set (expected: the command that is to be tried",
                "bench nothing | NAME: nothing (expected: all, ",
                "bench | Missing required parameter: 'NAME'",
                "bench outbox-open --gib 0 | '--gib': 0 (expected: a whole number from 1 to 60)",
                "bench outbox-drain | holdfast.command: not set (expected: the command that is to be tried",
                "bench queue --slow | Unknown option: '--slow'",
                "draught | Unmatched argument at index 0: 'draught'",
            })
    void wrongUsageIsToldAndNothingIsPrinted(String line, String told) {
        assertThat(run(line.split(" "))).isEqualTo(2);
        assertThat(err.toString()).contains(told).contains("Usage: holdfast lab");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aCommandIsAskedFor() {
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString()).contains("a command is missing (expected: bench, storm, chaos or soak)");
    }

    @Test
    void anUnknownBenchmarkIsToldTheKnownOnesAndHelpNamesThem() {
        assertThat(run("bench", "nothing")).isEqualTo(2);
        List<String> known = Pattern.compile("\\(expected: (.*)\\)")
                .matcher(err.toString())
                .results()
                .flatMap(found -> Pattern.compile(", ").splitAsStream(found.group(1)))
                .toList();
        assertThat(known)
                .contains("all", "breaker", "retry", "backoff", "queue", "waiting-keys")
                .contains("outbox", "outbox-drain", "outbox-open", "outbox-memory");
        run("bench", "--help");
        assertThat(known).allSatisfy(name -> assertThat(help()).containsPattern("\\b" + name + ":"));
    }

    @Test
    void stormPrintsTheFieldsThatStay() {
        assertThat(run("storm", "--keys", "3", "--for", "20ms", "--format", "json"))
                .isZero();
        List<Map<String, Object>> rows =
                JsonMapper.shared().readValue(out.toString(), new TypeReference<List<Map<String, Object>>>() {});
        assertThat(rows)
                .hasSize(3)
                .allSatisfy(row -> assertThat(row)
                        .containsKeys("cpu_percent_of_core", "log_lines_per_minute", "heap_growth_bytes")
                        .containsKeys("mode", "attempts", "cpu_us_per_attempt", "succeeded", "measured_s")
                        .containsKeys("cpu_percent_of_core_by_thread", "jvm")
                        .containsEntry("keys", 3));
    }

    private int run(String... arguments) {
        CommandLine command = Main.command();
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(arguments);
    }

    /** In one line, wherever it was broken. */
    private String help() {
        return out.toString().replaceAll("\\s+", " ");
    }
}
