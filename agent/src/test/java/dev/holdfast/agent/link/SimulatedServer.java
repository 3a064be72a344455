// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.ServerSession;
import dev.holdfast.opamp.ServerSession.Effect;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A server and the network to it, in whatever time it is given. It keeps what it stored over a crash. */
public final class SimulatedServer implements Transport {

    private static final Duration LATENCY = Duration.ofMillis(2);

    /** How it is. */
    public enum Condition {
        /** Answers. */
        UP,
        /** Refuses connections. */
        DOWN,
        /** Answers no dial and no frame. */
        FROZEN,
        /** Upgrades, and takes frames that then go nowhere: half of each connection is dead. */
        DEAF,
        /** Upgrades, and closes at once. */
        CLOSING,
        /** Upgrades, and answers each message with a refusal that says when to return. */
        UNAVAILABLE,
        /** Answers every request with 503. */
        REFUSING,
        /** Answers upgrades with a 400, and takes polls. */
        WITHOUT_UPGRADES
    }

    /** How long an agent is told to stay away. */
    static final Duration RETRY_AFTER = Duration.ofSeconds(20);

    private final Time time;
    private final Map<InstanceUid, String> storedHashes = new HashMap<>();
    private final List<Peer> peers = new ArrayList<>();
    public final List<CustomMessage> records = new ArrayList<>();
    private final Map<String, Visits> visits = new TreeMap<>();
    private Condition condition = Condition.UP;

    /** The headers of a refusal, while it is {@link Condition#REFUSING}. */
    Supplier<Map<String, String>> refusal = Map::of;

    /** What it answers custom messages with, beside the answer to each message. */
    public Function<CustomMessage, Optional<CustomMessage>> custom = message -> Optional.empty();

    /** The custom capabilities that it announces. */
    public List<String> offered = List.of(Capabilities.OUTBOX);

    /** How many bytes a second go from an agent to it. */
    public long bytesPerSecond = Long.MAX_VALUE;

    /** When frames arrived of late. */
    public final List<Duration> arrivals = new ArrayList<>();

    /** What a dial throws, if anything. */
    @Nullable
    Error dialFailure;

    /** Whether it says how it is. */
    boolean tellsHealth = true;

    public int dials;
    int probes;
    int frames;
    int registrations;
    int rejoins;
    int goodbyes;

    /** One that is up. */
    public SimulatedServer(Time time) {
        this.time = time;
    }

    /** Ends, and cuts all connections. */
    public void crash() {
        condition = Condition.DOWN;
        List<Peer> cut = List.copyOf(peers);
        peers.clear();
        cut.forEach(peer -> peer.tell(() -> peer.events.failed(Failure.of(Cause.NETWORK, "connection reset"))));
    }

    /** Is as told from here on. */
    public void be(Condition condition) {
        this.condition = condition;
    }

    void forget() {
        storedHashes.clear();
        visits.values().forEach(visit -> visit.excuses++);
    }

    /** What is known of each agent's dials. */
    Collection<Visits> visits() {
        return visits.values();
    }

    int connections() {
        return peers.size();
    }

    @Override
    public Connection dial(Route.Leg leg, Map<String, String> headers, Events events) {
        dials++;
        probes += leg.probe() ? 1 : 0;
        if (dialFailure != null) {
            throw dialFailure;
        }
        Visits visit = visits.computeIfAbsent(headers.get(Wire.Header.INSTANCE_UID), uid -> new Visits());
        Peer peer = new Peer(leg.way(), headers, events, visit);
        visit.dialled(time.nanoTime(), peer);
        time.schedule(LATENCY, () -> {
            if (!peer.gone) {
                if (leg.probe()) {
                    asked(peer);
                } else {
                    arrived(peer);
                }
            }
        });
        return peer;
    }

    private void asked(Peer peer) {
        switch (condition) {
            case UP, DEAF, UNAVAILABLE, CLOSING, WITHOUT_UPGRADES ->
                peer.tell(() -> peer.events.probed(tellsHealth ? ProbeResult.WELL : ProbeResult.UNKNOWN));
            case DOWN, REFUSING, FROZEN -> arrived(peer);
        }
    }

    private void arrived(Peer peer) {
        switch (condition) {
            case UP, DEAF, UNAVAILABLE -> {
                peers.add(peer);
                peer.tell(peer.events::opened);
            }
            case WITHOUT_UPGRADES -> {
                if (peer.way == Way.POLLING) {
                    peers.add(peer);
                    peer.tell(peer.events::opened);
                } else {
                    peer.tell(() -> peer.events.blocked(Failure.of(Cause.REJECTED, "400 to the upgrade")));
                }
            }
            case CLOSING -> {
                peer.tell(peer.events::opened);
                peer.tell(() -> peer.events.failed(Failure.of(Cause.NETWORK, "the connection ended without a close")));
            }
            case DOWN -> peer.tell(() -> peer.events.failed(Failure.of(Cause.NETWORK, "connection refused")));
            case REFUSING -> {
                Map<String, String> headers = refusal.get();
                Failure refused = Failure.ofHttp(503, name -> Optional.ofNullable(headers.get(name)), time.instant());
                peer.tell(() -> peer.events.failed(refused));
            }
            case FROZEN -> {}
        }
    }

    /** One agent's dials, as the server and the network see them. */
    static final class Visits {

        private @Nullable Peer last;
        private long lastAt;

        /** The shortest time from one dial to the next. */
        long shortestGap = Long.MAX_VALUE;

        /** How often it dialled while the connection before was not given up. */
        int twoAtOnce;

        /** How many full states arrived. */
        int fullStates;

        /** How often there was a reason to send one again: a memory that was lost, or a rejoin that was swallowed. */
        int excuses;

        /** The soonest that it may dial, as it was told. */
        long notBefore = Long.MIN_VALUE;

        /** How often it dialled sooner. */
        int tooSoon;

        private void dialled(long now, Peer peer) {
            if (last != null) {
                shortestGap = Math.min(shortestGap, now - lastAt);
                twoAtOnce += last.gone ? 0 : 1;
            }
            tooSoon += now < notBefore ? 1 : 0;
            last = peer;
            lastAt = now;
        }
    }

    @Override
    public void close() {
        peers.clear();
    }

    private final class Peer implements Connection {

        private final Way way;
        private final Events events;
        private final Visits visit;
        private final ServerSession session;
        private boolean gone;

        Peer(Way way, Map<String, String> headers, Events events, Visits visit) {
            this.way = way;
            this.events = events;
            this.visit = visit;
            ServerSession.Offer offer = new ServerSession.Offer(null, offered, () -> {
                throw new AssertionError("nobody asks for a uid");
            });
            this.session = new ServerSession(offer, headers.get(Wire.Header.STATE));
        }

        @Override
        public void proceed() {
            time.schedule(LATENCY, () -> {
                if (!gone) {
                    arrived(this);
                }
            });
        }

        @Override
        public CompletionStage<?> transmit(ByteBuffer frame) {
            frames++;
            Duration underWay = Duration.ofNanos((long) (frame.remaining() * 1e9 / bytesPerSecond));
            return onArrival(underWay, () -> {
                arrivals.add(Duration.ofNanos(time.nanoTime()));
                switch (condition) {
                    case UP, WITHOUT_UPGRADES -> take(frame);
                    case UNAVAILABLE -> refuse(frame);
                    default -> visit.excuses++;
                }
            });
        }

        @Override
        public CompletionStage<?> ping() {
            return onArrival(Duration.ZERO, () -> {
                if (condition == Condition.UP
                        || condition == Condition.UNAVAILABLE
                        || condition == Condition.WITHOUT_UPGRADES) {
                    tell(events::pong);
                }
            });
        }

        @Override
        public CompletionStage<?> close() {
            return onArrival(Duration.ZERO, () -> {
                if (condition != Condition.FROZEN) {
                    peers.remove(this);
                    tell(() -> events.failed(Failure.of(Cause.NETWORK, "closed by the server: 1000")));
                }
            });
        }

        @Override
        public void abort() {
            gone = true;
            peers.remove(this);
        }

        private CompletionStage<?> onArrival(Duration underWay, Runnable work) {
            time.schedule(LATENCY.plus(underWay), () -> {
                if (peers.contains(this)) {
                    work.run();
                }
            });
            CompletableFuture<Object> sent = new CompletableFuture<>();
            if (underWay.isZero()) {
                sent.complete(this);
            } else {
                time.schedule(underWay, () -> sent.complete(this));
            }
            return sent;
        }

        private void tell(Runnable event) {
            time.schedule(LATENCY, event);
        }

        private void refuse(ByteBuffer frame) {
            visit.excuses++;
            ServerMessage.Failure unavailable =
                    new ServerMessage.Failure(ServerMessage.Failure.Kind.UNAVAILABLE, "too much to do", RETRY_AFTER);
            ServerMessage refusal = ServerMessage.refusal(read(frame).uid(), unavailable);
            tell(() -> {
                visit.notBefore = time.nanoTime() + RETRY_AFTER.toNanos();
                events.received(Wire.frame(refusal));
            });
        }

        private static AgentMessage read(ByteBuffer frame) {
            try {
                return Wire.readAgentFrame(frame);
            } catch (WireException e) {
                throw new AssertionError("the agent sent something that is no message", e);
            }
        }

        private void take(ByteBuffer frame) {
            AgentMessage message = read(frame);
            @Nullable String stored = storedHashes.get(message.uid());
            ServerSession.Reply reply = session.received(message, stored);
            reply.effects().forEach(effect -> carryOut(message.uid(), effect));
            tell(() -> events.received(Wire.frame(reply.answer())));
        }

        private void carryOut(InstanceUid uid, Effect effect) {
            switch (effect) {
                case Effect.Registered registered -> {
                    registrations++;
                    visit.fullStates++;
                    storedHashes.put(uid, Objects.requireNonNull(registered.stateHash()));
                }
                case Effect.Rejoined rejoined -> rejoins++;
                case Effect.Received received -> {
                    records.add(received.message());
                    custom.apply(received.message())
                            .ifPresent(answer -> tell(() -> events.received(
                                    Wire.frame(ServerMessage.answer(uid).withCustom(answer)))));
                }
                case Effect.Left left -> goodbyes++;
                case Effect.Reported reported -> {}
            }
        }
    }
}
