// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import dev.holdfast.core.Version;
import dev.holdfast.core.disk.DataDirectory;
import dev.holdfast.core.disk.DataDirectoryException;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerSession;
import dev.holdfast.server.admin.AdminPort;
import dev.holdfast.server.admission.Entrance;
import dev.holdfast.server.events.EventRoutes;
import dev.holdfast.server.fleet.Fleet;
import dev.holdfast.server.fleet.FleetStoreException;
import dev.holdfast.server.ingest.EventStore;
import dev.holdfast.server.ingest.EventStoreException;
import dev.holdfast.server.ingest.Intake;
import dev.holdfast.server.sqlite.SqliteEventStore;
import dev.holdfast.server.sqlite.SqliteFleetStore;
import dev.holdfast.server.web.AgentPort;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * A running control plane.
 *
 * <p>Safe for use by any thread.
 */
public final class Server implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Server.class);

    private static final String STORE = "fleet.db";

    private static final String EVENTS = "events.db";

    private static final String ADDRESSES = "server.json";

    private final SecureRandom chance = new SecureRandom();
    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    /** What is to be closed, the last opened first. */
    private final Deque<Runnable> opened = new ArrayDeque<>();

    private final InetSocketAddress agentAddress;
    private final InetSocketAddress adminAddress;

    private Server(ServerConfig config) throws DataDirectoryException, ServerStartException {
        requireResolved("listen", config.listen());
        requireResolved("admin", config.admin());
        try {
            DataDirectory data = DataDirectory.hold(config.data());
            opened.push(data::close);
            // That of a server which was killed.
            data.remove(ADDRESSES);
            String token = AdminToken.of(data, chance);
            SystemTime loop = SystemTime.start("holdfast-server");
            opened.push(loop::close);
            Fleet fleet = openFleet(config, data, loop);
            EventStore events = openEvents(data, loop);
            Intake intake = openIntake(config, events);
            Entrance entrance = new Entrance(config.admission(), config.drainTimeout(), loop, chance, meters);
            AgentPort agentPort = openAgentPort(config, fleet, intake, entrance, loop);
            opened.push(agentPort::close);
            agentAddress = agentPort.address();
            AdminPort adminPort = openAdminPort(config, token, fleet, entrance, events);
            opened.push(adminPort::close);
            adminAddress = adminPort.address();
            data.write(ADDRESSES, addresses(loop.instant()));
            opened.push(() -> data.remove(ADDRESSES));
            opened.push(() -> agentPort.drain().toCompletableFuture().join());
            log.info(
                    "server {} listens for agents on {}, for operators on {}; {} agents known; data in {}",
                    Version.current(),
                    text(agentAddress),
                    text(adminAddress),
                    fleet.agents().size(),
                    data.path());
        } catch (UncheckedIOException e) {
            close();
            throw DataDirectoryException.of(e);
        } catch (DataDirectoryException | ServerStartException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Starts a server; both its ports accept when this returns.
     *
     * @throws DataDirectoryException if the data directory is held by another process or cannot be used
     * @throws ServerStartException if a port is taken or the store cannot be read
     */
    public static Server start(ServerConfig config) throws DataDirectoryException, ServerStartException {
        return new Server(config);
    }

    /** Where agents connect. */
    public InetSocketAddress agentAddress() {
        return agentAddress;
    }

    /** Where operators connect. */
    public InetSocketAddress adminAddress() {
        return adminAddress;
    }

    /**
     * Lets no more agents in, tells those that are there when to come back, closes their WebSockets with 1001, writes
     * what is not written and lets go of the data directory. Takes the drain timeout and some 10 s at most, and next to
     * nothing without agents. Without effect the second time.
     */
    @Override
    public synchronized void close() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().run();
            } catch (RuntimeException e) {
                log.error("a part of the server did not close cleanly; the others go on closing", e);
            }
        }
    }

    private Fleet openFleet(ServerConfig config, DataDirectory data, SystemTime clock) throws ServerStartException {
        try {
            SqliteLibrary.unpackIn(data);
            SqliteFleetStore store = SqliteFleetStore.open(claimStore(data, STORE), clock::instant);
            opened.push(store::close);
            SystemTime loop = SystemTime.start("holdfast-fleet");
            opened.push(loop::close);
            Fleet fleet = Fleet.open(store, loop, chance, config.flushInterval(), meters);
            opened.push(fleet::close);
            return fleet;
        } catch (FleetStoreException e) {
            throw new ServerStartException("store: " + e.getMessage(), e);
        }
    }

    /** SQLite gives its other files the mode of the first, but leaves those alone that a killed server left. */
    private static Path claimStore(DataDirectory data, String store) {
        for (String name : List.of(store + "-wal", store + "-shm")) {
            if (Files.exists(data.path().resolve(name))) {
                data.claim(name);
            }
        }
        return data.claim(store);
    }

    private EventStore openEvents(DataDirectory data, SystemTime clock) throws ServerStartException {
        try {
            SqliteEventStore store = SqliteEventStore.open(claimStore(data, EVENTS), clock::instant);
            opened.push(store::close);
            return store;
        } catch (EventStoreException e) {
            throw new ServerStartException("events: " + e.getMessage(), e);
        }
    }

    /** On a loop of its own, which waits for the disk. */
    private Intake openIntake(ServerConfig config, EventStore events) {
        SystemTime loop = SystemTime.start("holdfast-ingest");
        Intake intake = Intake.open(events, loop, config.ingest(), meters);
        opened.push(intake::close);
        // Before what is left is stored.
        opened.push(loop::close);
        return intake;
    }

    private AgentPort openAgentPort(ServerConfig config, Fleet fleet, Intake intake, Entrance entrance, SystemTime loop)
            throws ServerStartException {
        ServerSession.Offer offer = new ServerSession.Offer(
                config.heartbeatInterval(),
                List.of(Capabilities.OUTBOX),
                () -> InstanceUid.random(loop.instant(), chance));
        try {
            return AgentPort.open(
                    new AgentPort.Settings(
                            config.listen(),
                            offer,
                            config.pingInterval(),
                            config.requestTimeout(),
                            config.messageLimit(),
                            Math.max(config.inputLimit(), config.messageLimit())),
                    fleet,
                    intake,
                    entrance,
                    loop,
                    meters);
        } catch (IOException e) {
            throw cannotListen("listen", config.listen(), e);
        }
    }

    private AdminPort openAdminPort(
            ServerConfig config, String token, Fleet fleet, Entrance entrance, EventStore events)
            throws ServerStartException {
        try {
            return AdminPort.open(config.admin(), token, fleet, entrance, new EventRoutes(events)::addTo, meters);
        } catch (IOException e) {
            throw cannotListen("admin", config.admin(), e);
        }
    }

    private static ServerStartException cannotListen(String field, InetSocketAddress address, IOException e) {
        String reason = String.valueOf(e.getMessage());
        String fault = reason.contains("already in use") ? "is in use" : "cannot be listened on: " + reason;
        return new ServerStartException(
                field + ": " + text(address) + " " + fault + " (expected: a free port; choose another with --" + field
                        + ")",
                e);
    }

    private static void requireResolved(String field, InetSocketAddress address) throws ServerStartException {
        if (address.isUnresolved()) {
            throw new ServerStartException(field + ": " + text(address)
                    + " names no address (expected: a host name or address of this machine, such as 127.0.0.1)");
        }
    }

    private String addresses(Instant now) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("pid", ProcessHandle.current().pid());
        json.put("listen", text(agentAddress));
        json.put("admin", text(adminAddress));
        json.put("version", Version.current());
        // Tells it from what one before wrote, which may have had the same pid and ports.
        json.put("started", now.toString());
        return JsonMapper.builder().build().writeValueAsString(json) + "\n";
    }

    private static String text(InetSocketAddress address) {
        if (address.isUnresolved()) {
            return address.getHostString() + ":" + address.getPort();
        }
        String host = address.getAddress().getHostAddress();
        return (address.getAddress() instanceof Inet6Address ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
