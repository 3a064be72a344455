// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.outbox.Repair;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.Verification;
import java.io.IOException;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/** What an agent keeps for its server until the server has it. */
@Command(
        name = "outbox",
        description = {
            "Appends to an agent's outbox and shows what is in it.",
            "An agent that runs is asked through the socket in its data directory; that of a stopped one is opened"
                    + " itself."
        },
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  echo hello | holdfast outbox append --lane greetings",
            "  holdfast outbox stats",
            "  holdfast outbox dead"
        })
public final class OutboxCommand implements Runnable {

    /** How many records are read at once. */
    private static final int PAGE = 500;

    private static final long SHOWN = 100;

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    private OutboxCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    /** The command with those under it, which also read the environment {@code variables}. */
    public static CommandLine line(Map<String, String> variables) {
        return new CommandLine(new OutboxCommand(variables))
                .addSubcommand(new AppendCommand(variables))
                .addSubcommand(new DeadCommand(variables))
                .addSubcommand(new ReplayCommand(variables))
                .addSubcommand(new PurgeCommand(variables));
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "outbox: nothing (expected: "
                        + String.join(", ", spec.subcommands().keySet()) + ")");
    }

    @Command(
            name = "list",
            description = {
                "Lists what waits in the lanes, the oldest first: records, and the sequences for which there is none any"
                        + " more, with why.",
                "As json an element with `gap` is of the latter; all others are records."
            },
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class,
            footerHeading = "%nExamples:%n",
            footer = {
                "  holdfast outbox list --lane doors --from 17",
                "  holdfast outbox list --format json --data /var/lib/agent"
            })
    int list(
            @Mixin OutboxOptions options,
            @Option(names = "--lane", paramLabel = "LANE", description = "This lane alone.") @Nullable String lane,
            @Option(
                            names = "--from",
                            paramLabel = "SEQUENCE",
                            description = "From this one of the lane on; with --lane.")
                    @Nullable
                    Long from,
            @Option(names = "--limit", paramLabel = "N", description = "At most so many (100 as text, all as json).")
                    @Nullable
                    Long limit,
            @Mixin FormatOption format)
            throws CommandException, DataDirectoryException, InterruptedException {
        boolean wantsJson = format.isJson();
        long first = atLeastOne("--from", from == null ? 1 : from);
        if (from != null && lane == null) {
            throw new ParameterException(spec.commandLine(), "--from: " + from + " (expected: together with --lane)");
        }
        long most = atLeastOne("--limit", limit == null ? (wantsJson ? Long.MAX_VALUE : SHOWN) : limit);
        return options.run(variables, (outbox, data) -> {
            Listing listing = new Listing(out(), wantsJson, Tables.RECORDS);
            List<LaneState> lanes = lane == null ? outbox.lanes() : List.of(lane(outbox, lane));
            for (LaneState each : lanes) {
                list(outbox, each, first, most, listing);
            }
            long waiting = lanes.stream().mapToLong(LaneState::waiting).sum();
            listing.end(
                    waiting + " waiting" + (listing.count() < most ? "" : ", " + listing.count() + " of them above"));
            return ExitCode.DONE;
        });
    }

    private long atLeastOne(String flag, long number) {
        if (number < 1) {
            throw new ParameterException(spec.commandLine(), flag + ": " + number + " (expected: >= 1)");
        }
        return number;
    }

    private static void list(OutboxAccess outbox, LaneState lane, long from, long most, Listing listing)
            throws IOException {
        long at = Math.max(from, lane.acknowledged().sequence() + 1);
        while (at <= lane.last() && listing.count() < most && !listing.isUnread()) {
            List<Item> items = outbox.read(lane.lane(), at, (int) Math.min(PAGE, most - listing.count()));
            if (items.isEmpty()) {
                return;
            }
            items.forEach(item -> listing.add(() -> Tables.row(lane, item), () -> Facts.of(lane, item)));
            at = items.getLast().last() + 1;
        }
    }

    private static LaneState lane(OutboxAccess outbox, String name) throws IOException, CommandException {
        List<LaneState> lanes = outbox.lanes();
        return lanes.stream()
                .filter(lane -> lane.lane().equals(name))
                .findFirst()
                .orElseThrow(() -> new CommandException(
                        ExitCode.FAILED,
                        "lane: " + name + " (expected: one of this outbox: "
                                + lanes.stream().map(LaneState::lane).limit(20).collect(Collectors.joining(", "))
                                + ")"));
    }

    @Command(
            name = "show",
            description = "Shows a record that waits, or what became of it.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class,
            footerHeading = "%nExamples:%n",
            footer = {"  holdfast outbox show doors 17", "  holdfast outbox show doors 17 --raw > payload"})
    int show(
            @Mixin OutboxOptions options,
            @Parameters(paramLabel = "LANE", description = "Its lane.") String lane,
            @Parameters(paramLabel = "SEQUENCE", description = "Its number in it.") long sequence,
            @Option(names = "--raw", description = "The payload alone, as it is.") boolean isRaw,
            @Mixin FormatOption format)
            throws CommandException, DataDirectoryException, InterruptedException {
        return options.run(variables, (outbox, data) -> {
            LaneState state = lane(outbox, lane);
            List<Item> items = sequence < 1 ? List.of() : outbox.read(lane, sequence, 1);
            Item item = items.isEmpty() ? null : items.getFirst();
            if (item == null || item.first() > sequence) {
                throw new CommandException(ExitCode.FAILED, notThere(state, sequence));
            }
            if (isRaw) {
                if (!(item instanceof Stored record)) {
                    throw new CommandException(
                            ExitCode.FAILED,
                            "sequence: " + sequence + " of lane " + lane
                                    + " has no payload any more (expected: one of a"
                                    + " record; without --raw it is told why)");
                }
                Listing.printRaw(out(), record.payload());
            } else if (format.isJson()) {
                ObjectNode json = Facts.of(state, item);
                out().println(item instanceof Stored record ? Facts.withPayload(json, record) : json);
            } else {
                out().print(Tables.card(state, item));
            }
            return ExitCode.DONE;
        });
    }

    private static String notThere(LaneState lane, long sequence) {
        String expected = lane.waiting() == 0
                ? "none waits there"
                : (lane.acknowledged().sequence() + 1) + " to " + lane.last() + ", which wait there";
        boolean isDelivered = sequence > 0 && sequence <= lane.acknowledged().sequence();
        return "sequence: " + sequence
                + (isDelivered ? " of lane " + lane.lane() + " is delivered" : " of lane " + lane.lane())
                + " (expected: " + expected + ")";
    }

    @Command(
            name = "stats",
            description = "Says where each lane stands.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class,
            footerHeading = "%nExamples:%n",
            footer = {"  holdfast outbox stats", "  holdfast outbox stats --format json --data /var/lib/agent"})
    int stats(@Mixin OutboxOptions options, @Mixin FormatOption format)
            throws CommandException, DataDirectoryException, InterruptedException {
        return options.run(variables, (outbox, data) -> {
            out().print(Stats.of(outbox, data, format.isJson()));
            return ExitCode.DONE;
        });
    }

    @Command(
            name = "verify",
            description = {
                "Reads all of the outbox and says what of it is damaged or lost. Changes nothing; an agent that runs"
                        + " does it itself and goes on meanwhile.",
                "Exits with 1 if a repair is needed."
            },
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class,
            footerHeading = "%nExamples:%n",
            footer = {"  holdfast outbox verify", "  holdfast outbox verify --format json --data /var/lib/agent"})
    int verify(@Mixin OutboxOptions options, @Mixin FormatOption format)
            throws CommandException, DataDirectoryException, InterruptedException {
        return options.care(variables, (data, policy, time) -> {
            Verification found = OutboxAccess.verify(data, time);
            out().print(
                            format.isJson()
                                    ? Soundness.json(found) + "\n"
                                    : Soundness.text(found) + Soundness.remedy(found, data));
            return found.isRepairNeeded() ? ExitCode.FAILED : ExitCode.DONE;
        });
    }

    @Command(
            name = "repair",
            description = {
                "Makes a stopped agent's outbox whole again: moves what can be read to where nothing is damaged, and"
                        + " names what is lost, so that the lanes go on after it.",
                "Copies of what was damaged stay beside it. Does nothing if nothing is damaged."
            },
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class,
            footerHeading = "%nExamples:%n",
            footer = {"  holdfast outbox repair --data /var/lib/agent"})
    int repair(@Mixin OutboxOptions options, @Mixin FormatOption format)
            throws CommandException, DataDirectoryException, InterruptedException {
        return options.care(variables, (data, policy, time) -> {
            Repair.Done done;
            try {
                done = OutboxAccess.repair(data, policy, time, new SecureRandom());
            } catch (DataDirectoryException.Held e) {
                throw new CommandException(
                        ExitCode.HELD,
                        "data directory " + data + " is held by " + e.holder()
                                + " (expected: a stopped agent; a repair needs its directory to itself)");
            }
            out().print(format.isJson() ? Soundness.json(done) + "\n" : Soundness.text(done));
            return ExitCode.DONE;
        });
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
