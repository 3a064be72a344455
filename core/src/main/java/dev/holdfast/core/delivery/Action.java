// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.Point;
import java.time.Duration;
import java.util.List;

/**
 * What a {@link DeliveryMachine} wants done, in the order given.
 *
 * <p>What is to be answered bears an <em>ask</em>, a number that no two questions of one machine share: what was
 * looked up or read is handed back with it, and a {@link Mark} or {@link Refusal} bears that of the resume or batch it
 * answers. What comes with the number of a question that the machine has let go of is ignored.
 */
public sealed interface Action {

    /**
     * Look points up in the lane's own log and hand them to {@link DeliveryMachine#found}: for each sequence the newest
     * record, or end of a gap, at or before it. A sequence may be acknowledged already: its point if it still is there.
     */
    record Look(String lane, long ask, List<Long> sequences) implements Action {}

    /**
     * Ask the server how far it has the lane.
     *
     * @param last the lane's newest record
     * @param points what the server is to compare, newest first; at most 32
     */
    record Resume(String lane, long ask, long epoch, Point acknowledged, long last, List<Point> points)
            implements Action {}

    /**
     * Read records and gaps and hand their outline to {@link DeliveryMachine#read}: at least one if there is any, and
     * none after it that goes beyond a bound. A gap may be cut at its front, to begin at {@code from}.
     *
     * @param from the first sequence
     * @param upTo the last one, at most
     * @param items how many, at most
     * @param bytes how much, at most
     */
    record Read(String lane, long ask, long from, long upTo, int items, long bytes) implements Action {}

    /**
     * Send what was just read. What was read and is not asked to be sent by the very call that was told of it can be
     * forgotten: it will be read again.
     *
     * @param ask the number that it was read by
     * @param opens whether the server does not have this stream yet
     * @param follows the point before its first item
     */
    record Send(String lane, long ask, long epoch, boolean opens, Point follows) implements Action {}

    /** The server has everything up to here: keep that, and let go of the records. */
    record Acknowledge(String lane, Point upTo) implements Action {}

    /** A delivery failed: keep that for {@link LaneState#attempts}, in place of what was kept before. */
    record Attempted(String lane, Attempts attempts) implements Action {}

    /**
     * Make a record a dead letter, and then say so by {@link DeliveryMachine#buried}. From there on the lane has a gap
     * in its place, with the same hash. If it is no longer there, just say so.
     */
    record Bury(String lane, Attempts attempts) implements Action {}

    /** Draw an epoch for what follows this sequence, keep it, and hand it to {@link DeliveryMachine#epochStarted}. */
    record StartEpoch(String lane, long after) implements Action {}

    /**
     * Tell: the lane waits, and why.
     *
     * @param reason what happened, in one line
     * @param attempts how many attempts the record that it stands at has behind it
     * @param left how many it has left
     * @param source who chose the delay
     */
    record Waits(String lane, String reason, int attempts, int left, Source source, Duration delay) implements Action {}

    /**
     * Tell: the two sides do not have the same.
     *
     * @param first the first sequence that it is about
     * @param last the last one
     */
    record Tell(String lane, News news, long first, long last) implements Action {}

    /** Who chose a delay. */
    enum Source {
        /** The lane's backoff. */
        BACKOFF,
        /** The server, which asked for more. */
        SERVER
    }

    /** What can be wrong between the two sides. */
    enum News {
        /** The server acknowledged these and does not have them any more: it was restored. They are not here either. */
        SERVER_LOST,
        /**
         * These were acknowledged, and whether the server still has them cannot be known: it was restored, to before an
         * epoch began or together with this disk.
         */
        UNCERTAIN,
        /**
         * The server has these from this very outbox, and they are not what is here: this disk was restored or copied.
         */
        SERVER_AHEAD
    }
}
