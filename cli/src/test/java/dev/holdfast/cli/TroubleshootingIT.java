// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each row of the table for a person in trouble, against what really happens. */
class TroubleshootingIT {

    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| ([a-z0-9-]+) \\| `([^|]+)` \\| ([^|]+) \\| ([^|]+) \\| ([0-4–]) \\|$");

    private static final Map<String, Trouble> CASES = cases();

    @TempDir
    Path directory;

    /** Something that goes wrong. */
    @FunctionalInterface
    interface Trouble {
        /**
         * Makes it happen.
         *
         * @param line what is to be told, for those that wait for it
         */
        Told happen(Path directory, Pattern line) throws Exception;
    }

    /** What the table promises. */
    record Row(String name, String line, @Nullable Integer exitCode) {

        private static Row of(MatchResult row) {
            Integer exitCode = row.group(5).equals("–") ? null : Integer.valueOf(row.group(5));
            return new Row(row.group(1), row.group(2), exitCode);
        }

        Pattern pattern() {
            return Pattern.compile(
                    Arrays.stream(line.split("…", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Map<String, Trouble> cases() {
        Map<String, Trouble> cases = new HashMap<>();
        cases.putAll(CommandTroubles.CASES);
        cases.putAll(StoreTroubles.CASES);
        cases.putAll(EventTroubles.CASES);
        cases.putAll(LinkTroubles.CASES);
        cases.putAll(OutboxTroubles.CASES);
        return cases;
    }

    static List<Row> rows() throws IOException {
        return ROW.matcher(table()).results().map(Row::of).toList();
    }

    private static String table() throws IOException {
        return Files.readString(Path.of(System.getProperty("holdfast.root"), "docs/troubleshooting.md"));
    }

    @Test
    void everyRowHasACaseAndEveryCaseARow() throws IOException {
        assertThat(rows())
                .extracting(Row::name)
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(CASES.keySet());
        long written = table().lines()
                .filter(line -> line.startsWith("| ") && !line.startsWith("| case |"))
                .count();
        assertThat(rows()).as("rows that are read, of all that are written").hasSize((int) written);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void whatTheTableSaysIsWhatIsTold(Row row) throws Exception {
        Trouble trouble = CASES.getOrDefault(row.name(), (directory, line) -> {
            throw new AssertionError("no case for " + row);
        });

        Told told = trouble.happen(directory, row.pattern());

        assertThat(told.lines())
                .as("lines, of which one is %s", row.line())
                .anyMatch(line -> row.pattern().matcher(line).matches())
                .noneMatch(line -> line.startsWith("\tat "));
        assertThat(told.exitCode()).isEqualTo(row.exitCode());
        if (row.exitCode() != null && row.exitCode() != 2) {
            assertThat(told.lines())
                    .as("a single failure is a single line, in words")
                    .singleElement()
                    .asString()
                    .doesNotContain("Exception");
        }
    }
}
