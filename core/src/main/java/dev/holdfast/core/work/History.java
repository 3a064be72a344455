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

    static History first(Instant at, Failure failure) {
        return new History(1, at, List.of(new Failed(1, at, failure)));
    }

    History and(Instant at, Failure failure) {
        int attempt = failures == Integer.MAX_VALUE ? failures : failures + 1;
        int kept = Math.min(last.size(), KEPT - 1);
        // An array, since a list of a part of a list costs more than all else that is done when a key fails.
        Failed[] newest = new Failed[kept + 1];
        for (int i = 0; i < kept; i++) {
            newest[i] = last.get(last.size() - kept + i);
        }
        newest[kept] = new Failed(attempt, at, failure);
        return new History(attempt, first, List.of(newest));
    }

    /** The newest failure. */
    public Failed newest() {
        return last.getLast();
    }
}
