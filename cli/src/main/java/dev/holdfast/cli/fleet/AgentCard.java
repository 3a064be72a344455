// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.CommandException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** One agent, with all that the server knows of it. */
final class AgentCard {

    private AgentCard() {}

    /** A card for the agent that {@code json} describes. */
    static String of(String json) throws CommandException {
        JsonNode agent = Fleet.tree(json);
        StringBuilder card = new StringBuilder();
        List<List<String>> facts = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property : agent.properties()) {
            if (!property.getValue().isContainer() && !property.getKey().equals("status_at")) {
                facts.add(row(property.getKey(), property.getValue()));
            }
        }
        card.append(Columns.align(facts));
        section("identity", agent.path("description").path("identifying"), card);
        section("description", agent.path("description").path("non_identifying"), card);
        section("health", agent.path("health"), card);
        section("capabilities", agent.path("capabilities"), card);
        String at = Figures.date(agent.path("status_at").asString(""));
        section(at.isEmpty() ? "last status" : "last status, " + at, agent.path("status"), card);
        return card.toString();
    }

    private static void section(String title, JsonNode content, StringBuilder card) {
        List<List<String>> rows = new ArrayList<>();
        flatten("", content, rows);
        if (!rows.isEmpty() && content.isContainer()) {
            card.append('\n')
                    .append(title)
                    .append('\n')
                    .append(Columns.align(rows).indent(2));
        }
    }

    /** A row for each plain value, named by the way to it. */
    private static void flatten(String prefix, JsonNode node, List<List<String>> rows) {
        if (node.isArray() && node.values().stream().noneMatch(JsonNode::isContainer)) {
            rows.add(List.of(
                    prefix,
                    String.join(
                            ", ", node.values().stream().map(AgentCard::text).toList())));
        } else if (node.isContainer()) {
            for (Map.Entry<String, JsonNode> property : node.properties()) {
                String name = prefix.isEmpty() ? property.getKey() : prefix + "." + property.getKey();
                flatten(name, property.getValue(), rows);
            }
        } else if (!node.isMissingNode() && !node.isNull()) {
            rows.add(row(prefix, node));
        }
    }

    private static List<String> row(String name, JsonNode value) {
        return List.of(name, Figures.date(text(value)));
    }

    private static String text(JsonNode value) {
        return value.isNull() ? "" : value.asString();
    }
}
