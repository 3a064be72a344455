// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import dev.holdfast.core.policy.Cause;
import java.time.Duration;
import java.util.ArrayList;
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

    /** How many full states a server may ask for before it must have taken one. */
    private static final int MOST_FULL_STATES = 3;

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

        /** The server has taken the agent. */
        record Attached(Arrival arrival) implements Signal {}

        /** This connection is of no more use. */
        record Failed(Cause cause, @Nullable Duration retryAfter, String detail) implements Signal {}

        /** The server refused one message of an attached agent; the connection goes on. */
        record Refused(String detail) implements Signal {}

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
     * How long the session waits.
     *
     * @param rejoin for the answer to a rejoin; 5 s by default
     * @param register for the answer to a registration; 30 s by default
     * @param heartbeat how long after its last message an attached agent says that it is there; 5 s by default, and the
     *     server may set another
     * @param deadAfter how many heartbeat intervals a message may go unanswered; 2 by default
     */
    public record Timing(Duration rejoin, Duration register, Duration heartbeat, int deadAfter) {

        /** The defaults. */
        public static final Timing DEFAULT =
                new Timing(Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofSeconds(5), 2);

        /** @throws IllegalArgumentException if a component is not more than zero; the message names it */
        public Timing {
            requirePositive("rejoin", rejoin);
            requirePositive("register", register);
            requirePositive("heartbeat", heartbeat);
            if (deadAfter < 1) {
                throw new IllegalArgumentException("deadAfter: " + deadAfter + " (expected: >= 1)");
            }
        }

        private static void requirePositive(String name, Duration value) {
            if (!value.isPositive()) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: a duration > 0s)");
            }
        }
    }

    private final Timing timing;
    private final List<AgentMessage> messages = new ArrayList<>();
    private final List<Signal> signals = new ArrayList<>();

    private AgentState self;
    private Phase phase;
    private long nextSequence;
    private Duration heartbeat;
    private Set<String> serverCapabilities = Set.of();

    /** When the answer that is waited for is overdue. Holds a value of meaning only before the agent is attached. */
    private long answerDue;

    /** When the last message was sent. */
    private long sentAt;

    /** When the oldest message that nothing has answered was sent, or null if there is none. */
    private @Nullable Long unansweredSince;

    private int fullStatesAsked;
    private boolean fullStateOwed;

    /**
     * A conversation that has not begun.
     *
     * @param self what to tell the server
     * @param known whether the server has taken this very state before, so that a rejoin will do
     * @param firstSequence the number of the first message
     */
    public AgentSession(AgentState self, boolean known, long firstSequence, Timing timing) {
        this.self = self;
        this.timing = timing;
        this.heartbeat = timing.heartbeat();
        this.nextSequence = firstSequence;
        this.phase = known ? Phase.REJOINING : Phase.REGISTERING;
    }

    /** Where the conversation stands. */
    public Phase phase() {
        return phase;
    }

    /** The number that the next message will have, also that of a later connection. */
    public long nextSequence() {
        return nextSequence;
    }

    /** What the server was, or will be, told. */
    public AgentState self() {
        return self;
    }

    /** Whether the server announced that it takes messages of this custom capability. */
    public boolean serverTakes(String customCapability) {
        return serverCapabilities.contains(customCapability);
    }

    /** Begins: to be called once, when the connection stands. */
    public Step open(long now) {
        if (phase == Phase.REJOINING) {
            send(greeting().withHealth(self.health()), now);
            answerDue = now + timing.rejoin().toNanos();
        } else {
            register(now);
        }
        return taken();
    }

    /** Takes a message from the server. */
    public Step received(ServerMessage message, long now) {
        if (phase == Phase.CLOSED) {
            return taken();
        }
        unansweredSince = null;
        if (message.error() != null) {
            refused(message.error());
            return taken();
        }
        if (message.customCapabilities() != null) {
            serverCapabilities = Set.copyOf(message.customCapabilities());
        }
        if (message.heartbeatInterval() != null) {
            heartbeat = message.heartbeatInterval();
        }
        if (message.custom() != null) {
            signals.add(new Signal.Received(message.custom()));
        }
        if (message.newUid() != null && !message.newUid().equals(self.uid())) {
            self = self.withUid(message.newUid());
            signals.add(new Signal.Renamed(message.newUid()));
            register(now);
        } else if (message.reportFullState()) {
            fullStateAsked(now);
        } else {
            answered();
        }
        return taken();
    }

    /** Does what is due: see {@link #wakeAt}. Early calls do no harm. */
    public Step wake(long now) {
        switch (phase) {
            case REJOINING -> {
                if (now - answerDue >= 0) {
                    register(now);
                }
            }
            case REGISTERING -> {
                if (now - answerDue >= 0) {
                    fail(Cause.TIMEOUT, null, "registration not answered within " + timing.register());
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
        long beatAt = sentAt + heartbeat.toNanos();
        if (unansweredSince == null) {
            return beatAt;
        }
        long deadAt = deadAt(unansweredSince);
        return deadAt - beatAt < 0 ? deadAt : beatAt;
    }

    /** Tells an attached server of another health; before that, the first message will carry it. */
    public Step report(Health health, long now) {
        self = self.withHealth(health);
        if (phase == Phase.ATTACHED) {
            send(heartbeatMessage().withHealth(health), now);
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
        send(heartbeatMessage().withCustom(message), now);
        return taken();
    }

    /** Ends the conversation, with a last word to the server. */
    public Step close(long now) {
        if (phase != Phase.CLOSED) {
            send(heartbeatMessage().withDisconnect(), now);
            phase = Phase.CLOSED;
        }
        return taken();
    }

    private void answered() {
        if (phase == Phase.ATTACHED) {
            return;
        }
        Arrival arrival = phase == Phase.REJOINING ? Arrival.REJOINED : Arrival.REGISTERED;
        phase = Phase.ATTACHED;
        fullStatesAsked = 0;
        signals.add(new Signal.Attached(arrival));
    }

    private void fullStateAsked(long now) {
        if (phase == Phase.ATTACHED) {
            // With the next heartbeat, so that a server that never has enough cannot turn this into a loop.
            fullStateOwed = true;
            return;
        }
        fullStatesAsked++;
        if (fullStatesAsked > MOST_FULL_STATES) {
            fail(Cause.PROTOCOL, null, "the server asked for the full state " + fullStatesAsked + " times in a row");
            return;
        }
        register(now);
    }

    private void refused(ServerMessage.Failure failure) {
        String detail = failure.kind() + ": " + failure.message();
        switch (failure.kind()) {
            case UNAVAILABLE -> fail(Cause.OVERLOAD, failure.retryAfter(), detail);
            case UNKNOWN -> fail(Cause.SERVER, failure.retryAfter(), detail);
            case BAD_REQUEST -> {
                if (phase == Phase.ATTACHED) {
                    signals.add(new Signal.Refused(detail));
                } else {
                    fail(Cause.REJECTED, null, detail);
                }
            }
        }
    }

    private void beat(long now) {
        if (unansweredSince != null && now - deadAt(unansweredSince) >= 0) {
            Duration silence = Duration.ofNanos(now - unansweredSince);
            fail(
                    Cause.TIMEOUT,
                    null,
                    timing.deadAfter() + " heartbeats unanswered, silent for " + silence.toMillis() + " ms");
        } else if (now - (sentAt + heartbeat.toNanos()) >= 0) {
            if (fullStateOwed) {
                fullStateOwed = false;
                send(fullState(), now);
            } else {
                send(heartbeatMessage(), now);
            }
        }
    }

    private long deadAt(long since) {
        return since + timing.deadAfter() * heartbeat.toNanos();
    }

    private void register(long now) {
        phase = Phase.REGISTERING;
        answerDue = now + timing.register().toNanos();
        send(fullState(), now);
    }

    private void fail(Cause cause, @Nullable Duration retryAfter, String detail) {
        phase = Phase.CLOSED;
        signals.add(new Signal.Failed(cause, retryAfter, detail));
    }

    private AgentMessage fullState() {
        return greeting().withDescription(self.describedWithHash()).withHealth(self.health());
    }

    private AgentMessage greeting() {
        return heartbeatMessage().withCustomCapabilities(self.customCapabilities());
    }

    private AgentMessage heartbeatMessage() {
        return AgentMessage.heartbeat(self.uid(), nextSequence, self.capabilities());
    }

    private void send(AgentMessage message, long now) {
        nextSequence++;
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
