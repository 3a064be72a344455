// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import java.time.Duration;

/**
 * A fault and its moment.
 *
 * @param moment what it is to fall into
 * @param delay how long after the beginning of that
 */
record Step(Moment moment, Duration delay, Fault fault) {

    /** What a fault falls into. */
    enum Moment {
        /** What was killed last has just been started. */
        STARTING,
        /** The agent has just been attached, and has a backlog to deliver. */
        DRAINING,
        /** Both have been at work for a while. */
        WORKING
    }
}
