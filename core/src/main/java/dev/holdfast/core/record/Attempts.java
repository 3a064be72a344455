// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How often and why a record could not be delivered; counted for the record that a lane stands at, and begun anew with
 * the next. To be kept on disk as it is.
 *
 * @param sequence the record
 * @param total how many deliveries that began with it failed
 * @param alone in how many of them the server refused it while nothing else was in the batch
 * @param first when the first of them ended
 * @param last when the last of them ended
 * @param reasons every distinct reason and how often it was given, in the order they came; of more than {@value #MOST}
 *     the rest is counted under {@value #MORE}
 * @param delay how long it waits after the last before it is tried again
 */
public record Attempts(
        long sequence,
        int total,
        int alone,
        Instant first,
        Instant last,
        Map<String, Integer> reasons,
        Duration delay) {

    /** How many distinct reasons are kept. */
    public static final int MOST = 100;

    /** What further reasons are counted under. */
    public static final String MORE = "other reasons";

    /** Copies the map. */
    public Attempts {
        reasons = Collections.unmodifiableMap(new LinkedHashMap<>(reasons));
    }

    /** None so far. */
    public static Attempts none(long sequence, Instant now) {
        return new Attempts(sequence, 0, 0, now, now, Map.of(), Duration.ZERO);
    }

    /**
     * One more.
     *
     * @param reason why it failed; of more than a line of some 300 characters the rest is left out
     * @param refusedAlone whether nothing else was in the batch
     */
    public Attempts plus(String reason, boolean refusedAlone, Instant now) {
        // A reason is mostly the server's word: one short line of it.
        String line = Failure.of(Cause.REJECTED, reason).detail();
        Map<String, Integer> counted = new LinkedHashMap<>(reasons);
        counted.merge(counted.containsKey(line) || counted.size() < MOST ? line : MORE, 1, Integer::sum);
        // The date may have been set back.
        Instant end = now.isBefore(first) ? first : now;
        return new Attempts(
                sequence, Math.addExact(total, 1), refusedAlone ? alone + 1 : alone, first, end, counted, delay);
    }

    /** The same with a wait after the last. */
    public Attempts waiting(Duration delay) {
        return new Attempts(sequence, total, alone, first, last, reasons, delay);
    }
}
