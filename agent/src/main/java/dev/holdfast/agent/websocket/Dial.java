// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import dev.holdfast.agent.link.Transport;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.Time;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One connection, from the look-up of its server's name to its end. All its state belongs to the event loop; the
 * methods of {@link Transport.Connection} may be called from any thread.
 *
 * <p>Only an address that takes no connection hands over to the next one at once. A server that took it and then failed
 * was asked: to ask its neighbours at once as well would multiply the load of a fleet that finds its servers busy.
 */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class Dial implements Transport.Connection {

    /** The longest that one address is waited for. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    private final WebSocketTransport transport;
    private final URI server;
    private final Map<String, String> headers;
    private final Transport.Events events;
    private final EventLoop loop;

    private final List<String> tried = new ArrayList<>();
    private @Nullable Failure worst;
    private Time.@Nullable Scheduled deadline;
    private @Nullable Channel channel;

    /** Who took the connection. */
    private @Nullable InetAddress address;

    private boolean opened;
    private long openedAt;
    private boolean ended;

    Dial(WebSocketTransport transport, URI server, Map<String, String> headers, Transport.Events events) {
        this.transport = transport;
        this.server = server;
        this.headers = headers;
        this.events = events;
        this.loop = transport.loop().next();
    }

    void begin() {
        deadline = transport.time().schedule(transport.config().handshakeTimeout(), () -> inLoop(this::giveUp));
        transport.lookups().execute(() -> {
            try {
                InetAddress[] found = transport.resolver().addresses(server.getHost());
                inLoop(() -> connect(List.of(found)));
            } catch (IOException | RuntimeException e) {
                inLoop(() -> end(NettyClassifier.failureOf(e)));
            }
        });
    }

    private void giveUp() {
        if (!opened) {
            end(Failure.of(
                    Cause.TIMEOUT,
                    "not connected within " + Durations.print(transport.config().handshakeTimeout())));
        }
    }

    private void connect(List<InetAddress> found) {
        List<InetAddress> inTurn = transport.addresses().inTurn(server.getHost(), found);
        // An equal share for each, and one for the upgrade.
        Duration share = transport.config().handshakeTimeout().dividedBy(inTurn.size() + 1L);
        Duration timeout = share.compareTo(CONNECT_TIMEOUT) < 0 ? share : CONNECT_TIMEOUT;
        Bootstrap bootstrap = transport
                .bootstrap()
                .clone()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(Math.max(1, timeout.toMillis())))
                .handler(new Pipeline());
        connectToNext(bootstrap, inTurn.iterator());
    }

    private void connectToNext(Bootstrap bootstrap, Iterator<InetAddress> left) {
        if (ended) {
            return;
        }
        if (!left.hasNext()) {
            Failure told = worst == null ? Failure.of(Cause.LOCAL, "no address of " + server.getHost()) : worst;
            end(tried.size() > 1 ? Failure.of(told.cause(), "no address: " + String.join(", ", tried)) : told);
            return;
        }
        InetAddress next = left.next();
        ChannelFuture connecting = bootstrap.connect(new InetSocketAddress(next, port()));
        channel = connecting.channel();
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                address = next;
            } else if (!ended) {
                transport.addresses().failed(server.getHost(), next);
                note(next, done.cause());
                connectToNext(bootstrap, left);
            }
        });
    }

    private void note(InetAddress failed, Throwable thrown) {
        Failure failure = connectFailure(thrown);
        tried.add(failed.getHostAddress() + ": " + failure.detail());
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

    /** How a connection begins; it reads only when asked to, so that nothing piles up. */
    private final class Pipeline extends ChannelInitializer<Channel> {

        /** The largest head of an answer that is read. */
        private static final int HEAD_LIMIT = 64 << 10;

        private static final int LINE_LIMIT = 4 << 10;

        @Override
        protected void initChannel(Channel fresh) throws Exception {
            if (isSecure()) {
                // The name that was dialled is both asked for and what the certificate is checked for.
                fresh.pipeline().addLast(transport.tls().newHandler(fresh.alloc(), host(), port()));
            }
            HttpDecoderConfig limits =
                    new HttpDecoderConfig().setMaxInitialLineLength(LINE_LIMIT).setMaxHeaderSize(HEAD_LIMIT);
            fresh.pipeline()
                    .addLast(
                            new HttpClientCodec(limits, false, false),
                            new UpgradeHandler(Dial.this, server, headers, transport.config(), transport.time()));
        }

        @Override
        public void exceptionCaught(io.netty.channel.ChannelHandlerContext ctx, Throwable cause) {
            end(NettyClassifier.failureOf(cause));
        }
    }

    /** The server has upgraded. */
    void opened() {
        if (!ended) {
            opened = true;
            openedAt = transport.time().nanoTime();
            cancelDeadline();
            events.opened();
        }
    }

    void received(ByteBuffer frame) {
        if (!ended) {
            events.received(frame);
        }
    }

    void pong() {
        if (!ended) {
            events.pong();
        }
    }

    /** The connection or the dial is over; the first reason counts. */
    void end(Failure failure) {
        if (!finish()) {
            return;
        }
        if (address != null) {
            // Else a server that upgrades and closes would keep its agents from the other addresses of its name.
            boolean stable = opened
                    && transport.time().nanoTime() - openedAt
                            >= transport.config().stableAfter().toNanos();
            if (stable) {
                transport.addresses().good(server.getHost(), address);
            } else {
                transport.addresses().failed(server.getHost(), address);
            }
        }
        events.failed(failure);
    }

    /** Drops the connection before anybody is told, so that a link which dials anew at once never has two. */
    private boolean finish() {
        if (ended) {
            return false;
        }
        ended = true;
        cancelDeadline();
        if (channel != null) {
            channel.close();
        }
        transport.ended(this);
        return true;
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel();
        }
    }

    @Override
    public CompletionStage<?> transmit(ByteBuffer frame) {
        return send(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(frame)));
    }

    @Override
    public CompletionStage<?> ping() {
        return send(new PingWebSocketFrame());
    }

    @Override
    public CompletionStage<?> close() {
        return send(new CloseWebSocketFrame(WebSocketCloseStatus.NORMAL_CLOSURE, ""));
    }

    private CompletionStage<?> send(WebSocketFrame frame) {
        CompletableFuture<Void> sent = new CompletableFuture<>();
        boolean taken = inLoop(() -> {
            if (channel == null || !opened || ended) {
                frame.release();
                sent.completeExceptionally(new SocketException("not connected"));
                return;
            }
            channel.writeAndFlush(frame).addListener(done -> {
                if (done.isSuccess()) {
                    sent.complete(null);
                } else {
                    sent.completeExceptionally(done.cause());
                }
            });
        });
        if (!taken) {
            sent.completeExceptionally(new SocketException("the transport is closed"));
        }
        return sent;
    }

    @Override
    public void abort() {
        inLoop(this::finish);
    }

    /** To be called once the link has done what it was handed. */
    void readOn() {
        inLoop(() -> {
            if (channel != null) {
                channel.read();
            }
        });
    }

    /** Does it on the event loop, unless the transport has been closed, and every connection with it. */
    private boolean inLoop(Runnable step) {
        try {
            loop.execute(step);
            return true;
        } catch (RejectedExecutionException closed) {
            return false;
        }
    }
}
