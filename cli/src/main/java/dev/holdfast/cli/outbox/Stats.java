// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.cli.command.Columns;
import dev.holdfast.core.record.LaneState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** How an outbox stands. */
final class Stats {

    private Stats() {}

    static String of(OutboxAccess outbox, Path data, boolean asJson) throws IOException {
        List<LaneState> lanes = outbox.lanes();
        return asJson ? json(lanes, data) : text(lanes, data);
    }

    private static String json(List<LaneState> lanes, Path data) {
        ObjectNode json = Facts.object();
        json.put("agent", AgentUid.in(data).orElse(null));
        json.put("waiting", lanes.stream().mapToLong(LaneState::waiting).sum());
        ArrayNode each = json.putArray("lanes");
        lanes.forEach(lane -> each.add(Facts.of(lane)));
        return json + "\n";
    }

    private static String text(List<LaneState> lanes, Path data) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(Tables.LANES);
        lanes.forEach(lane -> rows.add(Tables.row(lane)));
        List<List<String>> facts = List.of(List.of("agent", AgentUid.in(data).orElse("not known")));
        return (lanes.isEmpty() ? "no lanes\n" : Columns.align(rows)) + "\n" + Columns.align(facts);
    }
}
