// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.Invocation;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.record.DeadLetter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Which dead letters are meant, in which outbox, and finding them. */
final class DeadLetters {

    /** How many are asked for at once. */
    private static final int PAGE = 100;

    @Mixin
    private OutboxOptions options = new OutboxOptions();

    @Parameters(paramLabel = "ID", arity = "0..*", description = "Their numbers, as `dead` lists them.")
    private List<Long> ids = new ArrayList<>();

    @Option(names = "--all", description = "All of them.")
    private boolean isAll;

    @Option(names = "--lane", paramLabel = "LANE", description = "With --all: all of this lane.")
    private @Nullable String lane;

    /** What is done with those that are meant. */
    @FunctionalInterface
    interface Work {
        /** Does it. */
        void with(OutboxAccess outbox, List<Long> ids) throws IOException, InterruptedException, CommandException;
    }

    /**
     * Does something with those that are meant, all of which are there.
     *
     * @throws ParameterException if it is not clear which
     * @throws CommandException if one is not there
     */
    int run(Map<String, String> variables, CommandSpec spec, Work work)
            throws CommandException, DataDirectoryException, InterruptedException {
        check(spec);
        return options.run(variables, (outbox, data) -> {
            work.with(outbox, chosen(outbox));
            return ExitCode.DONE;
        });
    }

    private List<Long> chosen(OutboxAccess outbox) throws IOException, CommandException {
        List<Long> chosen = new ArrayList<>();
        if (isAll) {
            each(outbox, lane, letter -> chosen.add(letter.id()));
        }
        for (long id : ids) {
            chosen.add(find(outbox, id).id());
        }
        return chosen;
    }

    /** Sees to it that it is clear which are meant. */
    private void check(CommandSpec spec) {
        if (isAll == !ids.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    spec.name() + ": " + (isAll ? "ids and --all" : "nothing")
                            + " (expected: ids, such as 3 4, or --all)");
        }
        if (lane != null && !isAll) {
            throw new ParameterException(spec.commandLine(), "--lane: " + lane + " (expected: together with --all)");
        }
    }

    /** Each that there is, the oldest first. */
    static void each(OutboxAccess outbox, @Nullable String lane, Consumer<DeadLetter> taker) throws IOException {
        for (List<DeadLetter> page = outbox.dead(1, PAGE);
                !page.isEmpty();
                page = outbox.dead(page.getLast().id() + 1, PAGE)) {
            page.stream()
                    .filter(letter -> lane == null || letter.lane().equals(lane))
                    .forEach(taker);
        }
    }

    static DeadLetter find(OutboxAccess outbox, long id) throws IOException, CommandException {
        return outbox.dead(id, 1).stream()
                .filter(letter -> letter.id() == id)
                .findFirst()
                .orElseThrow(() -> new CommandException(
                        ExitCode.FAILED,
                        "dead letter " + id + " is not there (expected: one that `" + Invocation.name()
                                + " outbox dead` lists)"));
    }
}
