// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long an agent that sends heartbeats has been silent, and what is to be done about it.
 *
 * <p>One that was told an interval is given two of them and a {@link #GRACE} to send a message. Of one that was not,
 * the interval is taken to be the longest time between its last few messages, and once it is overdue it is asked
 * whether it lives: then whatever comes of it is a sign of life, so that nobody is given up for having less to say than
 * before.
 *
 * <p>Where this is looked at late, it was the server that was held up, and what the agent sent meanwhile may not be
 * read yet: it has a moment more. Not safe for use by several threads; it neither waits nor reads a clock.
 */
public final class Silence {

    /** What an agent is given beyond two intervals. */
    public static final Duration GRACE = Duration.ofSeconds(1);

    /** The shortest interval that an agent is taken to have without having been told: that of ours. */
    public static final Duration SHORTEST = Duration.ofSeconds(5);

    /** How much later than planned is late. */
    private static final Duration LATE = Duration.ofSeconds(1);

    /** Between how many messages the time is looked at. */
    private static final int GAPS = 4;

    private final @Nullable Duration told;
    private final Duration longest;
    private final long[] gaps = new long[GAPS];
    private int messages;
    private long spoke;
    private long alive;
    private long planned;

    /** What is to be done. */
    public sealed interface Step {

        /** To look again. */
        record Wait(Duration left) implements Step {}

        /** To ask whether it lives, and to look again. */
        record Ask(Duration left) implements Step {}

        /** To count it as gone. */
        record Gone(Duration silent) implements Step {}
    }

    /**
     * That of an agent that was heard now.
     *
     * @param told the interval it was told; null if it was not
     * @param longest the interval that it is taken to have while too little is known
     */
    public Silence(@Nullable Duration told, Duration longest, long now) {
        this.told = told;
        this.longest = longest;
        this.spoke = now;
        this.alive = now;
        this.planned = now;
    }

    /** It sent a message. */
    public void spoke(long now) {
        gaps[messages++ % GAPS] = now - spoke;
        spoke = now;
        alive = now;
    }

    /** It showed that it lives, which is not enough of one that was told an interval. */
    public void lives(long now) {
        alive = now;
    }

    /** It is not its turn: it waits for the server. */
    public void excused(long now) {
        spoke = now;
        alive = now;
    }

    /** Looks at it. The next look is due when the step says, or when more is known. */
    public Step look(long now) {
        long late = now - planned;
        long interval = interval().toNanos();
        long silent = now - (told == null ? alive : spoke);
        long left = 2 * interval + GRACE.toNanos() - silent;
        if (left <= 0 && late >= LATE.toNanos()) {
            return wait(now, LATE.toNanos());
        }
        if (left <= 0) {
            return new Step.Gone(Duration.ofNanos(silent));
        }
        long overdue = interval + GRACE.toNanos() - silent;
        if (told == null && overdue <= 0) {
            planned = now + left;
            return new Step.Ask(Duration.ofNanos(left));
        }
        return wait(now, told == null ? overdue : left);
    }

    private Step wait(long now, long left) {
        planned = now + left;
        return new Step.Wait(Duration.ofNanos(left));
    }

    /** How often it is to speak, or seems to. */
    public Duration interval() {
        if (told != null) {
            return told;
        }
        if (messages < GAPS) {
            return longest;
        }
        long most = 0;
        for (long gap : gaps) {
            most = Math.max(most, gap);
        }
        return Duration.ofNanos(Math.min(Math.max(most, SHORTEST.toNanos()), longest.toNanos()));
    }
}
