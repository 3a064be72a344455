// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.VersionLine;
import dev.holdfast.cli.run.StopSignal;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.core.time.Time;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** What is said of a fleet. */
@Command(
        name = "fleet",
        description = "Shows the agents that a server knows.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionLine.class)
public final class FleetCommand implements Runnable {

    private final Map<String, String> variables;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    /** The command, which also reads the environment {@code variables}. */
    public FleetCommand(Map<String, String> variables) {
        this.variables = variables;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "fleet: nothing (expected: list, show, events or drops)");
    }

    @Command(
            name = "list",
            description = "Lists the agents.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int list(
            @Mixin FleetOptions options,
            @Option(
                            names = "--label",
                            paramLabel = "NAME=VALUE",
                            description = "Only agents with this label; given several times, only those with all.")
                    @Nullable
                    List<String> labels)
            throws CommandException {
        // What is wrong with the options is told before anybody is asked.
        String path = path(labels == null ? List.of() : labels);
        String json = options.api(variables).get(path);
        return print(options.wantsJson() ? json : FleetTable.of(Fleet.parse(json)));
    }

    /** Where those are that have all of these labels. */
    private String path(List<String> labels) {
        for (String label : labels) {
            if (label.indexOf('=') < 1) {
                throw new ParameterException(
                        spec.commandLine(), "--label: " + label + " (expected: NAME=VALUE, such as site=berlin)");
            }
        }
        return Fleet.PATH
                + labels.stream()
                        .map(label -> "label=" + URLEncoder.encode(label, StandardCharsets.UTF_8))
                        .collect(Collectors.joining("&", labels.isEmpty() ? "" : "?", ""));
    }

    @Command(
            name = "show",
            description = "Shows one agent: its host, its labels, its load and its last status.",
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int show(
            @Mixin FleetOptions options,
            @Parameters(
                            paramLabel = "AGENT",
                            description =
                                    "Its instance_uid, the first characters of it that no other has, or its host.")
                    String agent)
            throws CommandException {
        AdminApi api = options.api(variables);
        Fleet.Agent chosen = Fleet.parse(api.get(Fleet.PATH)).choose(agent);
        String json = api.get(Fleet.PATH + "/" + chosen.instanceUid());
        return print(options.wantsJson() ? json : AgentCard.of(json));
    }

    @Command(
            name = "events",
            description = {
                "Prints what an agent's outbox brought, the oldest first: a line for each record, with when it was"
                        + " recorded, lane, sequence, content type and payload.",
                "With --format json each line is a CloudEvent."
            },
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int events(
            @Mixin FleetOptions options,
            @Mixin EventOptions wanted,
            @Option(
                            names = "--follow",
                            description = "Go on with what comes, until Ctrl-C. A server that is away is waited for.")
                    boolean follow,
            @Parameters(
                            paramLabel = "AGENT",
                            description =
                                    "Its instance_uid, the first characters of it that no other has, or its host.")
                    String agent)
            throws CommandException {
        try (SystemTime time = SystemTime.start("fleet-events")) {
            EventQuery query = query(options, wanted, EventQuery.EVENTS, agent, time);
            Tail tail = tail(options, time, EventLines::event);
            if (follow) {
                follow(tail, query);
            } else {
                tail.read(query);
            }
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "drops",
            description = {
                "Prints what an agent said will never come, the oldest first: a line for each record or run of them, with"
                        + " when that was stored, lane, sequences, and why.",
                "With --format json each line is an object."
            },
            mixinStandardHelpOptions = true,
            versionProvider = VersionLine.class)
    int drops(
            @Mixin FleetOptions options,
            @Mixin EventOptions wanted,
            @Parameters(
                            paramLabel = "AGENT",
                            description =
                                    "Its instance_uid, the first characters of it that no other has, or its host.")
                    String agent)
            throws CommandException {
        try (SystemTime time = SystemTime.start("fleet-drops")) {
            tail(options, time, EventLines::drop).read(query(options, wanted, EventQuery.DROPS, agent, time));
            return ExitCode.DONE;
        }
    }

    private EventQuery query(FleetOptions options, EventOptions wanted, String path, String agent, Time time)
            throws CommandException {
        // What is wrong with the options is told before anybody is asked.
        EventQuery query = wanted.query(path, "", time.instant(), spec);
        return query.of(Fleet.parse(options.api(variables).get(Fleet.PATH))
                .choose(agent)
                .instanceUid());
    }

    private Tail tail(FleetOptions options, Time time, Function<JsonNode, String> line) {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        return new Tail(
                path -> options.api(variables).ask(path),
                time,
                new SplittableRandom(time.nanoTime()),
                item -> out.println(options.wantsJson() ? item.toString() : line.apply(item)),
                err::println);
    }

    private static void follow(Tail tail, EventQuery query) throws CommandException {
        Thread reader = Thread.currentThread();
        try (StopSignal stop = StopSignal.listen(null)) {
            var unused = stop.requested().thenRun(reader::interrupt);
            tail.follow(query);
        } catch (InterruptedException stopped) {
            // As was wished; being told to stop is no failure.
            return;
        }
    }

    private int print(String result) {
        spec.commandLine().getOut().println(result.stripTrailing());
        return ExitCode.DONE;
    }
}
