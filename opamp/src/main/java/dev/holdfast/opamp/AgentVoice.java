// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

/**
 * Words an agent's messages: numbers them, and puts in what the server is owed. Belongs to one {@link AgentSession}.
 */
final class AgentVoice {

    private AgentState self;
    private long nextSequence;

    /** Whether the next message of an attached agent is to be its full state. */
    private boolean fullStateOwed;

    /** Whether the health has changed since it was last sent. */
    private boolean healthOwed;

    AgentVoice(AgentState self, long firstSequence) {
        this.self = self;
        this.nextSequence = firstSequence;
    }

    AgentState self() {
        return self;
    }

    long nextSequence() {
        return nextSequence;
    }

    void rename(InstanceUid uid) {
        self = self.withUid(uid);
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
    AgentMessage next() {
        if (fullStateOwed) {
            return fullState();
        }
        return healthOwed ? withHealth(heartbeat()) : heartbeat();
    }

    AgentMessage next(CustomMessage message) {
        return next().withCustom(message);
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
