// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Failure;
import java.time.Instant;
import java.util.ArrayList;
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
        List<Failed> newest = new ArrayList<>(last.subList(last.size() < KEPT ? 0 : 1, last.size()));
        newest.add(new Failed(attempt, at, failure));
        return new History(attempt, first, newest);
    }

    /** The newest failure. */
    public Failed newest() {
        return last.getLast();
    }
}
