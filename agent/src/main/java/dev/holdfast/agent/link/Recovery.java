// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.Delay;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.Way;
import java.net.URI;
import java.time.Duration;

/**
 * How a link came to be attached.
 *
 * @param server whom to
 * @param way which way
 * @param down how long it was gone, or took to come since it was started
 * @param failures how many attempts failed meanwhile, the loss of the link included
 * @param by what made the last attempt
 */
public record Recovery(URI server, Way way, Duration down, int failures, Route.Came by) {

    /** The end of the line that tells it in a log. */
    @Override
    public String toString() {
        return "%s over %s after %s down, %d failed attempts, brought by %s"
                .formatted(server, way, Delay.seconds(down), failures, by.name().toLowerCase(java.util.Locale.ROOT));
    }
}
