// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.cli.command.Columns;
import dev.holdfast.cli.command.Invocation;
import dev.holdfast.core.outbox.Repair;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.record.Verification.Damage;
import dev.holdfast.core.record.Verification.Lost;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** How whole an outbox is. */
final class Soundness {

    private Soundness() {}

    static ObjectNode json(Verification found) {
        ObjectNode json = Facts.object();
        json.put("repair_needed", found.isRepairNeeded());
        json.put("segments", found.segments());
        json.put("frames", found.frames());
        json.put("records", found.records());
        json.put("dead_letters", found.dead());
        json.put("damaged_bytes", found.damagedBytes());
        ArrayNode damage = json.putArray("damage");
        for (Damage each : found.damage()) {
            damage.addObject().put("file", each.file()).put("from", each.from()).put("to", each.to());
        }
        found.unreadable().forEach(json.putArray("unreadable")::add);
        json.put("lost_records", found.lostRecords());
        ArrayNode lost = json.putArray("lost");
        for (Lost each : found.lost()) {
            lost.addObject()
                    .put("lane", each.lane())
                    .put("sequence", each.first())
                    .put("last", each.last())
                    .put("named", each.isNamed())
                    .put("why", each.why());
        }
        found.lostDead().forEach(json.putArray("lost_dead_letters")::add);
        json.put("unfinished_bytes", found.unfinishedBytes());
        found.otherFiles().forEach(json.putArray("other_files")::add);
        return json;
    }

    static String text(Verification found) {
        List<List<String>> facts = new ArrayList<>();
        facts.add(List.of("segments", Integer.toString(found.segments())));
        facts.add(List.of("records that wait", Long.toString(found.records())));
        facts.add(List.of("dead letters", Long.toString(found.dead())));
        facts.add(List.of("damaged bytes", Long.toString(found.damagedBytes())));
        for (Damage each : found.damage()) {
            facts.add(List.of("", each.file() + ", bytes " + each.from() + " to " + each.to()));
        }
        facts.add(List.of("unfinished bytes", Long.toString(found.unfinishedBytes())));
        for (String file : found.unreadable()) {
            facts.add(List.of("unreadable", file));
        }
        facts.add(List.of("lost records", Long.toString(found.lostRecords())));
        for (Lost each : found.lost()) {
            facts.add(List.of(
                    "", each.lane() + ", sequences " + each.first() + " to " + each.last() + ": " + each.why()));
        }
        for (long id : found.lostDead()) {
            facts.add(List.of("lost dead letter", Long.toString(id)));
        }
        for (String file : found.otherFiles()) {
            facts.add(List.of("other file", file));
        }
        return Columns.align(facts);
    }

    /** What is to be done. */
    static String remedy(Verification found, Path data) {
        return found.isRepairNeeded()
                ? "a repair is needed: stop the agent, then `"
                        + Invocation.line(List.of("outbox", "repair", "--data", data.toString())) + "`\n"
                : "no repair is needed\n";
    }

    static ObjectNode json(Repair.Done done) {
        ObjectNode json = Facts.object();
        json.put("repaired", done.before().isRepairNeeded());
        done.setAside().forEach(json.putArray("set_aside")::add);
        json.set("before", json(done.before()));
        return json;
    }

    static String text(Repair.Done done) {
        if (!done.before().isRepairNeeded()) {
            return "nothing to repair\n";
        }
        StringBuilder text = new StringBuilder("found before\n");
        text.append(text(done.before()).indent(2)).append("repaired\n");
        done.setAside()
                .forEach(file -> text.append("  what was damaged is kept as ")
                        .append(file)
                        .append('\n'));
        return text.toString();
    }
}
