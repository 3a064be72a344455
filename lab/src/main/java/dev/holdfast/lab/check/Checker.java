// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares what was acknowledged with what arrived.
 *
 * <p>The order of a lane is that in which its writer handed over what was acknowledged; for what was not, it is that of
 * the sequences alone, since its writer had gone on before it may have been kept.
 */
public final class Checker {

    /** How many findings are told. */
    static final int TOLD = 50;

    private final Map<String, Ledger.Line> lines = new HashMap<>();
    private final Set<String> lanes = new HashSet<>();
    private final Map<String, Reached> reached = new HashMap<>();
    private final Set<String> arrived = new HashSet<>();
    private final Set<String> events = new HashSet<>();
    private final List<String> findings = new ArrayList<>();

    private long uncertainDelivered;
    private long duplicated;
    private long outOfOrder;
    private long corrupted;
    private long misnumbered;
    private long unknown;

    /**
     * How far a lane has come.
     *
     * @param number the highest place of what was acknowledged
     * @param sequence the highest
     */
    private record Reached(long number, long sequence) {}

    private Checker() {}

    /**
     * Judges.
     *
     * @param lines what was handed over, in that order
     * @param arrivals everything that is stored, in the order of storing; those of lanes that no writer has are left
     *     out
     * @param dead what is known to be a dead letter
     */
    public static Verdict check(List<Ledger.Line> lines, List<Arrival> arrivals, Collection<Drop> dead) {
        Checker checker = new Checker();
        checker.readLedger(lines);
        arrivals.forEach(checker::read);
        return checker.verdict(lines, dead);
    }

    private void readLedger(List<Ledger.Line> written) {
        Map<String, Long> last = new HashMap<>();
        for (Ledger.Line line : written) {
            lanes.add(line.lane());
            lines.put(line.payload().id(), line);
            line.sequence().ifPresent(sequence -> {
                Long before = last.put(line.lane(), sequence);
                if (before != null && before >= sequence) {
                    misnumbered++;
                    tell(name(line) + " was acknowledged as " + sequence + " after " + before);
                }
            });
        }
    }

    private void read(Arrival arrival) {
        if (!lanes.contains(arrival.lane())) {
            return;
        }
        String id = arrival.payload().id();
        Ledger.Line line = lines.get(id);
        if (line == null || !line.lane().equals(arrival.lane())) {
            unknown++;
            tell(name(arrival) + " was not handed over in its lane");
        } else if (!line.payload().equals(arrival.payload())) {
            corrupted++;
            tell(name(arrival) + " is not what was handed over by that name");
        } else {
            boolean isNew = arrived.add(id);
            boolean isNewEvent = events.add(arrival.event());
            if (isNew && isNewEvent) {
                readOnce(line, arrival);
            } else {
                duplicated++;
                tell(name(arrival) + " is there a second time");
            }
        }
    }

    /** What arrived as it was, and for the first time. */
    private void readOnce(Ledger.Line line, Arrival arrival) {
        if (line.sequence().isEmpty()) {
            uncertainDelivered++;
        } else if (line.sequence().getAsLong() != arrival.sequence()) {
            misnumbered++;
            tell(name(arrival) + " was acknowledged as " + line.sequence().getAsLong());
        }
        Reached before = reached.getOrDefault(arrival.lane(), new Reached(-1, Long.MIN_VALUE));
        boolean isCertain = line.sequence().isPresent();
        if (arrival.sequence() <= before.sequence() || (isCertain && line.number() < before.number())) {
            outOfOrder++;
            tell(name(arrival) + " comes after one of sequence " + before.sequence());
        }
        reached.put(
                arrival.lane(),
                new Reached(
                        isCertain ? Math.max(line.number(), before.number()) : before.number(),
                        Math.max(arrival.sequence(), before.sequence())));
    }

    private Verdict verdict(List<Ledger.Line> written, Collection<Drop> dead) {
        long acknowledged = 0;
        long delivered = 0;
        long deadLetters = 0;
        long lost = 0;
        for (Ledger.Line line : written) {
            if (line.sequence().isEmpty()) {
                continue;
            }
            long sequence = line.sequence().getAsLong();
            acknowledged++;
            if (arrived.contains(line.payload().id())) {
                delivered++;
            } else if (dead.stream().anyMatch(drop -> drop.covers(line.lane(), sequence))) {
                deadLetters++;
            } else {
                lost++;
                tell(name(line) + ", acknowledged as " + sequence + ", is not there");
            }
        }
        return new Verdict(
                acknowledged,
                written.size() - acknowledged,
                delivered,
                uncertainDelivered,
                deadLetters,
                lost,
                duplicated,
                outOfOrder,
                corrupted,
                misnumbered,
                unknown,
                List.copyOf(findings));
    }

    private void tell(String finding) {
        if (findings.size() < TOLD) {
            findings.add(finding);
        }
    }

    private static String name(Ledger.Line line) {
        return "lane " + line.lane() + ": " + line.payload().id();
    }

    private static String name(Arrival arrival) {
        return "lane " + arrival.lane() + ", sequence " + arrival.sequence() + ": "
                + arrival.payload().id();
    }
}
