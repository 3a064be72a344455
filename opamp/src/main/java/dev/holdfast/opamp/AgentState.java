// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that an agent tells a server of itself. Immutable.
 *
 * @param uid its name
 * @param description who it is
 * @param health how it is doing
 * @param capabilities what it can do, see {@link Capabilities}
 * @param customCapabilities the custom capabilities it announces
 */
public record AgentState(
        InstanceUid uid,
        AgentDescription description,
        Health health,
        long capabilities,
        List<String> customCapabilities) {

    /** The non-identifying attribute in which the hash rides with the full state. */
    public static final String HASH_ATTRIBUTE = "dev.holdfast.state";

    /** The identifying attribute that repeats the uid, by OpenTelemetry's conventions. */
    public static final String INSTANCE_ATTRIBUTE = "service.instance.id";

    /** How much of a SHA-256 is kept; 128 bits leave no chance of two states with one hash. */
    private static final int HASH_BYTES = 16;

    /** Copies the list. */
    public AgentState {
        customCapabilities = List.copyOf(customCapabilities);
    }

    /** The same with another health. */
    public AgentState withHealth(Health health) {
        return new AgentState(uid, description, health, capabilities, customCapabilities);
    }

    /** The same under another name, in the description too where it is repeated there. */
    public AgentState withUid(InstanceUid uid) {
        Map<String, Value> identifying = new LinkedHashMap<>(description.identifying());
        identifying.replace(INSTANCE_ATTRIBUTE, Value.of(uid.toString()));
        AgentDescription renamed = new AgentDescription(identifying, description.nonIdentifying());
        return new AgentState(uid, renamed, health, capabilities, customCapabilities);
    }

    /**
     * A hash of what a registration carries, so that both sides can tell whether the server still knows it. Health is
     * left out: it changes all the time and is sent when it does. So is the order of what has a name, which means
     * nothing and may differ from one process to the next. Opaque to a server, which only compares it.
     */
    public String hash() {
        AgentMessage content = AgentMessage.heartbeat(uid, 0, capabilities)
                .withDescription(description.sorted())
                .withCustomCapabilities(customCapabilities.stream().sorted().toList());
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(Wire.body(content));
            return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** The description as it is sent: with the hash in it. */
    AgentDescription describedWithHash() {
        return description.with(HASH_ATTRIBUTE, Value.of(hash()));
    }
}
