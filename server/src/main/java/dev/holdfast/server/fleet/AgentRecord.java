// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerSession;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of one agent. Immutable; instants are whole milliseconds, which is what stores keep.
 *
 * @param uid its name
 * @param description who it says it is
 * @param stateHash the hash that it sent with the description, or null if it sent none
 * @param capabilities see {@link dev.holdfast.opamp.Capabilities}
 * @param health how it last said it was doing, or null if it never did
 * @param firstSeen when it first registered
 * @param lastSeen when it last sent anything
 * @param attached whether it is attached
 * @param registrations how often it sent its full state
 * @param rejoins how often it came back without
 * @param status the last status record, or null if none came
 */
public record AgentRecord(
        InstanceUid uid,
        AgentDescription description,
        @Nullable String stateHash,
        long capabilities,
        @Nullable Health health,
        Instant firstSeen,
        Instant lastSeen,
        boolean attached,
        long registrations,
        long rejoins,
        @Nullable Status status) {

    private static final int LONGEST_HOST = 100;

    private static final String LABEL = "label.";

    /**
     * A status record as it came.
     *
     * @param text JSON
     * @param at when it was recorded, by the agent's clock
     */
    public record Status(String text, Instant at) {}

    /** The attribute {@code host.name}, cut after {@value #LONGEST_HOST} characters, or empty. */
    public String host() {
        String host = description.text("host.name").orElse("");
        return host.codePointCount(0, host.length()) <= LONGEST_HOST
                ? host
                : host.substring(0, host.offsetByCodePoints(0, LONGEST_HOST));
    }

    /** What its operator wants to find it by: the attributes {@code label.NAME}, by name. */
    public Map<String, String> labels() {
        Map<String, String> labels = new LinkedHashMap<>();
        description.nonIdentifying().forEach((name, value) -> {
            if (name.startsWith(LABEL) && value.plain() != null) {
                labels.put(name.substring(LABEL.length()), value.text());
            }
        });
        return labels;
    }

    static AgentRecord first(InstanceUid uid, ServerSession.Effect.Registered state, Instant now) {
        return new AgentRecord(
                uid, state.description(), state.stateHash(), state.capabilities(), null, now, now, true, 1, 0, null);
    }

    AgentRecord registered(ServerSession.Effect.Registered state, Instant now) {
        return new AgentRecord(
                uid,
                state.description(),
                state.stateHash(),
                state.capabilities(),
                health,
                firstSeen,
                now,
                true,
                registrations + 1,
                rejoins,
                status);
    }

    AgentRecord rejoined(Instant now) {
        return next(now, true, rejoins + 1, health, status);
    }

    AgentRecord withLastSeen(Instant now) {
        return next(now, attached, rejoins, health, status);
    }

    AgentRecord detached() {
        return next(lastSeen, false, rejoins, health, status);
    }

    AgentRecord withHealth(Health health) {
        return next(lastSeen, attached, rejoins, health, status);
    }

    AgentRecord withStatus(Status status) {
        return next(lastSeen, attached, rejoins, health, status);
    }

    /** The same agent, of which all that a registration says is as it was. */
    private AgentRecord next(
            Instant lastSeen, boolean attached, long rejoins, @Nullable Health health, @Nullable Status status) {
        return new AgentRecord(
                uid,
                description,
                stateHash,
                capabilities,
                health,
                firstSeen,
                lastSeen,
                attached,
                registrations,
                rejoins,
                status);
    }

    /** Whether a registration says nothing new. */
    boolean says(ServerSession.Effect.Registered state) {
        return capabilities == state.capabilities()
                && Objects.equals(stateHash, state.stateHash())
                && description.equals(state.description());
    }
}
