// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.ServerSession;
import dev.holdfast.server.admission.Entrance;
import dev.holdfast.server.admission.Guest;
import dev.holdfast.server.fleet.Fleet;
import dev.holdfast.server.ingest.Intake;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where agents connect: {@code /v1/opamp} over WebSocket and POST, and {@code /health}. Safe for use by any thread. */
public final class AgentPort implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(AgentPort.class);

    /** How many connections may wait to be accepted: a herd comes at once. */
    private static final int BACKLOG = 4096;

    private static final int SMALLEST_READ = 256;

    private static final int FIRST_READ = 2 << 10;

    /** How often a peer is read from before it is the others' turn: tiny chunks and frames cost much for their size. */
    private static final int READS_AT_ONCE = 4;

    private static final int LONGEST_REQUEST_LINE = 4 << 10;

    private static final int LARGEST_HEADERS = 8 << 10;

    /** One that is kept costs a hundred bytes, and may be of one. */
    private static final int MOST_HEADERS = 100;

    /**
     * How many bytes a peer may leave unread before nothing more is read from it, and how few have to be left for it to
     * be read again. Answers take some hundred.
     */
    private static final WriteBufferWaterMark UNREAD = new WriteBufferWaterMark(8 << 10, 16 << 10);

    /** While there is more to read from a peer, this many answers to it share a system call. */
    private static final int ANSWERS_AT_ONCE = 64;

    /** How long agents have to answer the close of their connection when the port closes. */
    private static final Duration CLOSING = Duration.ofSeconds(3);

    /** Told to each connection when the port closes, after {@link #drain}. */
    enum Stopping {
        NOW
    }

    /**
     * What a port is told.
     *
     * @param listen where; port 0 takes a free one
     * @param offer what every agent is offered
     * @param pingInterval how often a WebSocket is pinged; one that sends nothing for two of these is closed
     * @param requestTimeout how long a request or message may take to come whole
     * @param messageLimit the largest message taken, in bytes, compressed or not
     * @param inputLimit what unfinished requests and messages of all connections may hold together, in bytes, beyond
     *     the few KiB of each
     */
    public record Settings(
            InetSocketAddress listen,
            ServerSession.Offer offer,
            Duration pingInterval,
            Duration requestTimeout,
            int messageLimit,
            long inputLimit) {}

    private final EventLoopGroup loops;
    private final ExecutorService largeReads;
    private final ChannelGroup connections = new DefaultChannelGroup("agents", GlobalEventExecutor.INSTANCE);
    private final Entrance entrance;
    private final Polls polls;
    private final Channel listener;

    private AgentPort(Settings settings, Reception reception, Time time, ExecutorService largeReads)
            throws IOException {
        this.largeReads = largeReads;
        entrance = reception.entrance();
        polls = new Polls(reception, time);
        loops = new MultiThreadIoEventLoopGroup(
                new DefaultThreadFactory("holdfast-agent-port", true), NioIoHandler.newFactory());
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new AdaptiveRecvByteBufAllocator(SMALLEST_READ, FIRST_READ, InputBudget.LARGEST_READ)
                                .maxMessagesPerRead(READS_AT_ONCE))
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNREAD)
                .childHandler(pipeline(settings, reception));
        var bound = bootstrap.bind(settings.listen()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly(CLOSING.toMillis());
            throw new IOException(bound.cause().getMessage(), bound.cause());
        }
        listener = bound.channel();
        reception.meters().connections(connections::size);
    }

    /**
     * Opens the port.
     *
     * @param fleet what it tells of the agents
     * @param intake where their outboxes are emptied
     * @param entrance lets agents in
     * @param time a loop for what falls due; not the fleet's, which may be held up by its store
     * @param registry where it counts
     * @throws IOException if it cannot listen there
     */
    public static AgentPort open(
            Settings settings, Fleet fleet, Intake intake, Entrance entrance, Time time, MeterRegistry registry)
            throws IOException {
        ExecutorService largeReads =
                Executors.newSingleThreadExecutor(new DefaultThreadFactory("holdfast-large-reads", true));
        Reception reception = new Reception(
                fleet, intake, entrance, settings.offer(), new WebMeters(registry), Fleet.lines(time), largeReads);
        try {
            return new AgentPort(settings, reception, time, largeReads);
        } catch (IOException | RuntimeException e) {
            largeReads.shutdown();
            throw e;
        }
    }

    private ChannelInitializer<Channel> pipeline(Settings settings, Reception reception) {
        AgentRequests requests = new AgentRequests(reception, polls, settings.messageLimit());
        InputBudget budget = new InputBudget(reception, settings.inputLimit());
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                connections.add(channel);
                InputBudget.Account account = budget.open();
                RequestDeadline deadline = new RequestDeadline(settings.requestTimeout());
                channel.pipeline()
                        .addLast(
                                new FlushConsolidationHandler(ANSWERS_AT_ONCE),
                                account,
                                deadline,
                                codec(),
                                new Parts(account, deadline, settings.messageLimit()),
                                new HttpObjectAggregator(settings.messageLimit(), true),
                                new AgentHttpHandler(
                                        reception,
                                        requests,
                                        account,
                                        deadline,
                                        settings.pingInterval(),
                                        settings.messageLimit()));
            }
        };
    }

    private static HttpServerCodec codec() {
        return new HttpServerCodec(new HttpDecoderConfig()
                .setMaxInitialLineLength(LONGEST_REQUEST_LINE)
                .setMaxHeaderSize(LARGEST_HEADERS)
                .setHeadersFactory(FewHeaders.FACTORY)
                .setTrailersFactory(FewHeaders.FACTORY));
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /**
     * Has all agents told when to come back, each after what it is still owed, and lets nobody in any more.
     *
     * @return done once they are gone, or it was waited long enough
     */
    public CompletionStage<Void> drain() {
        return entrance.drain(this::guests);
    }

    private List<Guest> guests() {
        return Stream.concat(
                        connections.stream()
                                .map(connection -> connection.pipeline().get(AgentSocketHandler.class))
                                .filter(Objects::nonNull),
                        polls.guests().stream())
                .map(Guest.class::cast)
                .toList();
    }

    /**
     * Accepts no more, closes WebSockets with 1001 and all else once it is answered, and waits until they are closed,
     * some 3 s at most.
     */
    @Override
    public void close() {
        listener.close().awaitUninterruptibly();
        connections.forEach(connection -> connection.pipeline().fireUserEventTriggered(Stopping.NOW));
        if (!connections.newCloseFuture().awaitUninterruptibly(CLOSING.toMillis())) {
            log.warn("agent port: {} connections did not close within {}; they are cut", connections.size(), CLOSING);
            connections.close().awaitUninterruptibly(CLOSING.toMillis());
        }
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(CLOSING.toMillis());
        largeReads.shutdownNow();
        polls.close();
    }

    /** Headers that refuse to become many. */
    private static final class FewHeaders extends DefaultHttpHeaders {

        static final HttpHeadersFactory FACTORY = new HttpHeadersFactory() {
            @Override
            public HttpHeaders newHeaders() {
                return new FewHeaders();
            }

            @Override
            public HttpHeaders newEmptyHeaders() {
                return new FewHeaders();
            }
        };

        @Override
        public HttpHeaders add(CharSequence name, Object value) {
            if (size() >= MOST_HEADERS) {
                throw new IllegalArgumentException("more than " + MOST_HEADERS + " headers");
            }
            return super.add(name, value);
        }
    }
}
