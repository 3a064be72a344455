// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import dev.holdfast.core.policy.LimitedLog;
import dev.holdfast.core.time.Durations;
import dev.holdfast.opamp.InstanceUid;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far the agents' clocks are from this host's, told by the dates of their health reports.
 *
 * <p>A report may be old when it comes: kept while the link was down, or on a machine that was suspended. So a date in
 * the future tells of a clock that is ahead, but one gone by tells of a clock that is behind only if the next report,
 * made later, is as far behind. Safe for use by any thread.
 */
final class AgentClocks {

    private static final Logger log = LoggerFactory.getLogger(AgentClocks.class);

    /** More than this is worth a line. */
    static final Duration TOLERANCE = Duration.ofMinutes(5);

    private final Map<InstanceUid, Reading> readings = new ConcurrentHashMap<>();
    private final LimitedLog lines;

    AgentClocks(LimitedLog lines) {
        this.lines = lines;
    }

    /**
     * What the last report told.
     *
     * @param at the date of it
     * @param apparent how far that was from ours when it came
     * @param offset how far the agent's clock is from ours, or null if that is not certain
     * @param told the offset that a line was written of, or null if none was or the clocks agree again
     */
    private record Reading(
            Instant at,
            Duration apparent,
            @Nullable Duration offset,
            @Nullable Duration told) {

        Reading withTold(@Nullable Duration told) {
            return new Reading(at, apparent, offset, told);
        }
    }

    /** How far the agent's clock is ahead, if that is known. */
    Optional<Duration> offset(InstanceUid uid) {
        return Optional.ofNullable(readings.get(uid)).map(Reading::offset);
    }

    /**
     * Takes the date of a report.
     *
     * @param at what the agent says, or null if it says nothing
     */
    void read(AgentRecord agent, @Nullable Instant at, Instant now) {
        if (at == null) {
            return;
        }
        readings.compute(agent.uid(), (uid, before) -> {
            Reading after = next(before, at, Duration.between(now, at).truncatedTo(ChronoUnit.MILLIS));
            return told(agent, after);
        });
    }

    private static Reading next(@Nullable Reading before, Instant at, Duration apparent) {
        Duration told = before == null ? null : before.told();
        boolean ahead = !apparent.isNegative();
        boolean again = before != null && at.isAfter(before.at()) && !differ(apparent, before.apparent());
        Duration known = before == null ? null : before.offset();
        if (!ahead && !differ(apparent, Duration.ZERO)) {
            // As good as none: a report that was a little old when it came looks the same.
            return new Reading(at, apparent, Duration.ZERO, told);
        }
        return new Reading(at, apparent, ahead || again ? apparent : known, told);
    }

    private Reading told(AgentRecord agent, Reading reading) {
        Duration offset = reading.offset();
        Duration told = reading.told();
        if (offset == null) {
            return reading;
        }
        if (!differ(offset, Duration.ZERO)) {
            if (told != null) {
                lines.write(log::info, () -> Fleet.named(agent) + ": its clock agrees with this host's again");
            }
            return reading.withTold(null);
        }
        if (told != null && !differ(offset, told)) {
            return reading;
        }
        lines.write(
                log::warn,
                () -> Fleet.named(agent) + ": its clock is " + print(offset) + " this host's (expected: at most "
                        + Durations.print(TOLERANCE) + " apart; set that host's clock, or this one's if all agents"
                        + " differ; links do not depend on it, the dates of records do)");
        return reading.withTold(offset);
    }

    private static boolean differ(Duration one, Duration other) {
        return one.minus(other).abs().compareTo(TOLERANCE) > 0;
    }

    private static String print(Duration offset) {
        return Durations.print(offset.abs().plusMillis(500).truncatedTo(ChronoUnit.SECONDS))
                + (offset.isNegative() ? " behind" : " ahead of");
    }
}
