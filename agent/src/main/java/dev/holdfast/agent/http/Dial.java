// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import dev.holdfast.agent.link.Transport;
import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Durations;
import dev.holdfast.core.time.Time;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a link, from the look-up of its server's name to its end. All its state belongs to the event loop;
 * the methods of {@link Transport.Connection} may be called from any thread.
 *
 * <p>A link that polls keeps it over several TCP connections: a server may close each of them between two polls.
 */
// A write or close that fails ends its connection, and channelInactive tells.
@SuppressWarnings("FutureReturnValueIgnored")
final class Dial implements Transport.Connection {

    static final String USER_AGENT = "holdfast-agent";

    private final HttpTransport transport;
    private final Route.Leg leg;
    private final Map<String, String> headers;
    private final Transport.Events events;
    private final EventLoop loop;

    private Time.@Nullable Scheduled deadline;
    private @Nullable Connector connector;
    private @Nullable Channel channel;

    /** What is done once there is a connection. */
    private Runnable next;

    private boolean opened;
    private long openedAt;
    private boolean ended;

    Dial(HttpTransport transport, Route.Leg leg, Map<String, String> headers, Transport.Events events) {
        this.transport = transport;
        this.leg = leg;
        this.headers = headers;
        this.events = events;
        this.loop = transport.loop().next();
        this.next = leg.probe() ? this::probe : this::open;
    }

    void begin() {
        Duration limit = leg.probe()
                ? transport.config().route().probing().timeout()
                : transport.config().timeouts().handshake();
        inLoop(() -> connect(limit));
    }

    private void connect(Duration within) {
        if (!ended) {
            limit(within);
            connector = new Connector(transport, leg.server(), loop, this::connected, this::end);
            connector.begin();
        }
    }

    private void limit(Duration within) {
        cancelDeadline();
        deadline = transport
                .time()
                .schedule(
                        within,
                        () -> inLoop(() ->
                                end(Failure.of(Cause.TIMEOUT, "not connected within " + Durations.print(within)))));
    }

    private void connected(Channel connected) {
        channel = connected;
        next.run();
    }

    private void probe() {
        add(new ProbeHandler(this, transport.time()));
    }

    private void open() {
        if (leg.way() == Way.WEBSOCKET) {
            add(new UpgradeHandler(this, leg.server(), headers, transport.config(), transport.time()));
        } else {
            addPolls();
            opened();
        }
    }

    private void addPolls() {
        add(new PollHandler(this, transport.time(), transport.config().messageLimit(), path(), headers));
    }

    private void add(ChannelHandler handler) {
        if (channel != null) {
            channel.pipeline().addLast(handler);
        }
    }

    private String path() {
        String query = leg.server().getRawQuery();
        return leg.server().getRawPath() + (query == null ? "" : "?" + query);
    }

    /** The host, and the port if it is not the usual one, as requests name them. */
    String authority() {
        return leg.server().getRawAuthority();
    }

    /** The server has told its health; the connection is good for more if it is to be kept alive. */
    void probed(ProbeResult found, boolean keepAlive) {
        if (ended) {
            return;
        }
        cancelDeadline();
        next = this::open;
        if (!keepAlive && channel != null) {
            channel.close();
            channel = null;
        }
        events.probed(found);
    }

    @Override
    public void proceed() {
        inLoop(() -> {
            Duration within = transport.config().timeouts().handshake();
            if (channel != null && channel.isActive()) {
                limit(within);
                open();
            } else {
                connect(within);
            }
        });
    }

    /** The connection stands. */
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

    /** The upgrade was answered with something else. */
    void block(Failure failure) {
        if (finish()) {
            events.blocked(failure);
        }
    }

    /** The connection or the dial is over; the first reason counts. */
    void end(Failure failure) {
        if (finish()) {
            events.failed(failure);
        }
    }

    /** Drops the connection before anybody is told, so that a link which dials anew at once never has two. */
    private boolean finish() {
        if (ended) {
            return false;
        }
        ended = true;
        cancelDeadline();
        if (connector != null) {
            // A server that upgrades and closes would keep its agents from the other addresses of its name.
            connector.judge(opened
                    && transport.time().nanoTime() - openedAt
                            >= transport
                                    .config()
                                    .route()
                                    .schedule()
                                    .stableAfter()
                                    .toNanos());
            connector.abort();
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
        return leg.way() == Way.WEBSOCKET ? send(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(frame))) : post(frame);
    }

    @Override
    public CompletionStage<?> ping() {
        return leg.way() == Way.WEBSOCKET ? send(new PingWebSocketFrame()) : CompletableFuture.completedStage(null);
    }

    @Override
    public CompletionStage<?> close() {
        if (leg.way() == Way.WEBSOCKET) {
            return send(new CloseWebSocketFrame(WebSocketCloseStatus.NORMAL_CLOSURE, ""));
        }
        inLoop(() -> end(Failure.of(Cause.NETWORK, "closed by this agent")));
        return CompletableFuture.completedStage(null);
    }

    private CompletionStage<?> post(ByteBuffer frame) {
        CompletableFuture<Void> answered = new CompletableFuture<>();
        boolean taken = inLoop(() -> {
            if (ended) {
                answered.completeExceptionally(new SocketException("not connected"));
            } else if (channel != null && channel.isActive()) {
                post(channel, frame, answered);
            } else {
                next = () -> {
                    cancelDeadline();
                    addPolls();
                    post(Objects.requireNonNull(channel), frame, answered);
                };
                connect(transport.config().timeouts().handshake());
            }
        });
        if (!taken) {
            answered.completeExceptionally(new SocketException("the transport is closed"));
        }
        return answered;
    }

    private static void post(Channel over, ByteBuffer frame, CompletableFuture<Void> answered) {
        ChannelHandlerContext polls = over.pipeline().context(PollHandler.class);
        ((PollHandler) polls.handler()).post(polls, frame, answered);
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
