// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

/** What a process is. */
public enum Role {
    /** The one that comes back. */
    AGENT,
    /** The one that it comes back to. */
    SERVER
}
