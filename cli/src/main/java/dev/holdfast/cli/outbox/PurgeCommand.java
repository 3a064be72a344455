// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.core.disk.DataDirectoryException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Deletes dead letters. */
@Command(
        name = "purge",
        description = "Deletes dead letters for good. Asks first, unless --yes says that it need not.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class,
        footerHeading = "%nExamples:%n",
        footer = {"  holdfast outbox purge 3 4", "  holdfast outbox purge --all --lane doors --yes"})
final class PurgeCommand implements Callable<Integer> {

    private static final Set<String> YES = Set.of("y", "yes");

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Mixin
    private DeadLetters letters = new DeadLetters();

    @Option(names = "--yes", description = "Do not ask.")
    private boolean isSure;

    PurgeCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public Integer call() throws CommandException, DataDirectoryException, InterruptedException {
        return letters.run(variables, spec, (outbox, chosen) -> {
            String what = chosen.size() + (chosen.size() == 1 ? " dead letter" : " dead letters");
            if (!chosen.isEmpty() && !isSure && !confirm(what)) {
                throw new CommandException(
                        ExitCode.USAGE, "purge: " + what + " kept (expected: y as the answer, or --yes)");
            }
            for (long id : chosen) {
                outbox.purge(id);
            }
            spec.commandLine().getOut().println(what + " deleted");
        });
    }

    private boolean confirm(String what) throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        err.print("delete " + what + " for good? [y/N] ");
        err.flush();
        String answer = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
        if (answer == null) {
            err.println();
        }
        return answer != null && YES.contains(answer.strip().toLowerCase(Locale.ROOT));
    }
}
