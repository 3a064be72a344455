// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.Transport;
import dev.holdfast.agent.route.Route;
import dev.holdfast.core.time.Time;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.net.InetAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Connections over HTTP, upgraded to WebSockets or polled, for one link: one thread for all that is read and written,
 * and another while a name is looked up. Safe for use by any thread.
 */
public final class HttpTransport implements Transport {

    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(
            1, Thread.ofPlatform().daemon().name("holdfast-socket").factory(), NioIoHandler.newFactory());

    private final ExecutorService lookups = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("holdfast-lookup-", 0).factory());

    /** Buffers are few and short-lived: pools would hold more memory than the rest of the link. */
    private final Bootstrap bootstrap = new Bootstrap()
            .group(loop)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.ALLOCATOR, new UnpooledByteBufAllocator(false))
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.AUTO_READ, false);

    private final Set<Dial> open = ConcurrentHashMap.newKeySet();
    private final Addresses addresses = new Addresses();
    private final LinkConfig config;
    private final Proxies proxies;
    private final Time time;
    private final Resolver resolver;
    private @Nullable SslContext tls;

    /**
     * A transport without a connection.
     *
     * @param proxies through which servers are reached
     * @param time the loop that the link's tasks run in
     */
    public HttpTransport(LinkConfig config, Proxies proxies, Time time) {
        this(config, proxies, time, InetAddress::getAllByName, null);
    }

    /** @param tls what secures connections, or null for the JDK's own */
    HttpTransport(LinkConfig config, Proxies proxies, Time time, Resolver resolver, @Nullable SslContext tls) {
        this.config = config;
        this.proxies = proxies;
        this.time = time;
        this.resolver = resolver;
        this.tls = tls;
    }

    @Override
    public Connection dial(Route.Leg leg, Map<String, String> headers, Events events) {
        Dial dial = new Dial(this, leg, headers, events);
        open.add(dial);
        dial.begin();
        return dial;
    }

    void ended(Dial dial) {
        open.remove(dial);
    }

    LinkConfig config() {
        return config;
    }

    Time time() {
        return time;
    }

    EventLoopGroup loop() {
        return loop;
    }

    Bootstrap bootstrap() {
        return bootstrap;
    }

    ExecutorService lookups() {
        return lookups;
    }

    Proxies proxies() {
        return proxies;
    }

    Resolver resolver() {
        return resolver;
    }

    Addresses addresses() {
        return addresses;
    }

    /** Made when first asked for: an agent without TLS does without the time and the memory that it takes. */
    synchronized SslContext tls() throws SSLException {
        SslContext made = tls;
        if (made == null) {
            made = SslContextBuilder.forClient().build();
            tls = made;
        }
        return made;
    }

    @Override
    public void close() {
        open.forEach(Dial::abort);
        lookups.shutdownNow();
        var unused = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
