// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.record.DeadLetter;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Records that were given up on. */
@Command(
        name = "dead",
        description = {
            "Lists the dead letters: records that were given up on, and are kept until they are replayed or purged.",
            "As json each has its whole audit."
        },
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class,
        footerHeading = "%nExamples:%n",
        footer = {"  holdfast outbox dead --format json", "  holdfast outbox dead show 3"})
final class DeadCommand implements Callable<Integer> {

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Mixin
    private OutboxOptions own = new OutboxOptions();

    @Option(names = "--lane", paramLabel = "LANE", description = "Of this lane alone.")
    private @Nullable String ownLane;

    @Mixin
    private FormatOption ownFormat = new FormatOption();

    DeadCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public Integer call() throws CommandException, DataDirectoryException, InterruptedException {
        return list(own, ownLane, ownFormat);
    }

    @Command(
            name = "list",
            description = "Lists them, as `dead` alone does.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int list(
            @Mixin OutboxOptions options,
            @Option(names = "--lane", paramLabel = "LANE", description = "Of this lane alone.") @Nullable String lane,
            @Mixin FormatOption format)
            throws CommandException, DataDirectoryException, InterruptedException {
        return options.run(variables, (outbox, data) -> {
            var agent = OutboxOptions.agent(data);
            Listing listing = new Listing(out(), format.isJson(), Tables.DEAD);
            DeadLetters.each(
                    outbox, lane, letter -> listing.add(() -> Tables.row(letter), () -> Facts.of(letter, agent)));
            listing.end(listing.count() + (listing.count() == 1 ? " dead letter" : " dead letters"));
            return ExitCode.DONE;
        });
    }

    @Command(
            name = "show",
            description = "Shows one with its whole audit and its payload.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class,
            footerHeading = "%nExamples:%n",
            footer = {"  holdfast outbox dead show 3", "  holdfast outbox dead show 3 --raw > payload"})
    int show(
            @Mixin OutboxOptions options,
            @Parameters(paramLabel = "ID", description = "Its number, as `dead` lists it.") long id,
            @Option(names = "--raw", description = "The payload alone, as it is.") boolean isRaw,
            @Mixin FormatOption format)
            throws CommandException, DataDirectoryException, InterruptedException {
        return options.run(variables, (outbox, data) -> {
            DeadLetter letter = DeadLetters.find(outbox, id);
            var agent = OutboxOptions.agent(data);
            if (isRaw) {
                Listing.printRaw(out(), letter.record().payload());
            } else if (format.isJson()) {
                out().println(Facts.withPayload(Facts.of(letter, agent), letter.record()));
            } else {
                out().print(Tables.card(letter, agent));
            }
            return ExitCode.DONE;
        });
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
