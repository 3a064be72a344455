// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import java.time.Duration;

/**
 * How often a link polls: fast while there is something to do, and each poll that brought nothing doubles the interval
 * up to the one that the server offers. Immutable.
 *
 * @param fast the shortest interval
 * @param now the interval now
 */
record PollPace(Duration fast, Duration now) {

    /** One of a link that has just attached, and mostly has something to do. */
    static PollPace fast(Duration fast) {
        return new PollPace(fast, fast);
    }

    /** Something was to do. */
    PollPace busy() {
        return new PollPace(fast, fast);
    }

    /** Nothing was to do. */
    PollPace idle(Duration most) {
        Duration doubled = now.multipliedBy(2);
        return new PollPace(fast, doubled.compareTo(most) > 0 ? most : doubled);
    }
}
