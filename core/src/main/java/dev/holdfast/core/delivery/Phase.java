// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.record.Point;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a lane stands.
 *
 * <pre>{@code
 *          link up              points             mark
 *   AWAY ───────────▶ LOOKING ─────────▶ RESUMING ─────────▶ FLOWING
 *    ▲                   ▲                 │   │                │
 *    │ link down         │ over            │   │ parted         │ no answer, or one that makes no sense
 *    │                 PAUSING ◀───────────┘   ▼                │
 *    │                   ▲                  RENEWING ──────▶ FLOWING, opens a stream
 *    │                   └──────────────────────────────────────┘
 * }</pre>
 */
sealed interface Phase {

    /** No time that anything is due at. */
    long NEVER = Long.MAX_VALUE;

    /** There is no link. */
    record Away() implements Phase {}

    /** The lane's own log is asked for points. */
    record Looking(long ask, Search search) implements Phase {}

    /** The server is asked how far it has the lane. */
    record Resuming(long ask, long deadline, Search search) implements Phase {}

    /** The server will be asked once the wait is over. */
    record Pausing() implements Phase {}

    /** An epoch is being drawn. */
    record Renewing() implements Phase {}

    /**
     * Batches are sent.
     *
     * @param sent those that are not answered, the oldest first
     */
    record Flowing(@Nullable Reading reading, List<Sent> sent) implements Phase {

        static Flowing idle() {
            return new Flowing(null, List.of());
        }

        /** Its read is over, and sent. */
        Flowing with(Sent newest) {
            List<Sent> all = new ArrayList<>(sent);
            all.add(newest);
            return new Flowing(null, List.copyOf(all));
        }

        /** It has answers up to this one; those that are left have the time from now on, since a link takes turns. */
        Flowing after(int at, long deadline) {
            return new Flowing(
                    reading,
                    sent.subList(at + 1, sent.size()).stream()
                            .map(left -> new Sent(left.ask, left.batch, deadline))
                            .toList());
        }

        /** Which of the sent ones was asked so, or -1. */
        int at(long ask) {
            for (int i = 0; i < sent.size(); i++) {
                if (sent.get(i).ask == ask) {
                    return i;
                }
            }
            return -1;
        }

        /** The point after which the next batch begins. */
        Point end(Point acknowledged) {
            return sent.isEmpty() ? acknowledged : sent.getLast().batch().end();
        }

        /** By when the oldest must be answered. */
        long deadline() {
            return sent.isEmpty() ? NEVER : sent.getFirst().deadline();
        }
    }

    /**
     * A read that is under way.
     *
     * @param lastThen the newest record that was known of when it began
     * @param reserved how much room is kept for it
     */
    record Reading(long ask, long from, long lastThen, long reserved) {}

    /** A batch that is not answered. */
    record Sent(long ask, Batch batch, long deadline) {}
}
