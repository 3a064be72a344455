// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerSession;
import dev.holdfast.opamp.ServerSession.Effect;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A server and the network to it, in whatever time it is given. It keeps what it stored over a crash. */
final class SimulatedServer implements Transport {

    private static final Duration LATENCY = Duration.ofMillis(2);

    enum Condition {
        /** Answers. */
        UP,
        /** Refuses connections. */
        DOWN,
        /** Takes connections and frames, and says nothing. */
        FROZEN
    }

    private final Time time;
    private final Map<InstanceUid, String> storedHashes = new HashMap<>();
    private final List<Peer> peers = new ArrayList<>();
    final List<CustomMessage> records = new ArrayList<>();
    private Condition condition = Condition.UP;

    /** What a dial throws, if anything. */
    @Nullable
    Error dialFailure;

    int dials;
    int registrations;
    int rejoins;
    int goodbyes;

    SimulatedServer(Time time) {
        this.time = time;
    }

    void crash() {
        condition = Condition.DOWN;
        List<Peer> cut = List.copyOf(peers);
        peers.clear();
        cut.forEach(peer -> peer.tell(() -> peer.events.failed(Failure.of(Cause.NETWORK, "connection reset"))));
    }

    void be(Condition condition) {
        this.condition = condition;
    }

    void forget() {
        storedHashes.clear();
    }

    int connections() {
        return peers.size();
    }

    @Override
    public Connection dial(URI server, Map<String, String> headers, Events events) {
        dials++;
        if (dialFailure != null) {
            throw dialFailure;
        }
        Peer peer = new Peer(headers, events);
        time.schedule(LATENCY, () -> {
            if (condition == Condition.DOWN) {
                peer.tell(() -> events.failed(Failure.of(Cause.NETWORK, "connection refused")));
            } else if (condition == Condition.UP && !peer.gone) {
                peers.add(peer);
                peer.tell(events::opened);
            }
        });
        return peer;
    }

    @Override
    public void close() {
        peers.clear();
    }

    private final class Peer implements Connection {

        private final Events events;
        private final ServerSession session;
        private boolean gone;

        Peer(Map<String, String> headers, Events events) {
            this.events = events;
            ServerSession.Offer offer = new ServerSession.Offer(null, List.of(Capabilities.STATUS), () -> {
                throw new AssertionError("nobody asks for a uid");
            });
            this.session = new ServerSession(offer, headers.get(Wire.Header.STATE));
        }

        @Override
        public CompletionStage<?> transmit(ByteBuffer frame) {
            return onArrival(() -> take(frame));
        }

        @Override
        public CompletionStage<?> ping() {
            return onArrival(() -> tell(events::pong));
        }

        @Override
        public CompletionStage<?> close() {
            return onArrival(() -> {
                peers.remove(this);
                tell(() -> events.failed(Failure.ofClose(1000, "")));
            });
        }

        @Override
        public void abort() {
            gone = true;
            peers.remove(this);
        }

        private CompletionStage<?> onArrival(Runnable work) {
            time.schedule(LATENCY, () -> {
                if (condition == Condition.UP && peers.contains(this)) {
                    work.run();
                }
            });
            return CompletableFuture.completedFuture(null);
        }

        private void tell(Runnable event) {
            time.schedule(LATENCY, event);
        }

        private void take(ByteBuffer frame) {
            AgentMessage message;
            try {
                message = Wire.readAgentFrame(frame);
            } catch (WireException e) {
                throw new AssertionError("the agent sent something that is no message", e);
            }
            @Nullable String stored = storedHashes.get(message.uid());
            ServerSession.Reply reply = session.received(message, stored);
            reply.effects().forEach(effect -> carryOut(message.uid(), effect));
            tell(() -> events.received(Wire.frame(reply.answer())));
        }

        private void carryOut(InstanceUid uid, Effect effect) {
            switch (effect) {
                case Effect.Registered registered -> {
                    registrations++;
                    storedHashes.put(uid, Objects.requireNonNull(registered.stateHash()));
                }
                case Effect.Rejoined rejoined -> rejoins++;
                case Effect.Received received -> records.add(received.message());
                case Effect.Left left -> goodbyes++;
                case Effect.Reported reported -> {}
            }
        }
    }
}
