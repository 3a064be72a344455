// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import java.time.Duration;
import java.util.List;

/** Something that is done to processes. */
sealed interface Fault {

    /** Whom it is done to. */
    Target target();

    /** Who. */
    enum Target {
        AGENT,
        SERVER,
        BOTH;

        List<Role> roles() {
            return switch (this) {
                case AGENT -> List.of(Role.AGENT);
                case SERVER -> List.of(Role.SERVER);
                case BOTH -> List.of(Role.AGENT, Role.SERVER);
            };
        }
    }

    /**
     * {@code kill -9}.
     *
     * @param down how long it is until what was killed is started again
     */
    record Kill(Target target, Duration down) implements Fault {}

    /**
     * SIGSTOP, and SIGCONT after a while.
     *
     * @param length how long that is
     */
    record Pause(Target target, Duration length) implements Fault {}
}
