// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import dev.holdfast.core.time.Durations;
import dev.holdfast.opamp.outbox.OutboxWire;
import dev.holdfast.server.admission.AdmissionConfig;
import dev.holdfast.server.ingest.IngestConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * All that a server is told before it starts.
 *
 * @param data the data directory
 * @param listen where agents connect; port 0 takes a free one
 * @param admin where operators connect; port 0 takes a free one
 * @param heartbeatInterval how often agents that take settings are to send heartbeats, in whole seconds, at least 1 s;
 *     null leaves it to them
 * @param pingInterval how often a connection is pinged; one that answers nothing for two of these is closed
 * @param requestTimeout how long a request or message may take to come whole
 * @param flushInterval how long a change of presence (attached, last seen) may wait to be written with others
 * @param messageLimit the largest message taken, in bytes, compressed or not; at least {@value #LEAST_MESSAGE_LIMIT}
 * @param inputLimit what unfinished requests and messages of all connections may hold together, in bytes, beyond a few
 *     KiB of each; the message limit if that is more
 * @param ingest what may be taken and kept of agents' outboxes
 * @param admission how many newcomers are let in
 * @param drainTimeout how long the agents' leave may take when the server stops
 */
public record ServerConfig(
        Path data,
        InetSocketAddress listen,
        InetSocketAddress admin,
        @Nullable Duration heartbeatInterval,
        Duration pingInterval,
        Duration requestTimeout,
        Duration flushInterval,
        int messageLimit,
        int inputLimit,
        IngestConfig ingest,
        AdmissionConfig admission,
        Duration drainTimeout) {

    /** The agent port's usual number. */
    public static final int AGENT_PORT = 4320;

    /** The admin port's usual number. */
    public static final int ADMIN_PORT = 4321;

    /** The default of {@link #pingInterval}: 30 s. */
    public static final Duration PING_INTERVAL = Duration.ofSeconds(30);

    /**
     * The default of {@link #messageLimit}: 1 MiB. Agents send a few KiB; a small message that grows to a large one
     * must not cost the others their server.
     */
    public static final int MESSAGE_LIMIT = 1 << 20;

    /**
     * The least {@link #messageLimit}: 256 KiB. A link whose batches are larger than what is taken would be closed for
     * each of them.
     */
    public static final int LEAST_MESSAGE_LIMIT = OutboxWire.LIMIT + 1024;

    /** The default of {@link #requestTimeout}: 10 s. */
    public static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(10);

    /**
     * The default of {@link #inputLimit}: an eighth of the largest heap in whole MiB, from 8 MiB to 256 MiB. It lies
     * outside the heap, where the JVM allows as much again.
     */
    public static final int INPUT_LIMIT = Math.clamp(Runtime.getRuntime().maxMemory() / (8 << 20), 8, 256) << 20;

    /** The default of {@link #flushInterval}: 1 s. */
    public static final Duration FLUSH_INTERVAL = Duration.ofSeconds(1);

    /** The default of {@link #drainTimeout}: 10 s. */
    public static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(10);

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public ServerConfig {
        if (heartbeatInterval != null && !isWholeSeconds(heartbeatInterval)) {
            throw new IllegalArgumentException("heartbeatInterval: " + heartbeatInterval
                    + " (expected: whole seconds, >= 1s, such as PT5S; the wire carries no fractions)");
        }
        Durations.requirePositive("pingInterval", pingInterval);
        Durations.requirePositive("requestTimeout", requestTimeout);
        Durations.requirePositive("flushInterval", flushInterval);
        Durations.requirePositive("drainTimeout", drainTimeout);
        if (messageLimit < LEAST_MESSAGE_LIMIT) {
            throw new IllegalArgumentException("messageLimit: " + messageLimit + " (expected: >= " + LEAST_MESSAGE_LIMIT
                    + ", which a full batch of an outbox takes)");
        }
        if (inputLimit < 1) {
            throw new IllegalArgumentException(
                    "inputLimit: " + inputLimit + " (expected: >= 1, such as " + INPUT_LIMIT + ")");
        }
    }

    /** The defaults, on loopback. */
    public static ServerConfig of(Path data) {
        return new ServerConfig(
                data,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), AGENT_PORT),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), ADMIN_PORT),
                null,
                PING_INTERVAL,
                REQUEST_TIMEOUT,
                FLUSH_INTERVAL,
                MESSAGE_LIMIT,
                INPUT_LIMIT,
                IngestConfig.DEFAULT,
                AdmissionConfig.DEFAULT,
                DRAIN_TIMEOUT);
    }

    private static boolean isWholeSeconds(Duration value) {
        return value.isPositive() && value.equals(value.truncatedTo(ChronoUnit.SECONDS));
    }
}
