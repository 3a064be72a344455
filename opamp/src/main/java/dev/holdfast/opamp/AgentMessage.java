// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an agent sends. A field that is null was left out, which means that it has not changed.
 *
 * @param uid who sends it
 * @param sequence its number: one more than that of the message before it
 * @param capabilities see {@link Capabilities}
 * @param description who the agent is
 * @param health how it is doing
 * @param disconnect whether this is its last message on this connection
 * @param requestsUid whether it asks to be given another uid
 * @param customCapabilities the custom capabilities it announces
 * @param custom a custom message
 */
public record AgentMessage(
        InstanceUid uid,
        long sequence,
        long capabilities,
        @Nullable AgentDescription description,
        @Nullable Health health,
        boolean disconnect,
        boolean requestsUid,
        @Nullable List<String> customCapabilities,
        @Nullable CustomMessage custom) {

    /** A message that says nothing but that its sender is there: a heartbeat. */
    public static AgentMessage heartbeat(InstanceUid uid, long sequence, long capabilities) {
        return new AgentMessage(uid, sequence, capabilities, null, null, false, false, null, null);
    }

    /** The same with a description. */
    public AgentMessage withDescription(AgentDescription description) {
        return new AgentMessage(
                uid, sequence, capabilities, description, health, disconnect, requestsUid, customCapabilities, custom);
    }

    /** The same with a health. */
    public AgentMessage withHealth(Health health) {
        return new AgentMessage(
                uid, sequence, capabilities, description, health, disconnect, requestsUid, customCapabilities, custom);
    }

    /** The same as a last message. */
    public AgentMessage withDisconnect() {
        return new AgentMessage(
                uid, sequence, capabilities, description, health, true, requestsUid, customCapabilities, custom);
    }

    /** The same with custom capabilities announced. */
    public AgentMessage withCustomCapabilities(List<String> customCapabilities) {
        return new AgentMessage(
                uid, sequence, capabilities, description, health, disconnect, requestsUid, customCapabilities, custom);
    }

    /** The same with a custom message. */
    public AgentMessage withCustom(CustomMessage custom) {
        return new AgentMessage(
                uid, sequence, capabilities, description, health, disconnect, requestsUid, customCapabilities, custom);
    }
}
