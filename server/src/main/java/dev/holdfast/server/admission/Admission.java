// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who is admitted now, and when the others are to come.
 *
 * <p>Places lie one {@linkplain AdmissionConfig#step step} apart; those that nobody took are kept up to the burst. Who
 * finds none free is promised the next one to come, so that the n-th who is refused is told n steps. A promise is kept
 * from a little before its time until as long after it as a client's jitter may add; what is not taken by then is free
 * for the next who comes. Whoever comes too early is told the same time again.
 *
 * <p>Promises are bounded in number and time. Who comes when there are no more is told a time behind them, different
 * for each, and is promised nothing. Those that do not say who they are keep their promises in common.
 *
 * <p>Not safe for use by several threads; it neither waits nor reads a clock.
 */
final class Admission {

    /** How far ahead a place is promised. */
    static final Duration LONGEST = Duration.ofMinutes(5);

    /** How many promises are remembered: some 10 MB. */
    static final int MOST_PROMISES = 1 << 16;

    /** How much too early is not too early: clocks and timers differ. */
    static final Duration EARLY = Duration.ofMillis(100);

    /** How much later than its time a promise is kept, beside half of the delay: a header may hold whole seconds. */
    static final Duration LATE = Duration.ofSeconds(2);

    /** How long one that was admitted may take to go on with what it came for. */
    static final Duration CONTINUED = Duration.ofSeconds(30);

    private final AdmissionConfig config;
    private final long step;

    /** The promises of those that said who they are, in the order they were made in. */
    private final Map<Object, Promise> promises = new LinkedHashMap<>();

    /** Those of the others. */
    private final Deque<Promise> nameless = new ArrayDeque<>();

    /** The first place that is neither taken nor promised. In the past it says how many there are. */
    private long next;

    /** The last time that was told to one who was promised nothing. */
    private long behind;

    /** How many places were promised and not taken. */
    private int spare;

    /**
     * A place that is kept.
     *
     * @param paid whether it was taken out of those there are
     */
    private record Promise(long due, long until, boolean paid) {}

    Admission(AdmissionConfig config, long now) {
        this.config = config;
        this.step = config.step();
        this.next = now - unused();
        this.behind = now;
    }

    /**
     * Asks for a place.
     *
     * @param who whoever asks, or null if it does not say
     * @return zero if it is admitted, else how long it is to stay away
     */
    Duration ask(@Nullable Object who, long now) {
        if (config.isUnlimited()) {
            return Duration.ZERO;
        }
        forgetWhatIsOver(now);
        Promise promise = who == null ? nameless.peek() : promises.get(who);
        if (promise != null && promise.due() - now <= EARLY.toNanos()) {
            if (who == null) {
                nameless.remove();
            } else {
                promises.remove(who);
            }
            return Duration.ZERO;
        }
        if (promise != null && who != null) {
            return Duration.ofNanos(promise.due() - now);
        }
        return take(who, now);
    }

    /** Lets whoever was just admitted go on with another request soon. */
    void expect(Object who, long now) {
        if (!config.isUnlimited() && size() < MOST_PROMISES) {
            promises.put(who, new Promise(now, now + CONTINUED.toNanos(), false));
        }
    }

    /** How many promises are remembered. */
    int size() {
        return promises.size() + nameless.size();
    }

    private Duration take(@Nullable Object who, long now) {
        if (spare > 0) {
            spare--;
            return Duration.ZERO;
        }
        next = later(next, now - unused());
        if (next - now <= 0) {
            next += step;
            return Duration.ZERO;
        }
        long wait = next - now;
        if (wait > LONGEST.toNanos() || size() >= MOST_PROMISES) {
            return Duration.ofNanos(behind(now) - now);
        }
        Promise promise = new Promise(next, next + wait / 2 + LATE.toNanos(), true);
        if (who == null) {
            nameless.add(promise);
        } else {
            promises.put(who, promise);
        }
        next += step;
        return Duration.ofNanos(wait);
    }

    /** Goes round between the last promise and twice the longest delay, so that not all come back at once. */
    private long behind(long now) {
        behind = later(behind + step, next);
        if (behind - now > 2 * LONGEST.toNanos()) {
            behind = next;
        }
        return behind;
    }

    private void forgetWhatIsOver(long now) {
        forgetWhatIsOver(promises.values().iterator(), now);
        forgetWhatIsOver(nameless.iterator(), now);
    }

    private void forgetWhatIsOver(Iterator<Promise> oldest, long now) {
        while (oldest.hasNext()) {
            Promise promise = oldest.next();
            if (promise.until() - now > 0) {
                return;
            }
            oldest.remove();
            if (promise.paid()) {
                spare = Math.min(spare + 1, config.burst());
            }
        }
    }

    /** How far back places are kept that nobody took. */
    private long unused() {
        return (config.burst() - 1) * step;
    }

    private static long later(long one, long other) {
        return one - other > 0 ? one : other;
    }
}
