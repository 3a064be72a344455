// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.metrics;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Where an agent tells how it is doing.
 *
 * @param listen the address; port 0 takes a free one
 * @param allowedGap how long a link may be gone that counts as up all the same
 */
public record MetricsConfig(InetSocketAddress listen, Duration allowedGap) {

    /** The default of {@link #allowedGap}: 30 s. */
    public static final Duration ALLOWED_GAP = Duration.ofSeconds(30);

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public MetricsConfig {
        if (allowedGap.isNegative()) {
            throw new IllegalArgumentException("allowedGap: " + allowedGap + " (expected: >= 0s, such as PT30S)");
        }
    }
}
