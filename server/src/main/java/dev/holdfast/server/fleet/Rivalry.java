// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Whether one agent's uid is used by several processes at once, as far as their displacing each other shows. Immutable.
 *
 * <p>That B takes the place of A shows nothing: B may be A's successor, and A's connection half open. That A then takes
 * the place of B shows that A was alive after all; once is let pass. When after that any process comes back that was
 * displaced, at least two are alive, and the one that comes is to have another uid:
 *
 * <pre>{@code
 *   A is attached    B displaces A    A displaces B    B comes: turned away
 *                    A lost           A came back      B lost before, and one came back before
 * }</pre>
 *
 * <p>So a process that reconnects never counts, nor does any number of restarts, of which each displaces the one
 * before and none comes back.
 *
 * <p>Agents that do not say which process they are cannot be told apart that way. Of them only a displaced link counts
 * that answered its close, which a half-open one does not: after {@value #MOST_ANSWERED} such within a minute the next
 * that comes is turned away.
 *
 * @param losses who was displaced, each process once, the latest last
 * @param cameBack when one of those last displaced another
 * @param answered when displaced links of no known process last answered their close, the latest last
 */
record Rivalry(List<Loss> losses, @Nullable Long cameBack, List<Long> answered) {

    /** Nobody was displaced. */
    static final Rivalry NONE = new Rivalry(List.of(), null, List.of());

    /**
     * How long a displacement counts: an agent that was displaced is back within 15 s and some jitter, and within five
     * minutes and some if it had reason to stay away; longer ago it says nothing of today.
     */
    static final Duration MEMORY = Duration.ofMinutes(10);

    /** How long an answer to a close counts: one agent may open a second link now and then before it ends the first. */
    static final Duration ANSWER_MEMORY = Duration.ofMinutes(1);

    static final int MOST_ANSWERED = 3;

    /** How many losers are remembered. Of more copies of one agent those that come back soonest are found out first. */
    static final int MOST_LOSSES = 256;

    /**
     * A process that was displaced.
     *
     * @param at when, in monotonic nanoseconds
     */
    record Loss(AgentProcess process, long at) {}

    /**
     * Whether a process is to have another uid rather than take the place of the one that is attached.
     *
     * @param newcomer null if it does not say which it is
     * @param present the attached one; null if it did not say
     */
    boolean turnsAway(@Nullable AgentProcess newcomer, @Nullable AgentProcess present, long now) {
        Rivalry current = at(now);
        if (newcomer == null || present == null) {
            return newcomer == null && present == null && current.answered.size() >= MOST_ANSWERED;
        }
        return !newcomer.equals(present) && current.cameBack != null && current.hasLost(newcomer);
    }

    /** What is known once one process has taken the place of another. */
    Rivalry displaced(@Nullable AgentProcess loser, @Nullable AgentProcess newcomer, long now) {
        Rivalry current = at(now);
        if (loser == null || newcomer == null || loser.equals(newcomer)) {
            return current;
        }
        Stream<Loss> others = current.losses.stream().filter(loss -> !loss.process.equals(loser));
        List<Loss> losses =
                Stream.concat(others, Stream.of(new Loss(loser, now))).toList();
        int tooMany = Math.max(0, losses.size() - MOST_LOSSES);
        return new Rivalry(
                List.copyOf(losses.subList(tooMany, losses.size())),
                current.hasLost(newcomer) ? Long.valueOf(now) : current.cameBack,
                current.answered);
    }

    /** What is known once a displaced link of no known process has answered its close. */
    Rivalry answered(long now) {
        Rivalry current = at(now);
        List<Long> answers =
                Stream.concat(current.answered.stream(), Stream.of(now)).toList();
        int tooMany = Math.max(0, answers.size() - MOST_ANSWERED);
        return new Rivalry(current.losses, current.cameBack, List.copyOf(answers.subList(tooMany, answers.size())));
    }

    /** What of it still counts. */
    Rivalry at(long now) {
        if (equals(NONE)) {
            return this;
        }
        List<Loss> recent =
                losses.stream().filter(loss -> isRecent(loss.at, now, MEMORY)).toList();
        Long back = cameBack != null && isRecent(cameBack, now, MEMORY) ? cameBack : null;
        List<Long> answers =
                answered.stream().filter(at -> isRecent(at, now, ANSWER_MEMORY)).toList();
        return recent.isEmpty() && back == null && answers.isEmpty() ? NONE : new Rivalry(recent, back, answers);
    }

    private boolean hasLost(AgentProcess process) {
        return losses.stream().anyMatch(loss -> loss.process.equals(process));
    }

    private static boolean isRecent(long at, long now, Duration memory) {
        return now - at < memory.toNanos();
    }
}
