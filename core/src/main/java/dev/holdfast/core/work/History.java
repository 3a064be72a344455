// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Failure;
import java.time.Instant;
import java.util.List;

/**
 * The failures of a key since it last went well.
 *
 * @param failures how many there were
 * @param first when the first of them was
 * @param last the newest ones, the oldest of those first; at most {@link #KEPT}
 */
public record History(int failures, Instant first, List<Failed> last) {

    /** How many failures of a key are kept one by one: {@value}. */
    public static final int KEPT = 5;

    /**
     * One failure.
     *
     * @param attempt which one it was, from 1
     * @param at when it ended
     * @param failure why
     */
    public record Failed(int attempt, Instant at, Failure failure) {}

    /** Copies the list. */
    public History {
        last = List.copyOf(last);
    }

    /** The newest failure. */
    public Failed newest() {
        return last.getLast();
    }
}
