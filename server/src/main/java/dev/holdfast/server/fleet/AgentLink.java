// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

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

    /** How the agent is connected, for people: {@code WebSocket} or {@code HTTP polling}. */
    String transport();

    /** Says that a newer link of the same agent has taken its place. Returns at once; the link closes itself. */
    void displaced();
}
