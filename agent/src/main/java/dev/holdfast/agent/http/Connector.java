// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.proxy.ProxyConnectionEvent;
import io.netty.handler.proxy.ProxyHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.resolver.NoopAddressResolverGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Opens one connection to a server or to the proxy before it: from the look-up of the name to where HTTP can be spoken.
 * All its state belongs to the event loop.
 *
 * <p>Only an address that takes no connection hands over to the next one at once. A server that took it and then failed
 * was asked: to ask its neighbours at once as well would multiply the load of a fleet that finds its servers busy.
 */
// A close that fails ends its connection all the same.
@SuppressWarnings("FutureReturnValueIgnored")
final class Connector {

    /** The longest that one address is waited for. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    /** The largest head of an answer that is read. */
    private static final int HEAD_LIMIT = 64 << 10;

    private static final int LINE_LIMIT = 4 << 10;

    private final HttpTransport transport;
    private final URI server;
    private final Optional<Proxy> proxy;
    private final EventLoop loop;
    private final Consumer<Channel> onReady;
    private final Consumer<Failure> onFailure;

    private final List<String> tried = new ArrayList<>();
    private @Nullable Failure worst;
    private @Nullable Channel channel;

    /** Who took the connection. */
    private @Nullable InetAddress address;

    private boolean ended;

    /**
     * One that has not begun.
     *
     * @param onReady told, on the loop, once HTTP can be spoken
     * @param onFailure told, on the loop, if that does not come about
     */
    Connector(
            HttpTransport transport,
            URI server,
            EventLoop loop,
            Consumer<Channel> onReady,
            Consumer<Failure> onFailure) {
        this.transport = transport;
        this.server = server;
        this.proxy = transport.proxies().forServer(server);
        this.loop = loop;
        this.onReady = onReady;
        this.onFailure = onFailure;
    }

    void begin() {
        execute(transport.lookups(), () -> {
            try {
                InetAddress[] found = transport.resolver().addresses(name());
                inLoop(() -> connect(List.of(found)));
            } catch (IOException | RuntimeException e) {
                inLoop(() -> fail(NettyClassifier.failureOf(e)));
            }
        });
    }

    /** Drops what is there, and tells nobody. */
    void abort() {
        ended = true;
        if (channel != null) {
            channel.close();
        }
    }

    /** Puts the address that took the connection behind the others of its name, or takes that back. */
    void judge(boolean good) {
        if (address == null) {
            return;
        }
        if (good) {
            transport.addresses().good(name(), address);
        } else {
            transport.addresses().failed(name(), address);
        }
    }

    /** Whose addresses are dialled. */
    private String name() {
        return proxy.map(Proxy::host).orElse(server.getHost());
    }

    private void connect(List<InetAddress> found) {
        List<InetAddress> inTurn = transport.addresses().inTurn(name(), found);
        // An equal share for each, and one for what comes after it.
        Duration share = transport.config().timeouts().handshake().dividedBy(inTurn.size() + 1L);
        Duration timeout = share.compareTo(CONNECT_TIMEOUT) < 0 ? share : CONNECT_TIMEOUT;
        Bootstrap bootstrap = transport
                .bootstrap()
                .clone()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(Math.max(1, timeout.toMillis())));
        connectToNext(bootstrap, inTurn.iterator());
    }

    private void connectToNext(Bootstrap bootstrap, Iterator<InetAddress> left) {
        if (ended) {
            return;
        }
        if (!left.hasNext()) {
            Failure told = worst == null ? Failure.of(Cause.LOCAL, "no address of " + name()) : worst;
            fail(tried.size() > 1 ? Failure.of(told.cause(), "no address: " + String.join(", ", tried)) : told);
            return;
        }
        InetAddress next = left.next();
        ChannelFuture connecting = bootstrap
                .clone()
                .handler(new Pipeline(next))
                .resolver(NoopAddressResolverGroup.INSTANCE)
                .connect(target(next));
        channel = connecting.channel();
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                address = next;
            } else if (!ended) {
                transport.addresses().failed(name(), next);
                note(next, done.cause());
                connectToNext(bootstrap, left);
            }
        });
    }

    /** Behind a proxy the name is the proxy's to look up: here it may not even be known. */
    private InetSocketAddress target(InetAddress next) {
        return proxy.isPresent()
                ? InetSocketAddress.createUnresolved(host(), port())
                : new InetSocketAddress(next, port());
    }

    private void note(InetAddress failed, Throwable thrown) {
        Failure failure = connectFailure(thrown);
        tried.add(failed.getHostAddress() + (proxy.isPresent() ? " (proxy): " : ": ") + failure.detail());
        // What another machine had to do with tells more than what this one could not even try.
        if (worst == null || failure.cause() != Cause.LOCAL || worst.cause() == Cause.LOCAL) {
            worst = failure;
        }
    }

    /** The address stands beside it: the system's own words are enough, and Netty's would repeat the address. */
    private static Failure connectFailure(Throwable thrown) {
        Failure failure = NettyClassifier.failureOf(thrown);
        return thrown.getCause() instanceof IOException own
                ? failure.withDetail(String.valueOf(own.getMessage()))
                : failure;
    }

    /** What goes wrong before HTTP can be spoken is a proxy's doing if there is one, but for what TLS finds. */
    private Failure readinessFailure(Throwable thrown) {
        Failure failure = NettyClassifier.failureOf(thrown);
        return proxy.isPresent() && failure.cause() != Cause.TLS
                ? failure.withDetail("proxy " + proxy.get() + ": " + failure.detail())
                : failure;
    }

    private void fail(Failure failure) {
        if (!ended) {
            abort();
            onFailure.accept(failure);
        }
    }

    private int port() {
        return server.getPort() >= 0 ? server.getPort() : isSecure() ? HTTPS_PORT : HTTP_PORT;
    }

    private boolean isSecure() {
        return server.getScheme().equals("wss");
    }

    private String host() {
        String host = server.getHost();
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private void inLoop(Runnable step) {
        execute(loop, step);
    }

    private static void execute(Executor executor, Runnable step) {
        try {
            executor.execute(step);
        } catch (RejectedExecutionException closed) {
            // The transport has been closed, and every connection with it.
        }
    }

    /** How a connection begins; it reads only when asked to, so that nothing piles up. */
    private final class Pipeline extends ChannelInitializer<Channel> {

        private final InetAddress address;

        Pipeline(InetAddress address) {
            this.address = address;
        }

        @Override
        protected void initChannel(Channel fresh) throws Exception {
            if (proxy.isPresent()) {
                ProxyHandler through = proxy.get().handler(address);
                // The dial has a deadline of its own.
                through.setConnectTimeoutMillis(0);
                fresh.pipeline().addLast(through);
            }
            if (isSecure()) {
                // The name that was dialled is both asked for and what the certificate is checked for.
                fresh.pipeline().addLast(transport.tls().newHandler(fresh.alloc(), host(), port()));
            }
            HttpDecoderConfig limits =
                    new HttpDecoderConfig().setMaxInitialLineLength(LINE_LIMIT).setMaxHeaderSize(HEAD_LIMIT);
            fresh.pipeline().addLast(new HttpClientCodec(limits, false, false), new Ready());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            fail(readinessFailure(cause));
        }
    }

    /** Waits until HTTP can be spoken, and then makes room for who does. */
    private final class Ready extends ChannelInboundHandlerAdapter {

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            if (isSecure() || proxy.isPresent()) {
                ctx.read();
            } else {
                ready(ctx);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
            boolean secured = event instanceof SslHandshakeCompletionEvent done && done.isSuccess();
            if (secured || (event instanceof ProxyConnectionEvent && !isSecure())) {
                ready(ctx);
            }
            super.userEventTriggered(ctx, event);
        }

        private void ready(ChannelHandlerContext ctx) {
            ctx.pipeline().remove(this);
            if (!ended) {
                onReady.accept(ctx.channel());
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            fail(Failure.of(Cause.NETWORK, "closed before anything was asked"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            fail(readinessFailure(cause));
        }
    }
}
