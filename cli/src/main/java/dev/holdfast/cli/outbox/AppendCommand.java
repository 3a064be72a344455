// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.record.NewRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Puts records into a lane. */
@Command(
        name = "append",
        description = {
            "Appends standard input to a lane, one record a line, and prints {\"lane\":…,\"sequence\":…} for each once it"
                    + " is on the disk, in order.",
            "A line has at most 1 MiB; its end is no part of the record, and an empty line is an empty record. At the"
                    + " first line that is not taken the command ends and says which lines are kept."
        },
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  echo '{\"door\":\"open\"}' | holdfast outbox append --lane doors --content-type application/json",
            "  tail -F access.log | holdfast outbox append --data /var/lib/agent --lane access > sequences"
        })
final class AppendCommand implements Callable<Integer> {

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Mixin
    private OutboxOptions options = new OutboxOptions();

    @Option(
            names = "--lane",
            paramLabel = "LANE",
            required = true,
            description = "Where the records stand in line: lower-case letters, digits, and . _ - inside; made if new.")
    @SuppressWarnings("NullAway.Init") // It is required.
    private String lane;

    @Option(
            names = "--content-type",
            paramLabel = "TYPE",
            description = "What each record is (text/plain; charset=utf-8).")
    private String contentType = "text/plain; charset=utf-8";

    @Option(names = "--header", paramLabel = "NAME=VALUE", description = "Goes with each record; once for each.")
    private List<String> headers = new ArrayList<>();

    AppendCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public Integer call() throws CommandException, DataDirectoryException, InterruptedException {
        NewRecord pattern = pattern();
        return options.runOrMake(variables, (outbox, data) -> {
            new Appender(outbox, pattern, spec.commandLine().getOut()).append(Lines.of(System.in));
            return ExitCode.DONE;
        });
    }

    private NewRecord pattern() throws CommandException {
        Map<String, String> named = new LinkedHashMap<>();
        for (String header : headers) {
            int end = header.indexOf('=');
            if (end < 1 || named.put(header.substring(0, end), header.substring(end + 1)) != null) {
                throw new CommandException(
                        ExitCode.USAGE,
                        "header: " + header + " (expected: NAME=VALUE, each name once), in flag --header");
            }
        }
        try {
            return new NewRecord(lane, contentType, named, new byte[0]);
        } catch (IllegalArgumentException e) {
            String told = String.valueOf(e.getMessage());
            String flag = told.startsWith("lane") ? "lane" : told.startsWith("header") ? "header" : "content-type";
            throw new CommandException(ExitCode.USAGE, told + ", in flag --" + flag);
        }
    }
}
