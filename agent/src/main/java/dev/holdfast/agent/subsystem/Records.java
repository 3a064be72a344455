// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

/** Where a subsystem puts what the server is to have. */
@FunctionalInterface
public interface Records {

    /** The lane of status records. */
    String STATUS_LANE = "status";

    /**
     * Hands over a record. May be called from any thread, and does not wait for the server.
     *
     * @param lane which sequence of records it belongs to
     * @param json the record
     */
    void record(String lane, String json);
}
