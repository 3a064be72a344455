// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.record.Attempts;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What went wrong in one lane since something last went well: how long it waits for that, where the record to blame
 * must be, and when a record is given up on. Confined to its machine.
 */
final class Setbacks {

    /**
     * How many refusals in a row a search for a bad record may take at full speed: three searches among 500. A server
     * that refuses everything is met with backoff after that, so that it does not bury a whole lane in a moment.
     */
    static final int FREE_REFUSALS = 32;

    /** Batches do not become smaller than this for a link that breaks: what frames one would come to more. */
    private static final long LEAST_BATCH = 8 * 1024;

    /** The record to blame is among these. */
    private record Suspects(long first, long last) {}

    private final Outlet outlet;
    private final String lane;

    private @Nullable Attempts attempts;
    private @Nullable Suspects suspects;
    private int failures;
    private Duration previousDelay = Duration.ZERO;
    private int refusalsInARow;
    private int strays;
    private long notBefore;

    /** Whether the server's last word was that the lane is to wait. */
    private boolean isHeldBack;

    /** How large a batch may be: less than usual while the link breaks, or falls silent, under what it carries. */
    private long batchBytes;

    Setbacks(Outlet outlet, String lane, @Nullable Attempts kept) {
        this.outlet = outlet;
        this.lane = lane;
        this.attempts = kept;
        this.notBefore = outlet.now();
        this.batchBytes = outlet.policy.flight().batchBytes();
        if (kept != null) {
            failures = kept.total();
            previousDelay = kept.delay();
            // The date may have been set back or forth meanwhile: no wait is longer than it was to be.
            Duration gone = Duration.between(kept.last(), outlet.date());
            Duration left = gone.isNegative() ? kept.delay() : kept.delay().minus(gone);
            notBefore += Math.max(0, left.toNanos());
        }
    }

    /** When the lane may send again; of the lane's own accord. */
    long notBefore() {
        return notBefore;
    }

    /** How large the next batch may be. */
    long batchBytes() {
        return batchBytes;
    }

    /** A link that carries little in the time it has must not be asked for the same again and again. */
    void cutShort(List<Phase.Sent> unanswered) {
        if (!unanswered.isEmpty() && 2 * unanswered.getFirst().batch().bytes() >= batchBytes) {
            batchBytes = Math.max(Math.min(LEAST_BATCH, batchBytes), batchBytes / 2);
        }
    }

    /** How many batches may be unanswered: one as long as something goes wrong, or the server asks for time between. */
    int window() {
        boolean isFailing = failures > 0 || strays > 0 || suspects != null;
        return isFailing || isHeldBack ? 1 : outlet.policy.flight().window();
    }

    /** The record that fails at present, or 0. */
    long failing() {
        return attempts == null ? 0 : attempts.sequence();
    }

    /** Up to where the next batch, which begins at {@code from}, may go. */
    long upTo(long from) {
        if (suspects == null) {
            return Long.MAX_VALUE;
        }
        return from < suspects.first() ? suspects.first() - 1 : from + (suspects.last() - from) / 2;
    }

    /** The server has everything up to {@code sequence}. */
    void passed(long sequence) {
        if (attempts != null && attempts.sequence() <= sequence) {
            attempts = null;
        }
        if (suspects != null && suspects.last() <= sequence) {
            suspects = null;
        }
    }

    /** A batch was taken. */
    void taken(Batch batch) {
        failures = 0;
        strays = 0;
        previousDelay = Duration.ZERO;
        batchBytes = Math.min(outlet.policy.flight().batchBytes(), 2 * batchBytes);
        if (batch.firstRecord() != 0) {
            refusalsInARow = 0;
        }
    }

    /** The server wants this lane to wait. */
    void floor(Duration floor) {
        isHeldBack = floor.isPositive();
        notBefore = Math.max(notBefore, outlet.now() + outlet.spread(floor));
    }

    /**
     * The server refused a batch.
     *
     * @return the record to be buried, or null if none is
     */
    @Nullable
    Attempts refused(Batch batch, Refusal refusal) {
        boolean alone = batch.items() == 1;
        boolean permanent = refusal.why().isPermanent();
        String reason = refusal.detail().isEmpty() ? refusal.why().name() : refusal.why() + ": " + refusal.detail();
        Attempts counted = count(batch.firstRecord(), reason, alone);
        boolean spent =
                counted != null && counted.total() >= outlet.policy.attempts().max(lane);
        boolean split = !alone && (refusal.why() != Refusal.Why.OVERLOAD || spent);
        boolean over = alone
                && counted != null
                && (spent
                        || (permanent
                                && counted.alone() >= outlet.policy.attempts().permanent()));
        if (split) {
            suspects = suspects(batch, refusal);
        }
        refusalsInARow++;
        if (permanent && (split || over) && refusalsInARow <= FREE_REFUSALS) {
            if (counted != null && !over) {
                keep(counted, Duration.ofNanos(Math.max(0, notBefore - outlet.now())));
            }
        } else {
            back(reason, refusal.retryAfter(), over ? null : counted);
        }
        return over ? buried(counted) : null;
    }

    /**
     * No answer came to a batch that began with {@code record}, or the server was not to be reached.
     *
     * @param record 0 if it began with a gap and has no record
     * @return the record to be buried, or null if none is
     */
    @Nullable
    Attempts unanswered(long record, String reason) {
        @Nullable Attempts counted = null;
        if (outlet.policy.attempts().countUnreachable()) {
            counted = count(record, reason, false);
            if (counted != null && counted.total() >= outlet.policy.attempts().max(lane)) {
                return buried(counted);
            }
        }
        back(reason, Duration.ZERO, counted);
        return null;
    }

    /** An answer made no sense; whether to ask at once. From the second in a row on, the lane waits. */
    boolean strayed(String reason) {
        if (strays++ == 0) {
            return true;
        }
        back(reason, Duration.ZERO, null);
        return false;
    }

    /** When a link that is gone just now, or not there yet, is one that was to be there. */
    long afterGrace() {
        return outlet.now() + delay(1, Duration.ZERO).toNanos();
    }

    private @Nullable Attempts buried(@Nullable Attempts counted) {
        attempts = null;
        suspects = null;
        return counted;
    }

    private @Nullable Attempts count(long record, String reason, boolean alone) {
        if (record == 0) {
            return null;
        }
        Attempts before =
                attempts != null && attempts.sequence() == record ? attempts : Attempts.none(record, outlet.date());
        attempts = before.plus(reason, alone, outlet.date());
        return attempts;
    }

    /** The server may say which part is to blame. It is looked at first, and not believed before it stood alone. */
    private static Suspects suspects(Batch batch, Refusal refusal) {
        long first = Math.max(batch.first(), refusal.first());
        long last = Math.min(batch.last(), refusal.last());
        boolean usable = refusal.why().isPermanent() && first <= last;
        return usable ? new Suspects(first, last) : new Suspects(batch.first(), batch.last());
    }

    private void back(String reason, Duration floor, @Nullable Attempts counted) {
        if (failures < Integer.MAX_VALUE) {
            failures++;
        }
        Duration asked = outlet.bounded(floor);
        Duration delay = delay(failures, asked);
        previousDelay = delay;
        notBefore = Math.max(notBefore, outlet.now() + delay.toNanos());
        if (counted != null) {
            keep(counted, delay);
        }
        int total = attempts == null ? 0 : attempts.total();
        boolean byServer = asked.compareTo(outlet.policy.backoff().envelope(failures)) > 0;
        outlet.add(new Action.Waits(
                lane,
                Failure.of(Cause.REJECTED, reason).detail(),
                total,
                Math.max(0, outlet.policy.attempts().max(lane) - total),
                byServer ? Action.Source.SERVER : Action.Source.BACKOFF,
                delay));
    }

    private Duration delay(int attempt, Duration floor) {
        return outlet.policy.backoff().delay(attempt, previousDelay, floor, outlet.chance);
    }

    private void keep(Attempts counted, Duration delay) {
        attempts = counted.waiting(delay);
        outlet.add(new Action.Attempted(lane, attempts));
    }
}
