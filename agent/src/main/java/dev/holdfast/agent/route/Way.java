// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

import java.util.Locale;

/** How messages travel to a server and back. */
public enum Way {
    /** Over a WebSocket, as they come. */
    WEBSOCKET,
    /** Over HTTP: each message is a POST, and what the server has to say comes with its answer. */
    POLLING;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
