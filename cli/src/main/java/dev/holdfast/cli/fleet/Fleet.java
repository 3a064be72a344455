// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.cli.command.Invocation;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The agents that a server knows. */
record Fleet(List<Agent> agents) {

    /** Where a server tells of them. */
    static final String PATH = "/api/agents";

    /** What a list says of an agent. */
    record Agent(
            String instanceUid,
            String host,
            boolean attached,
            String transport,
            long registrations,
            long rejoins,
            String lastSeen,
            String version,
            boolean healthy,
            Map<String, String> labels) {

        private static Agent of(JsonNode json) {
            return new Agent(
                    json.path("instance_uid").asString(""),
                    json.path("host").asString(""),
                    json.path("attached").asBoolean(false),
                    json.path("transport").asString(""),
                    json.path("registrations").asLong(0),
                    json.path("rejoins").asLong(0),
                    json.path("last_seen").asString(""),
                    json.path("version").asString(""),
                    json.path("healthy").asBoolean(false),
                    labels(json.path("labels")));
        }

        private static Map<String, String> labels(JsonNode json) {
            Map<String, String> labels = new TreeMap<>();
            json.properties()
                    .forEach(
                            label -> labels.put(label.getKey(), label.getValue().asString("")));
            return labels;
        }
    }

    /** Reads what a server told. */
    static Fleet parse(String json) throws CommandException {
        return new Fleet(StreamSupport.stream(tree(json).spliterator(), false)
                .map(Agent::of)
                .toList());
    }

    static JsonNode tree(String json) throws CommandException {
        try {
            return JsonMapper.shared().readTree(json);
        } catch (JacksonException e) {
            throw new CommandException(
                    ExitCode.FAILED, "the server answered what is not JSON: " + e.getOriginalMessage());
        }
    }

    /** The one agent that {@code wanted} names: by its uid, by the beginning of that, or by its host. */
    Agent choose(String wanted) throws CommandException {
        String lower = wanted.toLowerCase(Locale.ROOT);
        List<Predicate<Agent>> ways = List.of(
                agent -> agent.instanceUid().equals(lower),
                agent -> !lower.isEmpty() && agent.instanceUid().startsWith(lower),
                agent -> agent.host().equalsIgnoreCase(wanted));
        for (Predicate<Agent> way : ways) {
            List<Agent> found = agents.stream().filter(way).toList();
            if (found.size() == 1) {
                return found.getFirst();
            }
            if (!found.isEmpty()) {
                String names = found.stream().map(Agent::instanceUid).collect(Collectors.joining(", "));
                throw new CommandException(
                        ExitCode.FAILED,
                        wanted + ": " + found.size() + " agents (expected: what only one has; there are " + names
                                + ")");
            }
        }
        throw new CommandException(
                ExitCode.FAILED,
                wanted + ": no such agent (expected: an instance_uid, the beginning of one, or a host; `"
                        + Invocation.name() + " fleet list` names them)");
    }
}
