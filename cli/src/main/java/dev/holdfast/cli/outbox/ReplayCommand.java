// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.core.disk.DataDirectoryException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Gives dead letters another life. */
@Command(
        name = "replay",
        description = "Appends dead letters anew, each to the end of its lane, and says what sequence each has now.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class,
        footerHeading = "%nExamples:%n",
        footer = {"  holdfast outbox replay 3 4", "  holdfast outbox replay --all --lane doors"})
final class ReplayCommand implements Callable<Integer> {

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Mixin
    private DeadLetters letters = new DeadLetters();

    ReplayCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public Integer call() throws CommandException, DataDirectoryException, InterruptedException {
        return letters.run(variables, spec, (outbox, chosen) -> {
            PrintWriter out = spec.commandLine().getOut();
            for (long id : chosen) {
                OptionalLong sequence = outbox.replay(id);
                out.println(
                        sequence.isPresent()
                                ? "dead letter " + id + ": appended anew as sequence " + sequence.getAsLong()
                                : "dead letter " + id + ": somebody else replayed or purged it meanwhile");
            }
            if (chosen.isEmpty()) {
                out.println("no dead letters");
            }
        });
    }
}
