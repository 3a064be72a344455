// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** What writers handed over, and what they were told. Safe for use by any thread. */
public final class Ledger {

    /** Guarded by itself; in the order of handing over. */
    private final Map<String, Line> lines = new LinkedHashMap<>();

    /**
     * One payload.
     *
     * @param lane the lane it was handed over to
     * @param number its place in the order of handing over
     * @param payload what it was
     * @param sequence what it was acknowledged as; empty if there was no answer, so that nobody knows
     */
    public record Line(String lane, long number, Payload payload, OptionalLong sequence) {}

    /**
     * Notes that a payload is handed over, before it is.
     *
     * @throws IllegalArgumentException if there was one of that name
     */
    public void offered(String lane, Payload payload) {
        synchronized (lines) {
            Line line = new Line(lane, lines.size(), payload, OptionalLong.empty());
            if (lines.putIfAbsent(payload.id(), line) != null) {
                throw new IllegalArgumentException("id: " + payload.id() + " (expected: one that was not used before)");
            }
        }
    }

    /**
     * Notes that it was acknowledged.
     *
     * @throws IllegalArgumentException if it was not handed over, or was acknowledged before
     */
    public void acknowledged(String id, long sequence) {
        synchronized (lines) {
            Line line = lines.get(id);
            if (line == null || line.sequence().isPresent()) {
                throw new IllegalArgumentException("id: " + id + " (expected: one that waits for its answer)");
            }
            lines.put(id, new Line(line.lane(), line.number(), line.payload(), OptionalLong.of(sequence)));
        }
    }

    /** All there are, in the order of handing over. */
    public List<Line> lines() {
        synchronized (lines) {
            return new ArrayList<>(lines.values());
        }
    }

    /** How many were acknowledged in a lane. */
    public long acknowledgedIn(String lane) {
        synchronized (lines) {
            return lines.values().stream()
                    .filter(line -> line.lane().equals(lane) && line.sequence().isPresent())
                    .count();
        }
    }
}
