// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import dev.holdfast.cli.command.Columns;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** A fleet as a table. */
final class FleetTable {

    private static final List<String> HEADINGS = List.of(
            "INSTANCE UID",
            "HOST",
            "ATTACHED",
            "OVER",
            "HEALTHY",
            "REGISTRATIONS",
            "REJOINS",
            "LAST SEEN",
            "VERSION",
            "LABELS");

    private FleetTable() {}

    /** A line for each agent, by host, and one that sums up. */
    static String of(Fleet fleet) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADINGS);
        fleet.agents().stream()
                .sorted(Comparator.comparing(Fleet.Agent::host).thenComparing(Fleet.Agent::instanceUid))
                .forEach(agent -> rows.add(List.of(
                        agent.instanceUid(),
                        agent.host(),
                        agent.attached() ? "yes" : "no",
                        agent.transport(),
                        agent.healthy() ? "yes" : "no",
                        Long.toString(agent.registrations()),
                        Long.toString(agent.rejoins()),
                        Figures.date(agent.lastSeen()),
                        agent.version(),
                        labels(agent))));
        long attached = fleet.agents().stream().filter(Fleet.Agent::attached).count();
        int known = fleet.agents().size();
        String summary = known + (known == 1 ? " agent, " : " agents, ") + attached + " attached";
        return known == 0 ? summary : Columns.align(rows) + summary;
    }

    private static String labels(Fleet.Agent agent) {
        return agent.labels().entrySet().stream()
                .map(label -> label.getKey() + "=" + label.getValue())
                .collect(Collectors.joining(", "));
    }
}
