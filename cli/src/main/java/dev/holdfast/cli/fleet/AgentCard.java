// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.Columns;
import dev.holdfast.cli.command.CommandException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** One agent, with all that the server knows of it, each thing once. */
final class AgentCard {

    private static final String LABEL = "label.";

    /** What has a section of its own, or is in the title of one. */
    private static final Set<String> ELSEWHERE = Set.of("status_at");

    /** The hash of an agent's state, which it also sends as an attribute. */
    private static final String STATE = "dev.holdfast.state";

    private final StringBuilder text = new StringBuilder();

    private AgentCard() {}

    /** A card for the agent that {@code json} describes. */
    static String of(String json) throws CommandException {
        JsonNode agent = Fleet.tree(json);
        AgentCard card = new AgentCard();
        card.text.append(Columns.align(facts(agent)));
        Map<String, JsonNode> description = flat(agent.path("description").path("non_identifying"));
        description.remove(STATE);
        card.section("identity", flat(agent.path("description").path("identifying")));
        card.section("labels", takeLabels(description));
        card.section("description", description);
        card.section("health", health(agent));
        card.section("capabilities", flat(agent.path("capabilities")));
        String at = Figures.date(agent.path("status_at").asString(""));
        Map<String, JsonNode> status = flat(agent.path("status"));
        status.entrySet()
                .removeIf(part -> part.getKey().equals("at")
                        && Figures.of("at", part.getValue()).equals(at));
        card.section(at.isEmpty() ? "last status" : "last status, " + at, status);
        return card.text.toString();
    }

    private static List<List<String>> facts(JsonNode agent) {
        List<List<String>> facts = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property : agent.properties()) {
            String name = property.getKey();
            if (!property.getValue().isContainer() && !ELSEWHERE.contains(name)) {
                facts.add(List.of(name, Figures.of(name, property.getValue())));
            }
        }
        return facts;
    }

    /** Moves the labels out of a description, under the names that the operator gave them. */
    private static Map<String, JsonNode> takeLabels(Map<String, JsonNode> description) {
        Map<String, JsonNode> labels = new LinkedHashMap<>();
        description.forEach((name, value) -> {
            if (name.startsWith(LABEL)) {
                labels.put(name.substring(LABEL.length()), value);
            }
        });
        description.keySet().removeIf(name -> name.startsWith(LABEL));
        return labels;
    }

    /** Without an error that there is not, and without figures that the last status has too. */
    private static Map<String, JsonNode> health(JsonNode agent) {
        Map<String, JsonNode> health = flat(agent.path("health"));
        health.entrySet()
                .removeIf(part -> part.getKey().endsWith("last_error")
                        && part.getValue().asString("").isEmpty());
        Map<String, JsonNode> figures = flat(agent.path("health").path("attributes"));
        if (flat(agent.path("status")).entrySet().containsAll(figures.entrySet())) {
            figures.keySet().forEach(name -> health.remove("attributes." + name));
        }
        return health;
    }

    private void section(String title, Map<String, JsonNode> content) {
        if (!content.isEmpty()) {
            List<List<String>> rows = content.entrySet().stream()
                    .map(part -> List.of(part.getKey(), shown(part.getKey(), part.getValue())))
                    .toList();
            text.append('\n')
                    .append(title)
                    .append('\n')
                    .append(Columns.align(rows).indent(2));
        }
    }

    private static String shown(String name, JsonNode value) {
        if (value.isObject()) {
            return value.toString();
        }
        return value.isArray()
                ? value.values().stream().map(item -> shown(name, item)).collect(Collectors.joining(", "))
                : Figures.of(name, value);
    }

    /** Each plain value, and each list, by the way to it. What is null is left out. */
    private static Map<String, JsonNode> flat(JsonNode content) {
        Map<String, JsonNode> parts = new LinkedHashMap<>();
        if (content.isContainer()) {
            flatten("", content, parts);
        }
        return parts;
    }

    private static void flatten(String name, JsonNode node, Map<String, JsonNode> parts) {
        if (node.isObject()) {
            for (Map.Entry<String, JsonNode> property : node.properties()) {
                flatten(
                        name.isEmpty() ? property.getKey() : name + "." + property.getKey(),
                        property.getValue(),
                        parts);
            }
        } else if (!node.isMissingNode() && !node.isNull()) {
            parts.put(name, node);
        }
    }
}
