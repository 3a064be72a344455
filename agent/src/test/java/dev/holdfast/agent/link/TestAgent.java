// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import java.util.List;
import java.util.random.RandomGenerator;

/** An agent that has a name, says nothing else of itself, and sends what it records. */
public final class TestAgent {

    private TestAgent() {}

    /** Its state, under a uid drawn from {@code chance}. */
    public static AgentState state(Time time, RandomGenerator chance) {
        return new AgentState(
                InstanceUid.random(time.instant(), chance),
                AgentDescription.EMPTY,
                Health.good(),
                Capabilities.OF_AGENT,
                List.of(Capabilities.OUTBOX));
    }
}
