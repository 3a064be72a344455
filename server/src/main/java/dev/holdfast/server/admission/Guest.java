// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

import java.time.Duration;
import java.util.function.Consumer;

/** The server's end of one agent's connection, while the server takes its leave. */
public interface Guest {

    /** Whether it can be told now, always the same; one that polls is told when it comes. */
    default boolean listens() {
        return true;
    }

    /** Has it told when to come back, after what it is still owed. Returns at once. */
    void leave(Parting parting);

    /**
     * What one is told.
     *
     * @param after when to come back, another for each agent
     * @param gone to be told once, on any thread, when it was told and has gone: whether it answered the goodbye
     */
    record Parting(Duration after, Consumer<Boolean> gone) {}
}
