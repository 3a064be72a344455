// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The server's end of an agent's link: a WebSocket connection, or the polls of one agent. */
public interface AgentLink {

    /**
     * Which of an agent's links is the newest: the one with the highest number.
     *
     * @see Fleet#nextLinkNumber
     */
    long number();

    /** Which process is at its other end; null if that does not say, as only a Holdfast agent does. */
    @Nullable
    AgentProcess process();

    /** How the agent is connected. */
    Transport transport();

    /** Says that a newer link of the same agent has taken its place. Returns at once; the link closes itself. */
    void displaced();

    /** The ways there are. */
    enum Transport {
        /** A connection that stays. */
        WEBSOCKET("WebSocket"),
        /** A request now and then. */
        POLLING("HTTP polling");

        private final String text;

        Transport(String text) {
            this.text = text;
        }

        /** For programs: {@code websocket} or {@code polling}. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** For people. */
        @Override
        public String toString() {
            return text;
        }
    }
}
