// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

import dev.holdfast.core.breaker.BreakerPolicy;
import dev.holdfast.core.breaker.Trip;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.Durations;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What decides who is dialled, which way, and when.
 *
 * @param servers where to connect
 * @param schedule how long to wait after a failed attempt
 * @param probing how a server is asked for its health before it is dialled
 * @param polling how a link gets along without a WebSocket
 */
public record RouteConfig(Servers servers, Schedule schedule, Probing probing, Polling polling) {

    /** The defaults. */
    public static RouteConfig of(URI... servers) {
        return new RouteConfig(
                new Servers(List.of(servers), true, null), Schedule.DEFAULT, Probing.DEFAULT, Polling.DEFAULT);
    }

    /** The same with {@code servers}. */
    public RouteConfig with(Servers servers) {
        return new RouteConfig(servers, schedule, probing, polling);
    }

    /** The same with {@code schedule}. */
    public RouteConfig with(Schedule schedule) {
        return new RouteConfig(servers, schedule, probing, polling);
    }

    /** The same with {@code probing}. */
    public RouteConfig with(Probing probing) {
        return new RouteConfig(servers, schedule, probing, polling);
    }

    /** The same with {@code polling}. */
    public RouteConfig with(Polling polling) {
        return new RouteConfig(servers, schedule, probing, polling);
    }

    /**
     * Where to connect, and which way.
     *
     * @param urls the servers, one at least: {@code ws}, {@code wss}, {@code http} or {@code https}; where a path is
     *     missing it is {@value Servers#PATH}
     * @param shuffle whether each agent puts them in an order of its own, so that a fleet is spread over them; true by
     *     default. The first one in that order is the preferred one
     * @param only the one way that is taken, or null to take WebSockets and poll where they are blocked, which is the
     *     default
     */
    public record Servers(
            List<URI> urls, boolean shuffle, @Nullable Way only) {

        /** The path that OpAMP servers usually answer on. */
        public static final String PATH = "/v1/opamp";

        private static final int MOST_PORT = 65_535;

        private static final Set<String> SCHEMES = Set.of("ws", "wss", "http", "https");

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Servers {
            if (urls.isEmpty()) {
                throw new IllegalArgumentException(
                        "servers: none (expected: at least one URL, such as ws://127.0.0.1:4320)");
            }
            urls = urls.stream().map(Servers::endpoint).distinct().toList();
        }

        /** The address to dial for what a person wrote: of scheme {@code ws} or {@code wss}, and with a path. */
        private static URI endpoint(URI server) {
            String scheme = server.getScheme();
            if (scheme != null
                    && SCHEMES.contains(scheme)
                    && server.getHost() == null
                    && server.getRawAuthority() != null) {
                throw new IllegalArgumentException("servers: " + server
                        + " (expected: a host name of letters, digits, dots and" + " hyphens, or an address)");
            }
            if (server.getPort() > MOST_PORT || server.getPort() == 0) {
                throw new IllegalArgumentException(
                        "servers: " + server + " (expected: a port from 1 to " + MOST_PORT + ")");
            }
            if (scheme == null || !SCHEMES.contains(scheme) || server.getHost() == null) {
                throw new IllegalArgumentException("servers: " + server
                        + " (expected: a ws, wss, http or https URL with a host," + " such as ws://127.0.0.1:4320)");
            }
            if (server.getUserInfo() != null || server.getFragment() != null) {
                throw new IllegalArgumentException("servers: a URL of host " + server.getHost()
                        + " has user information or a fragment (expected: neither; credentials never go in a URL)");
            }
            String path = server.getRawPath().isEmpty() || server.getRawPath().equals("/") ? PATH : server.getRawPath();
            String query = server.getRawQuery() == null ? "" : "?" + server.getRawQuery();
            return URI.create(scheme.replace("http", "ws") + "://" + server.getRawAuthority() + path + query);
        }
    }

    /**
     * How long to wait after a failed attempt.
     *
     * @param backoff the ladder; {@link Backoff#LINK} by default
     * @param rejected the same where the server will not have this agent ({@code REJECTED}); 5 min ± 25 % by default
     * @param breaker when a server is left alone, each on its own, or null for never; {@link BreakerPolicy#LINK} by
     *     default
     * @param stableAfter how long a link must have been attached before its failures are forgotten; 30 s by default
     * @param maxRetryAfter the longest delay that a server may ask for; a longer one counts as this; 1 h by default
     */
    public record Schedule(
            Backoff backoff,
            Backoff rejected,
            @Nullable BreakerPolicy breaker,
            Duration stableAfter,
            Duration maxRetryAfter) {

        /** The defaults. */
        public static final Schedule DEFAULT = new Schedule(
                Backoff.LINK,
                Backoff.constant(Duration.ofMinutes(5)).withJitter(Jitter.proportional(0.25)),
                BreakerPolicy.LINK,
                Duration.ofSeconds(30),
                Duration.ofHours(1));

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Schedule {
            Durations.requirePositive("stableAfter", stableAfter, Backoff.LONGEST);
            Durations.requirePositive("maxRetryAfter", maxRetryAfter, Backoff.LONGEST);
        }
    }

    /**
     * How a server is asked for its health ({@code HEAD /health}) after the fast start, and while it is left alone.
     *
     * @param enabled whether it is; true by default
     * @param timeout how long it may take, from the connection to the answer; 5 s by default
     */
    public record Probing(boolean enabled, Duration timeout) {

        /** The defaults. */
        public static final Probing DEFAULT = new Probing(true, Duration.ofSeconds(5));

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Probing {
            Durations.requirePositive("timeout", timeout, Backoff.LONGEST);
        }
    }

    /**
     * How a link gets along where WebSockets are blocked. Backoff, tries and breaker are for one that was told to poll;
     * any other has those of the {@link Schedule}, whichever way it takes.
     *
     * @param fastInterval how often it polls while there is something to do; 5 s by default
     * @param interval how often it polls when there is nothing to do and the server offers no interval; 30 s by default
     * @param backoff how long it waits after a check-in that failed; 5 s × 2 up to 5 min, ± 25 %, by default
     * @param tries after how many failures in a row {@code backoff} begins anew; 5 by default
     * @param breaker when a server is left alone, or null for never; 3 failures in a row, 5 min, by default
     * @param websocketRetry after how long a WebSocket is tried again; 5 min by default
     */
    public record Polling(
            Duration fastInterval,
            Duration interval,
            Backoff backoff,
            int tries,
            @Nullable BreakerPolicy breaker,
            Duration websocketRetry) {

        /** The longest {@link #interval}: an hour. */
        public static final Duration LONGEST_INTERVAL = Duration.ofHours(1);

        /** The defaults. */
        public static final Polling DEFAULT = new Polling(
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                Backoff.exponential(Duration.ofSeconds(5), 2, Duration.ofMinutes(5))
                        .withJitter(Jitter.proportional(0.25)),
                5,
                BreakerPolicy.of(Trip.consecutive(3), Duration.ofMinutes(5)).withIgnored(BreakerPolicy.LINK.ignored()),
                Duration.ofMinutes(5));

        /** @throws IllegalArgumentException if a component is out of its range; the message names it */
        public Polling {
            Durations.requirePositive("fastInterval", fastInterval, Backoff.LONGEST);
            Durations.requirePositive("interval", interval, Backoff.LONGEST);
            Durations.requirePositive("websocketRetry", websocketRetry, Backoff.LONGEST);
            if (interval.compareTo(LONGEST_INTERVAL) > 0) {
                throw new IllegalArgumentException("interval: " + interval + " (expected: <= " + LONGEST_INTERVAL
                        + ", or a server takes the agent for lost)");
            }
            if (fastInterval.compareTo(interval) > 0) {
                throw new IllegalArgumentException(
                        "fastInterval: " + fastInterval + " (expected: <= interval, which is " + interval + ")");
            }
            if (tries < 1) {
                throw new IllegalArgumentException("tries: " + tries + " (expected: >= 1, such as 5)");
            }
        }
    }
}
