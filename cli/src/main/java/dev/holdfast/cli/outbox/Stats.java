// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.cli.command.Columns;
import dev.holdfast.cli.value.Sizes;
import dev.holdfast.core.outbox.Outbox.Figures;
import dev.holdfast.core.outbox.Outbox.LaneFigures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** How an outbox stands. */
final class Stats {

    private Stats() {}

    static String of(OutboxAccess outbox, Path data, boolean asJson) throws IOException {
        Figures figures = outbox.figures();
        String agent = OutboxOptions.agent(data).orElse(null);
        if (!asJson) {
            return text(figures, agent == null ? "not known" : agent, id(outbox));
        }
        ObjectNode json = Facts.object();
        json.put("agent", agent);
        json.put("outbox", id(outbox));
        json.put("waiting", waiting(figures));
        json.put("dead_letters", figures.dead());
        json.put("bytes", figures.bytes());
        json.put("quota", figures.quota());
        json.put("segments", figures.segments());
        json.put("lost", figures.lost());
        json.put("dropped", figures.dropped());
        json.put("expired", figures.expired());
        ArrayNode lanes = json.putArray("lanes");
        figures.lanes().forEach(lane -> lanes.add(Facts.of(lane)));
        return json + "\n";
    }

    private static String text(Figures figures, String agent, String id) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(Tables.LANES);
        figures.lanes().forEach(lane -> rows.add(Tables.row(lane)));
        List<List<String>> facts = List.of(
                List.of("agent", agent),
                List.of("outbox", id),
                List.of("waiting", Long.toString(waiting(figures))),
                List.of("dead letters", Integer.toString(figures.dead())),
                List.of("on disk", Sizes.print(figures.bytes()) + " of " + Sizes.print(figures.quota())),
                List.of("lost", Long.toString(figures.lost())),
                List.of("dropped", Long.toString(figures.dropped())),
                List.of("expired", Long.toString(figures.expired())));
        return Columns.align(facts) + "\n" + (figures.lanes().isEmpty() ? "no lanes\n" : Columns.align(rows));
    }

    /** As the server names it. */
    private static String id(OutboxAccess outbox) throws IOException {
        UUID id = outbox.id();
        return Facts.hex(id.getMostSignificantBits()) + Facts.hex(id.getLeastSignificantBits());
    }

    private static long waiting(Figures figures) {
        return figures.lanes().stream()
                .map(LaneFigures::state)
                .mapToLong(lane -> lane.waiting())
                .sum();
    }
}
