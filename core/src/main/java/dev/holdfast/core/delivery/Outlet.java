// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** What the lanes of one machine share. Times are nanoseconds since the machine began. Confined to the machine. */
final class Outlet {

    /** How much jitter adds to a server's floor, at most. */
    private static final double FLOOR_SPREAD = 0.25;

    final DeliveryPolicy policy;
    final RandomGenerator chance;
    private final long begun;
    private final List<Action> actions = new ArrayList<>();

    private long now;
    private Instant date;
    private long asks;
    private long bytesInFlight;
    private long heldUntil;
    private boolean linked;
    private boolean stopping;

    Outlet(DeliveryPolicy policy, RandomGenerator chance, Moment now) {
        this.policy = policy;
        this.chance = chance;
        this.begun = now.nanos();
        this.date = now.date();
    }

    void moveTo(Moment moment) {
        now = moment.nanos() - begun;
        date = moment.date();
    }

    long now() {
        return now;
    }

    Instant date() {
        return date;
    }

    /** The monotonic time that outsiders know for one of the times here. */
    long outside(long time) {
        return begun + time;
    }

    long nextAsk() {
        return ++asks;
    }

    void add(Action action) {
        actions.add(action);
    }

    List<Action> taken() {
        List<Action> taken = List.copyOf(actions);
        actions.clear();
        return taken;
    }

    boolean isLinked() {
        return linked;
    }

    void link(boolean linked) {
        this.linked = linked;
    }

    boolean isStopping() {
        return stopping;
    }

    void stop() {
        stopping = true;
    }

    void take(long bytes) {
        bytesInFlight += bytes;
    }

    void giveBack(long bytes) {
        bytesInFlight -= bytes;
    }

    /** Whether so much more may be in flight. What is larger than all that may be goes when nothing else does. */
    boolean hasRoomFor(long bytes) {
        return bytesInFlight == 0 || bytesInFlight + bytes <= policy.flight().maxBytes();
    }

    /** Before when nothing is sent by any lane. */
    long heldUntil() {
        return heldUntil;
    }

    void hold(Duration floor) {
        heldUntil = Math.max(heldUntil, now + spread(floor));
    }

    /** What a server may ask for. */
    Duration bounded(Duration floor) {
        if (floor.isNegative()) {
            return Duration.ZERO;
        }
        return floor.compareTo(policy.maxRetryAfter()) > 0 ? policy.maxRetryAfter() : floor;
    }

    /** A floor in nanoseconds, and a little more, so that those who were told the same do not return together. */
    long spread(Duration floor) {
        long nanos = bounded(floor).toNanos();
        return nanos + (long) (nanos * FLOOR_SPREAD * chance.nextDouble());
    }
}
