// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.LineLimit;
import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Tells of keys that fail, are given up on, or are not taken: whatever their number, at most {@link #LINES_AT_ONCE}
 * lines of each of the three at once and one of each every {@link #INTERVAL} after that, 18 lines a minute that go on
 * for ever. What is left out is counted in the next line; one is written for that alone if nothing else comes.
 *
 * <p>Not safe for use by several threads, but for the lines that it hands out.
 */
final class WorkLog {

    static final int LINES_AT_ONCE = 5;
    static final Duration INTERVAL = Duration.ofSeconds(10);

    private static final Logger log = LoggerFactory.getLogger(WorkQueue.class);

    private final String name;
    private final WorkPolicy policy;
    private final Kind failures;
    private final Kind terminals;
    private final Kind refusals;

    /**
     * A failed run, and what comes of it.
     *
     * @param terminal why the key was given up on, or null if it is tried again
     * @param delay until it is tried again, at the earliest if there is a limit on all retries; zero if it is not
     */
    record Setback<K>(Entry<K> entry, Terminal.@Nullable Reason terminal, Duration delay) {

        K key() {
            return entry.key;
        }

        /** As it is now: to be asked for under the lock. */
        History history() {
            return Objects.requireNonNull(entry.detail().history());
        }
    }

    /** Still to be put together and written: that asks the key for its name, and so is no work for a lock. */
    interface Line {
        void write();
    }

    /** One of the three. */
    private record Kind(Level level, String what, LineLimit limit) {

        Kind(Level level, String what, long now) {
            this(level, what, new LineLimit(LINES_AT_ONCE, INTERVAL, now));
        }
    }

    WorkLog(String name, WorkPolicy policy, long now) {
        this.name = name;
        this.policy = policy;
        this.failures = new Kind(Level.WARN, "failures", now);
        this.terminals = new Kind(Level.ERROR, "given up on", now);
        this.refusals = new Kind(Level.WARN, "not taken", now);
    }

    /**
     * The line about a failure, or null if there were too many of late.
     *
     * @param closed whether nothing is run any more
     */
    @Nullable
    Line failed(Setback<?> setback, boolean closed, Supplier<WorkQueue.Figures> asked, long now) {
        Kind kind = setback.terminal() == null ? failures : terminals;
        OptionalLong leftOut = kind.limit.admit(now);
        if (leftOut.isEmpty()) {
            return null;
        }
        History history = setback.history();
        WorkQueue.Figures figures = asked.get();
        return () -> {
            Terminal.Reason why = setback.terminal();
            String text = why == null ? retry(setback, history, closed) : terminal(setback.key(), history, why);
            write(kind, text + (leftOut.getAsLong() == 0 ? "" : "; " + more(kind, leftOut.getAsLong(), figures)));
        };
    }

    /** The line about a key that was not taken since the queue is full, or null if there were too many of late. */
    @Nullable
    Line full(Object key, WorkQueue.Figures figures, long now) {
        OptionalLong leftOut = refusals.limit.admit(now);
        if (leftOut.isEmpty()) {
            return null;
        }
        return () -> write(
                refusals,
                keyed(key) + " is not taken, the queue is full (expected: at most " + policy.capacity()
                        + " keys; remove or release terminal ones, or raise the capacity)"
                        + (leftOut.getAsLong() == 0 ? "" : "; " + more(refusals, leftOut.getAsLong(), figures)));
    }

    /** Whether something was left out that has not been told of since. */
    boolean owes() {
        return failures.limit.leftOut() + terminals.limit.leftOut() + refusals.limit.leftOut() > 0;
    }

    /** The lines that tell of what was left out, as far as it is time for them. */
    List<Line> rest(WorkQueue.Figures figures, long now) {
        List<Line> lines = new ArrayList<>();
        for (Kind kind : List.of(failures, terminals, refusals)) {
            kind.limit
                    .admitSummary(now)
                    .ifPresent(leftOut -> lines.add(() -> write(kind, more(kind, leftOut, figures))));
        }
        return lines;
    }

    /** The same when the queue ends: one line of each kind, whether it is time for it or not. */
    List<Line> end(WorkQueue.Figures figures, long now) {
        return rest(figures, now + INTERVAL.toNanos());
    }

    private void write(Kind kind, String text) {
        log.atLevel(kind.level).log("{}: {}", name, text);
    }

    private static String more(Kind kind, long leftOut, WorkQueue.Figures figures) {
        return leftOut + " more " + kind.what + " since the last line (" + figures.failing() + " keys are failing, "
                + figures.terminal() + " given up on)";
    }

    private String retry(Setback<?> setback, History history, boolean closed) {
        History.Failed failed = history.newest();
        String of = policy.maxRetries() == Integer.MAX_VALUE ? "" : " of " + (policy.maxRetries() + 1);
        String next = closed
                ? "the queue is closed"
                : "next in " + Durations.print(setback.delay())
                        + (policy.retriesPerSecond() < Double.POSITIVE_INFINITY ? " at the earliest" : "");
        return keyed(setback.key()) + " failed, attempt " + failed.attempt() + of + ": " + told(failed) + "; " + next;
    }

    private static String terminal(Object key, History history, Terminal.Reason why) {
        String reason = switch (why) {
            case RETRIES_USED_UP -> "its retries are used up";
            case DEADLINE -> "its deadline has passed";
            case PERMANENT -> "its failure is permanent";
        };
        String attempts =
                history.failures() == 1 ? "a failed attempt at " : history.failures() + " failed attempts since ";
        return keyed(key) + " is given up on after " + attempts + history.first() + ", " + reason
                + "; it runs again when it is released. Last failures: "
                + history.last().stream().map(WorkLog::told).distinct().collect(Collectors.joining("; "));
    }

    // What a key makes of itself must not keep its failure from being told.
    private static String keyed(Object key) {
        try {
            return "key " + key;
        } catch (RuntimeException | Error unable) {
            return "a key of " + key.getClass().getName();
        }
    }

    private static String told(History.Failed failed) {
        return failed.failure().cause() + " (" + failed.failure().detail() + ")";
    }
}
