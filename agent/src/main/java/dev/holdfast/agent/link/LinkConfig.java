// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.RouteConfig;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.time.Durations;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.Wire;
import java.net.URI;
import java.time.Duration;

/**
 * All that a link is told before it starts.
 *
 * @param route who is dialled, which way, and when
 * @param timeouts how long to wait for a connection
 * @param messageLimit the largest message taken, in bytes
 * @param session how long the session waits for answers, and how often it says that it is there
 */
public record LinkConfig(RouteConfig route, Timeouts timeouts, int messageLimit, AgentSession.Timing session) {

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public LinkConfig {
        if (messageLimit < 1) {
            throw new IllegalArgumentException(
                    "messageLimit: " + messageLimit + " (expected: >= 1, such as " + Wire.LIMIT + ")");
        }
    }

    /** The defaults. */
    public static LinkConfig of(URI... servers) {
        return new LinkConfig(RouteConfig.of(servers), Timeouts.DEFAULT, Wire.LIMIT, AgentSession.Timing.DEFAULT);
    }

    /** The same with {@code route}. */
    public LinkConfig with(RouteConfig route) {
        return new LinkConfig(route, timeouts, messageLimit, session);
    }

    /** The same with {@code timeouts}. */
    public LinkConfig with(Timeouts timeouts) {
        return new LinkConfig(route, timeouts, messageLimit, session);
    }

    /** The same with {@code session}. */
    public LinkConfig with(AgentSession.Timing session) {
        return new LinkConfig(route, timeouts, messageLimit, session);
    }

    /** The same with {@code messageLimit}. */
    public LinkConfig withMessageLimit(int messageLimit) {
        return new LinkConfig(route, timeouts, messageLimit, session);
    }

    /**
     * How long to wait for a connection.
     *
     * @param handshake how long a dial may take; 10 s by default
     * @param send how long sending one message may take; 10 s by default
     * @param ping how often a ping is sent; one that is unanswered when the next is due ends the connection; 30 s by
     *     default
     */
    public record Timeouts(Duration handshake, Duration send, Duration ping) {

        /** The defaults. */
        public static final Timeouts DEFAULT =
                new Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofSeconds(30));

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Timeouts {
            Durations.requirePositive("handshake", handshake, Backoff.LONGEST);
            Durations.requirePositive("send", send, Backoff.LONGEST);
            Durations.requirePositive("ping", ping, Backoff.LONGEST);
        }
    }
}
