// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

/** Where a link stands. */
public enum LinkPhase {
    /** Not started. */
    IDLE,
    /** Asking a server for its health before it is dialled. */
    PROBING,
    /** Opening a connection. */
    DIALING,
    /** Connected, and waiting for the answer to a rejoin. */
    REJOINING,
    /** Connected, and waiting for the answer to a registration. */
    REGISTERING,
    /** Connected, and taken by the server. */
    ATTACHED,
    /** Not connected; the next dial has its time. */
    WAITING,
    /** Stopped for good. */
    STOPPED
}
