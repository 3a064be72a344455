// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.Transport;
import dev.holdfast.core.time.Time;
import java.net.InetAddress;
import java.net.URI;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.random.RandomGenerator;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** Connections over WebSockets, for one link. Safe for use by any thread. */
public final class WebSocketTransport implements Transport {

    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("holdfast-socket-", 0).factory());

    private final Set<WebSocket> open = ConcurrentHashMap.newKeySet();
    private final LinkConfig config;
    private final Time time;
    private final RandomGenerator chance;
    private final Addresses addresses;
    private final @Nullable SSLSocketFactory tls;

    /**
     * A transport without a connection.
     *
     * @param time the loop that the link's tasks run in
     * @param chance where masks are drawn from
     */
    public WebSocketTransport(LinkConfig config, Time time, RandomGenerator chance) {
        this(config, time, chance, InetAddress::getAllByName, null);
    }

    /** @param tls what makes secure sockets, or null for the JDK's own */
    WebSocketTransport(
            LinkConfig config,
            Time time,
            RandomGenerator chance,
            Addresses.Resolver resolver,
            @Nullable SSLSocketFactory tls) {
        this.config = config;
        this.time = time;
        this.chance = chance;
        this.addresses = new Addresses(resolver);
        this.tls = tls;
    }

    @Override
    public Connection dial(URI server, Map<String, String> headers, Events events) {
        RandomGenerator own = ownChance();
        Upgrade upgrade = new Upgrade(server, headers, own);
        WebSocket socket = new WebSocket(config, time, threads, events, own);
        open.add(socket);
        try {
            threads.execute(() -> {
                try {
                    socket.run(server, upgrade, addresses, tls);
                } finally {
                    open.remove(socket);
                }
            });
        } catch (RuntimeException | Error e) {
            open.remove(socket);
            throw e;
        }
        return socket;
    }

    /** A connection draws on threads of its own. */
    private synchronized RandomGenerator ownChance() {
        return new SplittableRandom(chance.nextLong());
    }

    @Override
    public void close() {
        open.forEach(WebSocket::abort);
        threads.shutdownNow();
    }
}
