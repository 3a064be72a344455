// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The agent's end of one connection: says who it is, keeps the conversation alive, and notices when the server has
 * fallen silent.
 *
 * <p>It begins with {@link #open}: a <em>rejoin</em>, which leaves the description out, if the server has taken this
 * very state before, else a <em>registration</em>, which is the full state. A rejoin that is not answered in time
 * becomes a registration on the same connection. The server's answer attaches the agent; if the answer asks for the
 * full state instead, that is sent first.
 *
 * <p>Each method takes the monotonic time and returns what to send and what happened. {@link #wakeAt} says when to call
 * {@link #wake} next. Not safe for use by several threads; it neither waits nor reads a clock.
 */
public final class AgentSession {

    /** The longest heartbeat interval that a server may set: without any, a server that fell silent goes unnoticed. */
    public static final Duration LONGEST_HEARTBEAT = Duration.ofHours(1);

    /** How late a wake must come to show that the process was stopped, suspended or short of time. */
    private static final Duration HELD_UP = Duration.ofSeconds(1);

    /** Where the conversation stands. */
    public enum Phase {
        /** A rejoin was sent and is not answered. */
        REJOINING,
        /** The full state was sent and is not answered. */
        REGISTERING,
        /** The server has taken the agent. */
        ATTACHED,
        /** Over. */
        CLOSED
    }

    /** How an agent came to be attached. */
    public enum Arrival {
        /** The server still knew it: no description was sent. */
        REJOINED,
        /** The server took its full state. */
        REGISTERED
    }

    /** Something that the link should know. */
    public sealed interface Signal {

        /** The server has taken the agent; on one connection a second time only after {@link Renamed}. */
        record Attached(Arrival arrival) implements Signal {}

        /** This connection is of no more use. */
        record Failed(Failure failure) implements Signal {}

        /** The server refused one message of an attached agent; the connection goes on. */
        record Refused(Failure failure) implements Signal {}

        /** The server gave the agent another name, which must be kept. */
        record Renamed(InstanceUid uid) implements Signal {}

        /** The server sent a custom message. */
        record Received(CustomMessage message) implements Signal {}
    }

    /**
     * What a call gave.
     *
     * @param messages to be sent, in order
     * @param signals what happened, in order
     */
    public record Step(List<AgentMessage> messages, List<Signal> signals) {}

    /**
     * How long the session waits. Durations are more than zero and at most a day.
     *
     * @param rejoin for the answer to a rejoin; 5 s by default
     * @param register for the answer to a registration; 30 s by default
     * @param heartbeat how long after its last message an attached agent says that it is there; 5 s by default, and the
     *     server may set another
     * @param deadAfter how many heartbeat intervals a message may go unanswered, 1 to 100; 2 by default
     */
    public record Timing(Duration rejoin, Duration register, Duration heartbeat, int deadAfter) {

        /** These keep {@code deadAfter} intervals far from the range of nanoseconds in a long. */
        private static final Duration LONGEST = Duration.ofDays(1);

        private static final int MOST_INTERVALS = 100;

        /** The defaults. */
        public static final Timing DEFAULT =
                new Timing(Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofSeconds(5), 2);

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Timing {
            Durations.requirePositive("rejoin", rejoin, LONGEST);
            Durations.requirePositive("register", register, LONGEST);
            Durations.requirePositive("heartbeat", heartbeat, LONGEST);
            if (deadAfter < 1 || deadAfter > MOST_INTERVALS) {
                throw new IllegalArgumentException(
                        "deadAfter: " + deadAfter + " (expected: 1 to " + MOST_INTERVALS + " heartbeat intervals)");
            }
        }
    }

    private final Timing timing;
    private final AgentVoice voice;
    private final List<AgentMessage> messages = new ArrayList<>();
    private final List<Signal> signals = new ArrayList<>();
    private Phase phase;
    private Duration heartbeat;
    private Set<String> serverCapabilities = Set.of();

    /** When the answer that is waited for is overdue. Holds a value of meaning only before the agent is attached. */
    private long answerDue;

    /** When the last message was sent. */
    private long sentAt;

    /** When the oldest message that nothing has answered was sent, or null if there is none. */
    private @Nullable Long unansweredSince;

    /** Whether a rejoin became a registration, so that the next answer is still that to the rejoin. */
    private boolean rejoinUnanswered;

    /** Whether silence was not judged since the last sign of the server. */
    private boolean spared;

    /**
     * A conversation that has not begun.
     *
     * @param self what to tell the server
     * @param known whether the server has taken this very state before, so that a rejoin will do
     * @param firstSequence the number of the first message
     */
    public AgentSession(AgentState self, boolean known, long firstSequence, Timing timing) {
        this.voice = new AgentVoice(self, firstSequence);
        this.timing = timing;
        this.heartbeat = timing.heartbeat();
        this.phase = known ? Phase.REJOINING : Phase.REGISTERING;
    }

    /** Where the conversation stands. */
    public Phase phase() {
        return phase;
    }

    /** The number that the next message will have, also that of a later connection. */
    public long nextSequence() {
        return voice.nextSequence();
    }

    /** What the server was, or will be, told. */
    public AgentState self() {
        return voice.self();
    }

    /** Whether the server announced that it takes messages of this custom capability. */
    public boolean serverTakes(String customCapability) {
        return serverCapabilities.contains(customCapability);
    }

    /** Begins: to be called once, when the connection stands. A session that was closed before that stays closed. */
    public Step open(long now) {
        if (phase == Phase.REJOINING) {
            send(voice.rejoin(), now);
            answerDue = now + timing.rejoin().toNanos();
        } else if (phase == Phase.REGISTERING) {
            register(now);
        }
        return taken();
    }

    /** Takes a message from the server. */
    public Step received(ServerMessage message, long now) {
        if (phase == Phase.CLOSED) {
            return taken();
        }
        boolean answersRejoin = rejoinUnanswered;
        rejoinUnanswered = false;
        spared = false;
        unansweredSince = null;
        if (!voice.isSpokenTo(message)) {
            fail(Failure.of(Cause.PROTOCOL, "a message for another agent, " + message.uid()));
            return taken();
        }
        if (message.error() != null) {
            refused(message.error().asFailure());
            return taken();
        }
        if (message.customCapabilities() != null) {
            serverCapabilities = Set.copyOf(message.customCapabilities());
        }
        if (message.heartbeatInterval() != null) {
            heartbeat = Collections.min(List.of(message.heartbeatInterval(), LONGEST_HEARTBEAT));
        }
        if (message.custom() != null) {
            signals.add(new Signal.Received(message.custom()));
        }
        boolean renamed = voice.isRenamedBy(message);
        if (answersRejoin && !renamed) {
            // The full state that it may ask for is on its way: what counts is the answer to that.
            if (!message.reportFullState()) {
                answered(Arrival.REJOINED);
            }
        } else if (renamed || message.reportFullState()) {
            fullStateWanted(renamed ? message.newUid() : null, now);
        } else {
            answered(phase == Phase.REJOINING ? Arrival.REJOINED : Arrival.REGISTERED);
        }
        return taken();
    }

    /** Does what is due: see {@link #wakeAt}. Early calls do no harm. */
    public Step wake(long now) {
        switch (phase) {
            case REJOINING, REGISTERING -> {
                if (now - answerDue >= 0 && !heldUp(now)) {
                    unanswered(now);
                }
            }
            case ATTACHED -> beat(now);
            case CLOSED -> {}
        }
        return taken();
    }

    /** When {@link #wake} is to be called next; of no meaning once the session is closed. */
    public long wakeAt() {
        if (phase != Phase.ATTACHED) {
            return answerDue;
        }
        long beatAt = beatAt();
        if (unansweredSince == null) {
            return beatAt;
        }
        long deadAt = deadAt(unansweredSince);
        return deadAt - beatAt < 0 ? deadAt : beatAt;
    }

    /**
     * Tells the server of another health: at once if the agent is attached, else with the first message that is sent
     * from then on, which is the next heartbeat at the latest.
     */
    public Step report(Health health, long now) {
        voice.owe(health);
        if (phase == Phase.ATTACHED) {
            send(voice.next(now), now);
        }
        return taken();
    }

    /**
     * Sends a custom message.
     *
     * @throws IllegalStateException unless the agent is attached and the server {@linkplain #serverTakes takes} it
     */
    public Step send(CustomMessage message, long now) {
        if (phase != Phase.ATTACHED || !serverTakes(message.capability())) {
            throw new IllegalStateException("cannot send " + message.capability() + " while " + phase
                    + " to a server that takes " + serverCapabilities);
        }
        send(voice.next(message, now), now);
        return taken();
    }

    /** Sets another interval for heartbeats; the next that the server sets counts again. */
    public void beatEvery(Duration interval) {
        heartbeat = interval;
    }

    /** Ends the conversation, with a last word to the server. */
    public Step close(long now) {
        if (phase != Phase.CLOSED) {
            send(voice.goodbye(), now);
            phase = Phase.CLOSED;
        }
        return taken();
    }

    /**
     * Whether this process was held up for so long that answers may lie unread: then silence is not judged, and there
     * is some more time. Not twice without a sign of the server in between.
     */
    private boolean heldUp(long now) {
        if (spared || now - wakeAt() < HELD_UP.toNanos()) {
            return false;
        }
        spared = true;
        answerDue = now + timing.rejoin().toNanos();
        unansweredSince = null;
        return true;
    }

    private void unanswered(long now) {
        if (phase == Phase.REJOINING) {
            rejoinUnanswered = true;
            register(now);
        } else {
            fail(Failure.of(Cause.TIMEOUT, "registration not answered within " + Durations.print(timing.register())));
        }
    }

    private void answered(Arrival arrival) {
        if (phase == Phase.ATTACHED) {
            return;
        }
        phase = Phase.ATTACHED;
        voice.taken();
        signals.add(new Signal.Attached(arrival));
    }

    private void fullStateWanted(@Nullable InstanceUid newUid, long now) {
        if (phase == Phase.ATTACHED && newUid == null) {
            // With a later message, so that a server that never has enough cannot turn this into a loop.
            voice.oweFullState();
            return;
        }
        int wanted = voice.wanted();
        if (wanted > AgentVoice.MOST_FULL_STATES) {
            fail(Failure.of(Cause.PROTOCOL, "the server wanted the full state " + wanted + " times in a row"));
            return;
        }
        if (newUid != null) {
            voice.rename(newUid);
            signals.add(new Signal.Renamed(newUid));
        }
        register(now);
    }

    private void refused(Failure refusal) {
        if (refusal.cause() == Cause.REJECTED && phase == Phase.ATTACHED) {
            signals.add(new Signal.Refused(refusal));
        } else {
            fail(refusal);
        }
    }

    private void beat(long now) {
        if (unansweredSince != null && now - deadAt(unansweredSince) >= 0 && !heldUp(now)) {
            String silence = Durations.print(Duration.ofNanos(now - unansweredSince));
            fail(Failure.of(Cause.TIMEOUT, timing.deadAfter() + " heartbeats unanswered, silent for " + silence));
        } else if (now - beatAt() >= 0) {
            send(voice.next(now), now);
        }
    }

    private long beatAt() {
        return sentAt + heartbeat.toNanos();
    }

    private long deadAt(long since) {
        return since + timing.deadAfter() * heartbeat.toNanos();
    }

    private void register(long now) {
        phase = Phase.REGISTERING;
        answerDue = now + timing.register().toNanos();
        send(voice.fullState(), now);
    }

    private void fail(Failure failure) {
        phase = Phase.CLOSED;
        signals.add(new Signal.Failed(failure));
    }

    private void send(AgentMessage message, long now) {
        sentAt = now;
        if (unansweredSince == null) {
            unansweredSince = now;
        }
        messages.add(message);
    }

    private Step taken() {
        Step step = new Step(List.copyOf(messages), List.copyOf(signals));
        messages.clear();
        signals.clear();
        return step;
    }
}
