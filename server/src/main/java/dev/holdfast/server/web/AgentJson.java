// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.Value;
import dev.holdfast.server.fleet.AgentRecord;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An agent as the admin port shows it: instants in ISO 8601, names in snake case, null where nothing is known. */
final class AgentJson {

    private AgentJson() {}

    /** What a list shows of each. */
    static Map<String, @Nullable Object> line(AgentRecord agent, Optional<Duration> clockOffset) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("instance_uid", agent.uid().toString());
        json.put("host", agent.host());
        json.put("attached", agent.attached());
        json.put("registrations", agent.registrations());
        json.put("rejoins", agent.rejoins());
        json.put("first_seen", agent.firstSeen().toString());
        json.put("last_seen", agent.lastSeen().toString());
        json.put("clock_offset_s", clockOffset.map(Duration::toSeconds).orElse(null));
        json.put("version", agent.description().text("service.version").orElse(null));
        json.put("healthy", agent.health() == null ? null : agent.health().healthy());
        return json;
    }

    /** All there is. */
    static Map<String, @Nullable Object> whole(AgentRecord agent, Optional<Duration> clockOffset) {
        Map<String, @Nullable Object> json = line(agent, clockOffset);
        Map<String, @Nullable Object> description = new LinkedHashMap<>();
        description.put("identifying", Value.plain(agent.description().identifying()));
        description.put("non_identifying", Value.plain(agent.description().nonIdentifying()));
        json.put("description", description);
        json.put("health", agent.health() == null ? null : health(agent.health()));
        AgentRecord.Status status = agent.status();
        json.put("status", status == null ? null : StatusRecords.read(status.text()));
        json.put("status_at", status == null ? null : status.at().toString());
        json.put("state_hash", agent.stateHash());
        json.put("capabilities", agent.capabilities());
        return json;
    }

    private static Map<String, @Nullable Object> health(Health health) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("healthy", health.healthy());
        json.put("status", health.status());
        json.put("last_error", health.lastError());
        json.put(
                "started_at",
                health.startedAt() == null ? null : health.startedAt().toString());
        json.put("at", health.at() == null ? null : health.at().toString());
        json.put("attributes", Value.plain(health.attributes()));
        Map<String, Object> components = new LinkedHashMap<>();
        health.components().forEach((name, part) -> components.put(name, health(part)));
        json.put("components", components);
        return json;
    }
}
