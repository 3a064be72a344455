// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

/**
 * Headers of the upgrade request and of a POST. All are optional: a peer that is not Holdfast sends and reads none but
 * the first.
 */
public final class Headers {

    /** From the agent: its uid, before any body is read. */
    public static final String INSTANCE_UID = "OpAMP-Instance-UID";

    /** From the agent: the hash of its full state, see {@link AgentState#hash}. */
    public static final String STATE = "Holdfast-State";

    /** From the agent: 128 random bits drawn when its process started, to tell a reconnect from a clone. */
    public static final String PROCESS = "Holdfast-Process";

    /** From the server: the precise delay, in milliseconds, beside {@code Retry-After}. */
    public static final String RETRY_AFTER_MS = "Holdfast-Retry-After-Ms";

    private Headers() {}
}
