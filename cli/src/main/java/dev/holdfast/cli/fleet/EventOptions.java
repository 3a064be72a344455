// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.core.time.Durations;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which of what an agent sent is wanted. */
final class EventOptions {

    @Option(names = "--lane", paramLabel = "LANE", description = "Only what came by this lane.")
    private @Nullable String lane;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "Only what was stored since then: 2026-01-02T03:04:05Z, or how long ago, such as 10m.")
    private @Nullable String since;

    @Option(names = "--limit", paramLabel = "N", description = "End after so many.")
    private @Nullable Long limit;

    /** The query for an agent's, as of {@code now}. */
    EventQuery query(String path, String agent, Instant now, CommandSpec spec) {
        if (limit != null && limit < 1) {
            throw new ParameterException(spec.commandLine(), "--limit: " + limit + " (expected: >= 1, such as 100)");
        }
        return new EventQuery(path, agent, lane, since(now, spec), limit == null ? Long.MAX_VALUE : limit);
    }

    private @Nullable Instant since(Instant now, CommandSpec spec) {
        if (since == null) {
            return null;
        }
        Duration ago = Durations.parse(since).orElse(null);
        try {
            return ago == null ? Instant.parse(since) : now.minus(ago);
        } catch (DateTimeException e) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--since: " + since + " (expected: a time such as 2026-01-02T03:04:05Z, or how long ago, such as"
                            + " 10m)",
                    e);
        }
    }
}
