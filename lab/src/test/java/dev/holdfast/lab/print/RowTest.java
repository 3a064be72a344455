// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.print;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RowTest {

    @CommandLine.Command
    private static final class Print implements Runnable {

        private final List<Row> rows;

        @CommandLine.Mixin
        private final Output output = new Output();

        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

        Print(List<Row> rows) {
            this.rows = rows;
        }

        @Override
        public void run() {
            output.print(spec, rows, Row::benchmark);
        }
    }

    @Test
    void itsFieldsStay() {
        StringWriter out = new StringWriter();
        List<Row> rows = List.of(
                new Row("queue", "holdfast", 3, "ops/us", "kubernetes", 1.5, 2),
                new Row("backoff", "holdfast", 4, "ops/us", "aws", 5, 0.8));
        CommandLine command = new CommandLine(new Print(rows)).setCaseInsensitiveEnumValuesAllowed(true);
        command.setOut(new PrintWriter(out, true));
        assertThat(command.execute("--format", "json")).isZero();
        JsonNode printed = JsonMapper.shared().readTree(out.toString());
        assertThat(printed).hasSize(2);
        assertThat(printed.get(0)).isEqualTo(JsonMapper.shared().readTree("""
                                        {"benchmark":"queue","subject":"holdfast","score":3.0,"unit":"ops/us",
                                         "peer":"kubernetes","peer_score":1.5,"ratio":2.0}"""));
    }
}
