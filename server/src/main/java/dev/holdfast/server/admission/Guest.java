// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

import java.time.Duration;
import java.util.function.Consumer;

/** The server's end of one agent's connection, while the server takes its leave. */
public interface Guest {

    /** Whether it can be told now, always the same; one that polls is told when it comes. */
    boolean listens();

    /**
     * Has it told when to come back, after what it is still owed. Returns at once.
     *
     * @param after another for each agent
     * @param gone told once, on any thread, when it was told and has gone: whether it answered the goodbye
     */
    void leave(Duration after, Consumer<Boolean> gone);
}
