// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import java.time.Duration;

/**
 * A breaker at one instant, for logs and metrics.
 *
 * @param failures counted towards the next trip, or failed trials
 * @param calls that the failures are of: those within the policy's window, or settled trials
 * @param underWay trials that are not settled
 * @param untilTrial how long until an open breaker gives out a trial; zero in other states
 * @param trips how often it went from closed to open
 * @param refused how many permits it has refused
 */
public record Snapshot(
        CircuitBreaker.State state,
        long failures,
        long calls,
        int underWay,
        Duration untilTrial,
        long trips,
        long refused) {}
