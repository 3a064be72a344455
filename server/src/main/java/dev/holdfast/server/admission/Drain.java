// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * The leave that a server takes of its agents: when each is to come back, and when it waits for none any more.
 *
 * <p>Times to come back lie one {@linkplain AdmissionConfig#step step} apart, dealt at random among those that are
 * there; whoever comes later comes behind them. It is over once all are gone, once only such are left that poll and did
 * not come within {@link #POLLS}, or once the timeout is over.
 *
 * <p>Not safe for use by several threads; it neither waits nor reads a clock.
 */
final class Drain {

    /** The soonest to come back: who stops is not there again in less. */
    static final Duration SOONEST = Duration.ofSeconds(1);

    /**
     * How long is waited for the next polls. What they would be told is to come back at different times, as they do
     * anyway.
     */
    static final Duration POLLS = Duration.ofSeconds(2);

    /**
     * How it went.
     *
     * @param guests how many were there
     * @param answered how many of them were told and went
     * @param silent how many of them did not answer
     * @param untold how many of them poll and did not come
     * @param last the longest that any of them is to stay away
     * @param took how long it took
     */
    record Report(int guests, int answered, int silent, int untold, Duration last, Duration took) {}

    /** Who is still there, and how the others went. */
    private record State(int listening, int polling, int answered) {

        State gone(boolean listened, boolean answer) {
            return new State(
                    listened ? listening - 1 : listening,
                    listened ? polling : polling - 1,
                    answer ? answered + 1 : answered);
        }
    }

    private final long began;
    private final long deadline;
    private final long patience;
    private final long step;
    private final int guests;

    /** The order in which those that are there come back. */
    private final int[] places;

    private int dealt;
    private State state;

    /**
     * One that begins.
     *
     * @param listening how many are there that can be told now
     * @param polling how many are there that can be told when they come
     */
    Drain(AdmissionConfig config, Duration timeout, int listening, int polling, RandomGenerator chance, long now) {
        this.began = now;
        this.deadline = now + timeout.toNanos();
        this.patience = now + Math.min(timeout.toNanos(), POLLS.toNanos());
        this.step = config.step();
        this.guests = listening + polling;
        this.places = shuffled(guests, chance);
        this.state = new State(listening, polling, 0);
    }

    /** When the next one is to come back. */
    Duration deal() {
        long place = dealt < guests ? places[dealt] : dealt;
        dealt++;
        return SOONEST.plusNanos(place * step);
    }

    /** One is gone. */
    void gone(boolean listened, boolean answered) {
        state = state.gone(listened, answered);
    }

    /** Whether there is nothing more to wait for. Time alone may make it so after {@link #POLLS} and the timeout. */
    boolean isOver(long now) {
        if (state.listening() > 0) {
            return now - deadline >= 0;
        }
        return state.polling() == 0 || now - patience >= 0;
    }

    Report report(long now) {
        Duration last = guests == 0 ? Duration.ZERO : SOONEST.plusNanos((guests - 1) * step);
        return new Report(
                guests,
                state.answered(),
                guests - state.answered() - state.polling(),
                state.polling(),
                last,
                Duration.ofNanos(now - began));
    }

    private static int[] shuffled(int size, RandomGenerator chance) {
        int[] places = new int[size];
        for (int place = 0; place < size; place++) {
            int other = chance.nextInt(place + 1);
            places[place] = places[other];
            places[other] = place;
        }
        return places;
    }
}
