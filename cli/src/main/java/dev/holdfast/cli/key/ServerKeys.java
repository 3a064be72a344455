// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.cli.key.Settings.Setting;
import dev.holdfast.cli.value.Sizes;
import dev.holdfast.cli.value.Types;
import dev.holdfast.core.time.Durations;
import dev.holdfast.server.ServerConfig;
import dev.holdfast.server.admission.AdmissionConfig;
import dev.holdfast.server.ingest.IngestConfig;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** What a server can be told. The defaults are those of {@link ServerConfig}. */
public final class ServerKeys {

    /** Where it keeps what it must not forget. */
    public static final Key<Path> DATA = new Key<>(
            "data", Types.PATH, "~/.holdfast/server", "The data directory, which one process holds at a time.");

    static final Key<InetSocketAddress> LISTEN = new Key<>(
            "listen",
            Types.ADDRESS,
            "127.0.0.1:" + ServerConfig.AGENT_PORT,
            "Where agents connect; port 0 takes a free one.");

    static final Key<InetSocketAddress> ADMIN = new Key<>(
            "admin",
            Types.ADDRESS,
            "127.0.0.1:" + ServerConfig.ADMIN_PORT,
            "Where operators connect; port 0 takes a free one.");

    static final Key<Duration> HEARTBEAT_INTERVAL = new Key<>(
            "heartbeat.interval",
            Types.WHOLE_SECONDS,
            null,
            "How often agents that take settings are to send heartbeats; left to them if unset.");

    static final Key<Duration> PING_INTERVAL = new Key<>(
            "ping.interval",
            Types.DURATION,
            Durations.print(ServerConfig.PING_INTERVAL),
            "How often a connection is pinged; one that answers nothing for two of these is closed.");

    static final Key<Duration> REQUEST_TIMEOUT = new Key<>(
            "request.timeout",
            Types.DURATION,
            Durations.print(ServerConfig.REQUEST_TIMEOUT),
            "How long a request or message may take to come whole.");

    static final Key<Duration> FLUSH_INTERVAL = new Key<>(
            "store.flush_interval",
            Types.DURATION,
            Durations.print(ServerConfig.FLUSH_INTERVAL),
            "How long a change of presence may wait to be written with others.");

    static final Key<Integer> MESSAGE_LIMIT = new Key<>(
            "message.limit",
            Types.MESSAGE_SIZE,
            Sizes.print(ServerConfig.MESSAGE_LIMIT),
            "The largest message taken, compressed or not; a full batch of an outbox takes 256KiB.");

    static final Key<Integer> INPUT_LIMIT = new Key<>(
            "input.limit",
            Types.size(),
            Sizes.print(ServerConfig.INPUT_LIMIT),
            "What unfinished messages of all connections may hold together; message.limit if that is more.");

    static final Key<Integer> QUEUE_LIMIT = new Key<>(
            "ingest.queue_limit",
            Types.size(),
            Sizes.print(IngestConfig.QUEUE_LIMIT),
            "What waits to be stored of all outboxes together; beyond it agents are told to come back later.");

    static final Key<Integer> RECORD_LIMIT = new Key<>(
            "ingest.record_limit",
            Types.size(1, IngestConfig.RECORD_LIMIT),
            Sizes.print(IngestConfig.RECORD_LIMIT),
            "The largest record taken from an outbox, as sent.");

    static final Key<Duration> RETENTION = new Key<>(
            "ingest.retention", Types.DURATION, Durations.print(IngestConfig.RETENTION), "How long events are kept.");

    static final Key<Long> RETENTION_SIZE = new Key<>(
            "ingest.retention_size",
            Types.largeSize(),
            Sizes.print(IngestConfig.RETENTION_SIZE),
            "How much of events is kept; the oldest go first.");

    static final Key<Integer> ADMISSION_RATE = new Key<>(
            "admission.rate",
            Types.rate(AdmissionConfig.MOST),
            Integer.toString(AdmissionConfig.RATE),
            "How many newcomers are let in a second, or unlimited; the others are told when to come back.");

    static final Key<Integer> ADMISSION_BURST = new Key<>(
            "admission.burst",
            Types.integer(1, AdmissionConfig.MOST),
            Integer.toString(AdmissionConfig.BURST),
            "How many newcomers are let in at once after a while in which nobody came.");

    static final Key<Duration> DRAIN_TIMEOUT = new Key<>(
            "drain.timeout",
            Types.DURATION,
            Durations.print(ServerConfig.DRAIN_TIMEOUT),
            "How long a server that stops waits for its agents to take their leave.");

    static final List<Key<?>> ALL = Stream.concat(
                    Stream.<Key<?>>of(
                            DATA,
                            LISTEN,
                            ADMIN,
                            HEARTBEAT_INTERVAL,
                            PING_INTERVAL,
                            REQUEST_TIMEOUT,
                            FLUSH_INTERVAL,
                            MESSAGE_LIMIT,
                            INPUT_LIMIT,
                            QUEUE_LIMIT,
                            RECORD_LIMIT,
                            RETENTION,
                            RETENTION_SIZE,
                            ADMISSION_RATE,
                            ADMISSION_BURST,
                            DRAIN_TIMEOUT),
                    LogKeys.ALL.stream())
            .toList();

    private ServerKeys() {}

    /** The configuration that settings without faults make. */
    public static ServerConfig config(Settings settings) {
        Setting<Duration> heartbeat = settings.find(HEARTBEAT_INTERVAL);
        return new ServerConfig(
                settings.value(DATA),
                settings.value(LISTEN),
                settings.value(ADMIN),
                heartbeat == null ? null : heartbeat.value(),
                settings.value(PING_INTERVAL),
                settings.value(REQUEST_TIMEOUT),
                settings.value(FLUSH_INTERVAL),
                settings.value(MESSAGE_LIMIT),
                settings.value(INPUT_LIMIT),
                new IngestConfig(
                        settings.value(QUEUE_LIMIT),
                        settings.value(RECORD_LIMIT),
                        settings.value(RETENTION),
                        settings.value(RETENTION_SIZE)),
                new AdmissionConfig(settings.value(ADMISSION_RATE), settings.value(ADMISSION_BURST)),
                settings.value(DRAIN_TIMEOUT));
    }
}
