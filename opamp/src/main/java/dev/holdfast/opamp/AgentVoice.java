// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/**
 * Words an agent's messages: numbers them, and puts in what the server is owed. Belongs to one {@link AgentSession}.
 */
final class AgentVoice {

    /**
     * How many full states a server may ask for, or new names it may give, before it must have taken the agent; and how
     * many an attached agent sends, however often it is asked, before it waits.
     */
    static final int MOST_FULL_STATES = 3;

    /** How long it then waits. */
    private static final Duration FULL_STATE_PAUSE = Duration.ofMinutes(1);

    /** The names that a server may know the agent by: what it sent last is under way when it hears of another. */
    private final Set<InstanceUid> names = new HashSet<>();

    private AgentState self;
    private long nextSequence;

    /** How often the server wanted the full state, or gave a new name, since it last took the agent. */
    private int fullStatesWanted;

    /** Whether the next message of an attached agent is to be its full state. */
    private boolean fullStateOwed;

    /** How many of those were sent without such a wait, and when the last one was. */
    private int fullStatesSent;

    private long fullStateSentAt;

    /** Whether the health has changed since it was last sent. */
    private boolean healthOwed;

    AgentVoice(AgentState self, long firstSequence) {
        this.self = self;
        this.nextSequence = firstSequence;
        names.add(self.uid());
    }

    AgentState self() {
        return self;
    }

    long nextSequence() {
        return nextSequence;
    }

    void rename(InstanceUid uid) {
        self = self.withUid(uid);
        names.add(uid);
    }

    /** Whether the server gives the agent a name that it does not bear. */
    boolean isRenamedBy(ServerMessage message) {
        return message.newUid() != null && !message.newUid().equals(self.uid());
    }

    /** Whether a message is for this agent, or does not say for whom it is. */
    boolean isSpokenTo(ServerMessage message) {
        InstanceUid to = message.uid();
        return to == null || names.contains(to) || to.equals(message.newUid());
    }

    /** The server wants the full state, or gave a new name. How often since it last took the agent. */
    int wanted() {
        fullStatesWanted++;
        return fullStatesWanted;
    }

    /** The server has taken the agent. */
    void taken() {
        fullStatesWanted = 0;
    }

    void owe(Health health) {
        self = self.withHealth(health);
        healthOwed = true;
    }

    void oweFullState() {
        fullStateOwed = true;
    }

    /** The first message to a server that has taken this state before: all but the description. */
    AgentMessage rejoin() {
        return withHealth(greeting());
    }

    AgentMessage fullState() {
        fullStateOwed = false;
        return withHealth(greeting().withDescription(self.describedWithHash()));
    }

    /** An attached agent's next message: a heartbeat, with what the server is owed. */
    AgentMessage next(long now) {
        if (fullStateOwed && mayRepeat(now)) {
            fullStatesSent++;
            fullStateSentAt = now;
            return fullState();
        }
        return healthOwed ? withHealth(heartbeat()) : heartbeat();
    }

    AgentMessage next(CustomMessage message, long now) {
        return next(now).withCustom(message);
    }

    private boolean mayRepeat(long now) {
        if (fullStatesSent > 0 && now - fullStateSentAt >= FULL_STATE_PAUSE.toNanos()) {
            fullStatesSent = 0;
        }
        return fullStatesSent < MOST_FULL_STATES;
    }

    AgentMessage goodbye() {
        return heartbeat().withDisconnect();
    }

    private AgentMessage withHealth(AgentMessage message) {
        healthOwed = false;
        return message.withHealth(self.health());
    }

    private AgentMessage greeting() {
        return heartbeat().withCustomCapabilities(self.customCapabilities());
    }

    private AgentMessage heartbeat() {
        return AgentMessage.heartbeat(self.uid(), nextSequence++, self.capabilities());
    }
}
