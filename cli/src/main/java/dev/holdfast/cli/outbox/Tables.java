// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.cli.command.Columns;
import dev.holdfast.core.outbox.Outbox.LaneFigures;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.LaneState;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What an outbox holds, as tables for people. */
final class Tables {

    static final List<String> RECORDS =
            List.of("LANE", "SEQUENCE", "TIME", "BYTES", "ATTEMPTS", "NEXT ATTEMPT", "CONTENT TYPE");
    static final List<String> DEAD =
            List.of("ID", "LANE", "SEQUENCE", "GIVEN UP", "ATTEMPTS", "BYTES", "MOST OFTEN BECAUSE");
    static final List<String> LANES =
            List.of("LANE", "WAITING", "ACKNOWLEDGED", "LAST", "OLDEST", "ATTEMPTS", "NEXT ATTEMPT", "EPOCH");

    private Tables() {}

    static List<String> row(LaneState lane, Item item) {
        return switch (item) {
            case Stored record -> {
                Attempts attempts = Facts.attempts(lane, item);
                yield List.of(
                        lane.lane(),
                        Long.toString(record.sequence()),
                        date(record.time()),
                        Integer.toString(record.payload().length),
                        attempts == null ? "" : Integer.toString(attempts.total()),
                        attempts == null
                                ? ""
                                : lane.nextAttempt().map(Tables::date).orElse(""),
                        record.contentType());
            }
            case Gap gap ->
                List.of(lane.lane(), sequences(gap), "", "", "", "", "none: " + Facts.word(gap) + ", " + gap.audit());
        };
    }

    private static String sequences(Gap gap) {
        return gap.first() == gap.last() ? Long.toString(gap.first()) : gap.first() + "-" + gap.last();
    }

    static List<String> row(DeadLetter letter) {
        Attempts attempts = letter.attempts();
        return List.of(
                Long.toString(letter.id()),
                letter.lane(),
                Long.toString(letter.record().sequence()),
                date(attempts.last()),
                Integer.toString(attempts.total()),
                Integer.toString(letter.record().payload().length),
                mostOften(attempts));
    }

    private static String mostOften(Attempts attempts) {
        return attempts.reasons().entrySet().stream()
                .max(Map.Entry.comparingByValue(Comparator.naturalOrder()))
                .map(Map.Entry::getKey)
                .orElse("");
    }

    static List<String> row(LaneFigures figures) {
        LaneState lane = figures.state();
        Instant oldest = figures.oldest();
        Attempts attempts = lane.attempts();
        boolean isFailing = Facts.isFailing(lane);
        return List.of(
                lane.lane(),
                Long.toString(lane.waiting()),
                Long.toString(lane.acknowledged().sequence()),
                Long.toString(lane.last()),
                oldest == null ? "" : date(oldest),
                isFailing && attempts != null ? Integer.toString(attempts.total()) : "",
                isFailing ? lane.nextAttempt().map(Tables::date).orElse("") : "",
                Facts.hex(lane.epoch()));
    }

    /** One item of a lane with all there is to say of it. */
    static String card(LaneState lane, Item item) {
        List<List<String>> facts = new ArrayList<>();
        facts.add(List.of("lane", lane.lane()));
        switch (item) {
            case Gap gap -> {
                facts.add(List.of("sequence", sequences(gap)));
                facts.add(List.of("gap", Facts.word(gap)));
                facts.add(List.of("audit", gap.audit()));
                return Columns.align(facts);
            }
            case Stored record -> {
                addFacts(facts, record);
                Attempts attempts = Facts.attempts(lane, item);
                if (attempts == null) {
                    return Columns.align(facts) + payload(record);
                }
                addFacts(facts, attempts);
                lane.nextAttempt().ifPresent(next -> facts.add(List.of("next attempt", date(next))));
                return Columns.align(facts) + reasons(attempts) + payload(record);
            }
        }
    }

    /** One dead letter with its audit. */
    static String card(DeadLetter letter, Optional<String> agent) {
        List<List<String>> facts = new ArrayList<>();
        facts.add(List.of("dead letter", Long.toString(letter.id())));
        facts.add(List.of("agent", agent.orElse("not known")));
        facts.add(List.of("lane", letter.lane()));
        addFacts(facts, letter.record());
        addFacts(facts, letter.attempts());
        return Columns.align(facts) + reasons(letter.attempts()) + payload(letter.record());
    }

    private static void addFacts(List<List<String>> facts, Stored record) {
        facts.add(List.of("sequence", Long.toString(record.sequence())));
        facts.add(List.of("time", record.time().toString()));
        facts.add(List.of("content type", record.contentType()));
        facts.add(List.of("bytes", Integer.toString(record.payload().length)));
        facts.add(List.of("hash", Facts.hex(record.hash())));
        record.replayOf().ifPresent(sequence -> facts.add(List.of("replay of", Long.toString(sequence))));
        record.headers().forEach((name, value) -> facts.add(List.of("header " + name, value)));
    }

    private static void addFacts(List<List<String>> facts, Attempts attempts) {
        facts.add(List.of("attempts", attempts.total() + ", " + attempts.alone() + " of them alone"));
        facts.add(List.of("first attempt", date(attempts.first())));
        facts.add(List.of("last attempt", date(attempts.last())));
    }

    private static String reasons(Attempts attempts) {
        List<List<String>> rows = attempts.reasons().entrySet().stream()
                .map(reason -> List.of(Integer.toString(reason.getValue()), reason.getKey()))
                .toList();
        return "\nreasons\n" + Columns.align(rows).indent(2);
    }

    private static String payload(Stored record) {
        String shown = Facts.text(record)
                .map(text -> text.lines().map(Columns::printable).reduce("", (all, line) -> all + line + "\n"))
                .orElse("binary; --raw gives it as it is\n");
        return "\npayload\n" + shown.indent(2);
    }

    static String date(Instant date) {
        return date.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
