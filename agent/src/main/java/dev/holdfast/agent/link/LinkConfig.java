// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.Wire;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * All that a link is told before it starts.
 *
 * @param servers where to connect, tried in turn: {@code ws}, {@code wss}, {@code http} or {@code https}; where a path
 *     is missing it is {@value #PATH}
 * @param backoff how long to wait after a failed attempt
 * @param rejected the same where the server will not have this agent ({@code REJECTED})
 * @param stableAfter how long a link must have been attached before its failures are forgotten
 * @param maxRetryAfter the longest delay that a server may ask for; a longer one counts as this
 * @param handshakeTimeout how long a dial may take
 * @param sendTimeout how long sending one message may take
 * @param pingInterval how often a ping is sent; one that is unanswered when the next is due ends the connection
 * @param messageLimit the largest message taken, in bytes
 * @param session how long the session waits for answers, and how often it says that it is there
 */
public record LinkConfig(
        List<URI> servers,
        Backoff backoff,
        Backoff rejected,
        Duration stableAfter,
        Duration maxRetryAfter,
        Duration handshakeTimeout,
        Duration sendTimeout,
        Duration pingInterval,
        int messageLimit,
        AgentSession.Timing session) {

    /** The path that OpAMP servers usually answer on. */
    public static final String PATH = "/v1/opamp";

    /** The default of {@link #rejected}: 5 min ± 25 %. */
    public static final Backoff REJECTED =
            Backoff.constant(Duration.ofMinutes(5)).withJitter(Jitter.proportional(0.25));

    /** The default of {@link #stableAfter}: 30 s. */
    public static final Duration STABLE_AFTER = Duration.ofSeconds(30);

    /** The default of {@link #maxRetryAfter}: 1 h. */
    public static final Duration MAX_RETRY_AFTER = Duration.ofHours(1);

    /** The default of {@link #handshakeTimeout}: 10 s. */
    public static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

    /** The default of {@link #sendTimeout}: 10 s. */
    public static final Duration SEND_TIMEOUT = Duration.ofSeconds(10);

    /** The default of {@link #pingInterval}: 30 s. */
    public static final Duration PING_INTERVAL = Duration.ofSeconds(30);

    private static final int MOST_PORT = 65_535;

    private static final Set<String> SCHEMES = Set.of("ws", "wss", "http", "https");

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public LinkConfig {
        if (servers.isEmpty()) {
            throw new IllegalArgumentException(
                    "servers: none (expected: at least one URL, such as ws://127.0.0.1:4320)");
        }
        servers = servers.stream().map(LinkConfig::endpoint).toList();
        requirePositive("stableAfter", stableAfter);
        requirePositive("maxRetryAfter", maxRetryAfter);
        requirePositive("handshakeTimeout", handshakeTimeout);
        requirePositive("sendTimeout", sendTimeout);
        requirePositive("pingInterval", pingInterval);
        if (messageLimit < 1) {
            throw new IllegalArgumentException(
                    "messageLimit: " + messageLimit + " (expected: >= 1, such as " + Wire.LIMIT + ")");
        }
    }

    /** The defaults. */
    public static LinkConfig of(URI... servers) {
        return new LinkConfig(
                List.of(servers),
                Backoff.LINK,
                REJECTED,
                STABLE_AFTER,
                MAX_RETRY_AFTER,
                HANDSHAKE_TIMEOUT,
                SEND_TIMEOUT,
                PING_INTERVAL,
                Wire.LIMIT,
                AgentSession.Timing.DEFAULT);
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

    private static void requirePositive(String name, Duration value) {
        if (value.compareTo(Backoff.LONGEST) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: <= " + Backoff.LONGEST + ")");
        }
        if (!value.isPositive()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: a duration > 0s, such as PT10S)");
        }
    }
}
