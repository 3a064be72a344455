// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import dev.holdfast.core.breaker.CircuitBreaker.State;
import dev.holdfast.core.policy.Failure;
import java.time.Duration;

/** What a breaker is doing, and what it has to know for that; replaced whole. */
sealed interface Phase permits Closed, Phase.Open, Phase.HalfOpen, Phase.ForcedOpen, Phase.Disabled {

    State state();

    /**
     * No call goes through for a while.
     *
     * @param streak how many times in a row it opened
     */
    record Open(long since, Duration length, int streak) implements Phase {

        @Override
        public State state() {
            return State.OPEN;
        }

        /** Zero or less once it is over. */
        long nanosLeft(long now) {
            return length.toNanos() - (now - since);
        }
    }

    /**
     * Trials go through.
     *
     * @param last how it was open before
     */
    record HalfOpen(Open last, Trials trials) implements Phase {
        @Override
        public State state() {
            return State.HALF_OPEN;
        }
    }

    /** No call goes through until told otherwise. */
    record ForcedOpen() implements Phase {
        @Override
        public State state() {
            return State.FORCED_OPEN;
        }
    }

    /** Every call goes through, and none is counted. */
    record Disabled() implements Phase, Permit {

        @Override
        public State state() {
            return State.DISABLED;
        }

        @Override
        public void success() {}

        @Override
        public void failure() {}

        @Override
        public void failure(Failure failure) {}

        @Override
        public void ignore() {}
    }
}
