// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import java.util.OptionalLong;

/** The one state of a {@link LinkMachine}; replaced whole. Times are monotonic nanoseconds. */
sealed interface LinkState {

    /** Where that is for others. */
    LinkPhase phase();

    /** When something is due in it. */
    OptionalLong wakeAt();

    /** Not started. */
    record Idle() implements LinkState {

        @Override
        public LinkPhase phase() {
            return LinkPhase.IDLE;
        }

        @Override
        public OptionalLong wakeAt() {
            return OptionalLong.empty();
        }
    }

    /** A server is asked for its health, and the answer is due. */
    record Probing(long deadline) implements LinkState {

        @Override
        public LinkPhase phase() {
            return LinkPhase.PROBING;
        }

        @Override
        public OptionalLong wakeAt() {
            return OptionalLong.of(deadline);
        }
    }

    /**
     * A connection is opened, and is due.
     *
     * @param there whether the server answered on this very connection
     */
    record Dialing(long deadline, boolean there) implements LinkState {

        @Override
        public LinkPhase phase() {
            return LinkPhase.DIALING;
        }

        @Override
        public OptionalLong wakeAt() {
            return OptionalLong.of(deadline);
        }
    }

    /** A connection stands. */
    record Connected(Contact contact) implements LinkState {

        @Override
        public LinkPhase phase() {
            return contact.phase();
        }

        @Override
        public OptionalLong wakeAt() {
            return OptionalLong.of(contact.wakeAt());
        }
    }

    /** Nothing is done until then. */
    record Waiting(long until) implements LinkState {

        @Override
        public LinkPhase phase() {
            return LinkPhase.WAITING;
        }

        @Override
        public OptionalLong wakeAt() {
            return OptionalLong.of(until);
        }
    }

    /** Stopped for good. */
    record Stopped() implements LinkState {

        @Override
        public LinkPhase phase() {
            return LinkPhase.STOPPED;
        }

        @Override
        public OptionalLong wakeAt() {
            return OptionalLong.empty();
        }
    }
}
