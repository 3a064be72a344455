// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.core.policy.LimitedLog;
import dev.holdfast.opamp.ServerSession;
import dev.holdfast.server.admission.Entrance;
import dev.holdfast.server.fleet.Fleet;
import dev.holdfast.server.ingest.Intake;
import java.util.concurrent.Executor;

/**
 * What every conversation on the agent port has in common.
 *
 * @param largeReads where messages of more than {@value #SMALL} bytes are read, one at a time: some take as long as
 *     thousands of heartbeats
 */
record Reception(
        Fleet fleet,
        Intake intake,
        Entrance entrance,
        ServerSession.Offer offer,
        WebMeters meters,
        LimitedLog lines,
        Executor largeReads) {

    /** The largest message that an event loop reads itself, in bytes, compressed or not. */
    static final int SMALL = 16 << 10;
}
