// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.LineLimit;
import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Tells of failing keys, whatever their number, in at most {@link #LINES_AT_ONCE} lines of each of two kinds at once
 * and one of each every {@link #INTERVAL} after that: 12 lines a minute that go on for ever. What is left out is
 * counted in the next line.
 */
final class WorkLog {

    static final int LINES_AT_ONCE = 5;
    static final Duration INTERVAL = Duration.ofSeconds(10);

    private static final Logger log = LoggerFactory.getLogger(WorkQueue.class);

    private final String name;
    private final WorkPolicy policy;
    private final LineLimit retries;
    private final LineLimit terminals;

    /** One that is still to be written. */
    record Line(Level level, String text) {
        void write() {
            log.atLevel(level).log(text);
        }
    }

    WorkLog(String name, WorkPolicy policy, long now) {
        this.name = name;
        this.policy = policy;
        this.retries = new LineLimit(LINES_AT_ONCE, INTERVAL, now);
        this.terminals = new LineLimit(LINES_AT_ONCE, INTERVAL, now);
    }

    /** The line about a failure, or null if there were too many of late. */
    @Nullable
    Line line(WorkMachine.Setback<?> setback, Figures figures, long now) {
        Terminal.Reason why = setback.terminal();
        OptionalLong leftOut = (why == null ? retries : terminals).admit(now);
        if (leftOut.isEmpty()) {
            return null;
        }
        return why == null
                ? new Line(Level.WARN, name + ": " + retry(setback) + more(leftOut, "failures", figures))
                : new Line(Level.ERROR, name + ": " + terminal(setback, why) + more(leftOut, "given up on", figures));
    }

    private static String more(OptionalLong leftOut, String what, Figures figures) {
        return leftOut.getAsLong() == 0
                ? ""
                : "; " + leftOut.getAsLong() + " more " + what + " since the last line (" + figures.failing()
                        + " keys are failing, " + figures.terminal() + " given up on)";
    }

    private String retry(WorkMachine.Setback<?> setback) {
        History.Failed failed = setback.history().newest();
        return "key " + setback.key() + " failed, attempt " + failed.attempt() + " of " + (policy.maxRetries() + 1L)
                + ": " + told(failed) + "; next in " + Durations.print(setback.delay());
    }

    private static String terminal(WorkMachine.Setback<?> setback, Terminal.Reason why) {
        History history = setback.history();
        String reason = switch (why) {
            case RETRIES_USED_UP -> "its retries are used up";
            case DEADLINE -> "its deadline has passed";
            case PERMANENT -> "its failure is permanent";
        };
        return "key " + setback.key() + " is given up on after " + history.failures() + " failed attempts since "
                + history.first() + ", " + reason + "; it runs again when it is released. Last failures: "
                + history.last().stream().map(WorkLog::told).distinct().collect(Collectors.joining("; "));
    }

    private static String told(History.Failed failed) {
        return failed.failure().cause() + " (" + failed.failure().detail() + ")";
    }
}
