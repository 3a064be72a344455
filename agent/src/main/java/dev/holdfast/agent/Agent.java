// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent;

import dev.holdfast.agent.access.AccessSocket;
import dev.holdfast.agent.http.HttpTransport;
import dev.holdfast.agent.link.Link;
import dev.holdfast.agent.link.LinkListener;
import dev.holdfast.agent.link.LinkPhase;
import dev.holdfast.agent.link.Recovery;
import dev.holdfast.agent.metrics.MetricsConfig;
import dev.holdfast.agent.metrics.MetricsPort;
import dev.holdfast.agent.outbox.AgentOutbox;
import dev.holdfast.agent.outbox.KeptRecords;
import dev.holdfast.agent.route.Delay;
import dev.holdfast.agent.subsystem.Host;
import dev.holdfast.agent.subsystem.Load;
import dev.holdfast.agent.subsystem.Records;
import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An agent: a name kept on disk, a link to the control plane that comes back by itself, and a report on the host every
 * now and then.
 *
 * <p>The link has a platform thread of its own, and so has the outbox; the host is looked at on virtual threads. All
 * methods may be called from any thread.
 */
public final class Agent implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Agent.class);

    private static final String UID_FILE = "instance_uid";
    private static final String DAMAGED_UID_FILE = "instance_uid.damaged";

    /** The word for an agent's health; the figures are in its attributes. */
    private static final String RUNNING = "running";

    private static final int PROCESS_BYTES = 16;

    private final AgentConfig config;
    private final DataDirectory data;
    private final SystemTime time;
    private final SystemTime outboxTime;
    private final Host host;
    private final Instant startedAt;
    private final Link link;
    private final AgentOutbox outbox;
    private final Records records;

    /** Where it is told how the agent is doing; null for nowhere. */
    private final @Nullable MetricsPort metrics;

    private volatile InstanceUid uid;

    /** Where commands on this host ask for the outbox; null while there is none. */
    private volatile @Nullable AccessSocket socket;

    private Agent(
            AgentConfig config,
            LinkListener listener,
            DataDirectory data,
            SystemTime time,
            SystemTime outboxTime,
            SecureRandom secure) {
        this.config = config;
        this.data = data;
        this.time = time;
        this.outboxTime = outboxTime;
        this.startedAt = time.instant();
        this.uid = keptUid(data, startedAt, secure);
        this.host = new Host(data.path(), config.surroundings());
        AgentState self = new AgentState(
                uid,
                host.describe(uid, config.labels()),
                new Health(true, startedAt, "", RUNNING, startedAt, Map.of(), Map.of()),
                Capabilities.OF_AGENT,
                List.of(Capabilities.OUTBOX));
        byte[] process = new byte[PROCESS_BYTES];
        secure.nextBytes(process);
        RandomGenerator chance = new SplittableRandom(secure.nextLong());
        this.link = new Link(
                config.link(),
                self,
                HexFormat.of().formatHex(process),
                new Ears(listener),
                time,
                chance,
                new HttpTransport(config.link(), config.proxies(), time));
        this.outbox = AgentOutbox.start(
                data.path(),
                config.outbox(),
                link::send,
                outboxTime,
                new SplittableRandom(secure.nextLong()),
                this::openSocket);
        this.records = new KeptRecords(outbox, time);
        this.metrics = config.metrics() == null ? null : openMetrics(config.metrics());
    }

    /** An agent whose port is taken is still worth more than none. */
    private @Nullable MetricsPort openMetrics(MetricsConfig wanted) {
        try {
            MetricsPort port = MetricsPort.open(wanted, link::phase, outbox::outbox, time);
            log.info(
                    "metrics at http://{}:{}/metrics",
                    wanted.listen().getHostString(),
                    port.address().getPort());
            return port;
        } catch (IOException e) {
            log.error(
                    "metrics.listen: {}:{} cannot be listened on: {} (expected: a free port of this machine); this agent"
                            + " runs without metrics",
                    wanted.listen().getHostString(),
                    wanted.listen().getPort(),
                    e.getMessage());
            return null;
        }
    }

    /**
     * Starts an agent. It returns as soon as the host is described, some hundreds of milliseconds; the link attaches by
     * itself, whether the server is there yet or not.
     *
     * @throws DataDirectoryException if the data directory cannot be used, or another process holds it
     */
    public static Agent start(AgentConfig config) throws DataDirectoryException {
        return start(config, new LinkListener() {});
    }

    /**
     * The same with someone who hears what happens to the link.
     *
     * @param listener called on the link's own thread
     * @throws DataDirectoryException if the data directory cannot be used, or another process holds it
     */
    public static Agent start(AgentConfig config, LinkListener listener) throws DataDirectoryException {
        DataDirectory data = DataDirectory.hold(config.data());
        SystemTime time = SystemTime.start("holdfast-link");
        SystemTime outboxTime = SystemTime.start("holdfast-outbox");
        try {
            Agent agent = new Agent(config, listener, data, time, outboxTime, new SecureRandom());
            log.info(
                    "agent {} starts, for {}",
                    agent.uid,
                    config.link().route().servers().urls());
            agent.link.start();
            agent.sampleSoon();
            return agent;
        } catch (UncheckedIOException e) {
            letGo(time, outboxTime, data);
            throw DataDirectoryException.of(e);
        } catch (RuntimeException | Error e) {
            letGo(time, outboxTime, data);
            throw e;
        }
    }

    private static void letGo(SystemTime time, SystemTime outboxTime, DataDirectory data) {
        time.close();
        outboxTime.close();
        data.close();
    }

    /** The agent's name; another one once a server gave it one. */
    public InstanceUid uid() {
        return uid;
    }

    /** Where the link stands. */
    public LinkPhase phase() {
        return link.phase();
    }

    /**
     * Keeps records for the server, which gets them once, in the order of their lanes, whatever becomes of the link,
     * the server or this process meanwhile. They hold together: after a failure all are there or none.
     *
     * @return their sequences, once they are on the disk; or an {@link java.io.IOException} that says why they are not
     * @throws IllegalArgumentException if they do not fit into half a segment
     */
    public CompletableFuture<List<Long>> append(List<NewRecord> given) {
        return outbox.append(given);
    }

    /**
     * Stops for good: the server has 1 s to answer what is on its way, is told goodbye, which takes 2 s at most, and
     * the data directory is let go. Called by a listener, on the link's own thread, it returns at once and the rest is
     * done behind it.
     */
    @Override
    public void close() {
        CompletableFuture<Void> closed = outbox.stop()
                .thenCompose(done -> link.stop())
                .thenRunAsync(
                        this::letGo,
                        work -> Thread.ofPlatform().name("holdfast-close").start(work))
                .toCompletableFuture();
        if (!time.isLoopThread()) {
            closed.join();
        }
    }

    private void openSocket(Outbox opened) {
        AccessSocket before = socket;
        if (before != null) {
            before.close();
        }
        try {
            socket = AccessSocket.open(data.path(), opened, outboxTime);
        } catch (IOException e) {
            log.warn("`holdfast outbox` works only while this agent is stopped: {}", e.getMessage());
        }
    }

    private void letGo() {
        AccessSocket door = socket;
        if (door != null) {
            door.close();
        }
        if (metrics != null) {
            metrics.close();
        }
        outboxTime.close();
        outbox.close();
        time.close();
        data.close();
        log.info("agent {} stopped", uid);
    }

    private static InstanceUid keptUid(DataDirectory data, Instant now, RandomGenerator chance) {
        Optional<String> kept = data.read(UID_FILE);
        if (kept.isPresent()) {
            try {
                return InstanceUid.parse(kept.get().strip());
            } catch (IllegalArgumentException damaged) {
                log.warn(
                        "{} in {} does not hold a uid and is set aside as {}; this agent gets a new one",
                        UID_FILE,
                        data.path(),
                        DAMAGED_UID_FILE);
                data.rename(UID_FILE, DAMAGED_UID_FILE);
            }
        }
        InstanceUid fresh = InstanceUid.random(now, chance);
        data.write(UID_FILE, fresh + "\n");
        return fresh;
    }

    private void sampleSoon() {
        var unused = Thread.ofVirtual().name("holdfast-host").start(this::sample);
    }

    /** One look at the host; the next is due an interval after this one is done. */
    private void sample() {
        try {
            Load load = host.load();
            link.report(health(load));
            records.record(Records.STATUS_LANE, load.toJson(time.instant()));
        } catch (RuntimeException e) {
            log.warn(
                    "the host could not be looked at; the next try is in {}",
                    Durations.print(config.statusInterval()),
                    e);
        } finally {
            time.schedule(config.statusInterval(), this::sampleSoon);
        }
    }

    private Health health(Load load) {
        return new Health(true, startedAt, "", RUNNING, time.instant(), Map.of(), load.attributes());
    }

    /** Hears first what the agent itself must know, then tells whoever else listens. */
    private final class Ears implements LinkListener {

        private final LinkListener other;

        Ears(LinkListener other) {
            this.other = other;
        }

        private void tell(Consumer<LinkListener> what) {
            if (metrics != null) {
                what.accept(metrics.listener());
            }
            what.accept(other);
        }

        @Override
        public void attached(URI server) {
            if (link.serverTakes(Capabilities.OUTBOX)) {
                outbox.linkUp();
            } else {
                log.info("{} takes no outbox: what is recorded is kept until a server does", server);
            }
            tell(listener -> listener.attached(server));
        }

        @Override
        public void recovered(Recovery recovery) {
            tell(listener -> listener.recovered(recovery));
        }

        @Override
        public void rejoined() {
            tell(listener -> listener.rejoined());
        }

        @Override
        public void registered() {
            tell(listener -> listener.registered());
        }

        @Override
        public void lost(Failure failure) {
            outbox.linkDown();
            tell(listener -> listener.lost(failure));
        }

        @Override
        public void waits(Delay delay) {
            tell(listener -> listener.waits(delay));
        }

        @Override
        public void renamed(InstanceUid renamed) {
            uid = renamed;
            try {
                data.write(UID_FILE, renamed + "\n");
            } catch (UncheckedIOException e) {
                log.error("the new uid holds until this process ends only: {}", e.getMessage());
            }
            tell(listener -> listener.renamed(renamed));
        }

        @Override
        public void received(CustomMessage message) {
            outbox.received(message);
            tell(listener -> listener.received(message));
        }
    }
}
