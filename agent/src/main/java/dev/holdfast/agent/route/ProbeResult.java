// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

/** What a probe that was answered found. One that was not, or was answered with an error, is a failed attempt. */
public enum ProbeResult {
    /** The server is well: 2xx. */
    WELL,
    /** The server does not say how it is (404, 405, 501 and the like): only a dial can tell. */
    UNKNOWN
}
