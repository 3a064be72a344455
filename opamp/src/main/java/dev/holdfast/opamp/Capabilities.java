// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

/** The capability bits of the OpAMP specification that Holdfast sets or looks at, and the names of its own. */
public final class Capabilities {

    /** Agent: sends status reports. Always set. */
    public static final long REPORTS_STATUS = 0x1;

    /** Agent: takes settings for its OpAMP connection. */
    public static final long ACCEPTS_CONNECTION_SETTINGS = 0x100;

    /** Agent: reports its health. */
    public static final long REPORTS_HEALTH = 0x800;

    /** Agent: sends heartbeats. */
    public static final long REPORTS_HEARTBEAT = 0x2000;

    /** Server: takes status reports. Always set. */
    public static final long ACCEPTS_STATUS = 0x1;

    /** Server: offers settings for the OpAMP connection. */
    public static final long OFFERS_CONNECTION_SETTINGS = 0x20;

    /** The custom capability under which an outbox is emptied, see {@link dev.holdfast.opamp.outbox.OutboxWire}. */
    public static final String OUTBOX = "dev.holdfast.outbox";

    /** What a Holdfast agent can do. */
    public static final long OF_AGENT =
            REPORTS_STATUS | ACCEPTS_CONNECTION_SETTINGS | REPORTS_HEALTH | REPORTS_HEARTBEAT;

    private Capabilities() {}
}
