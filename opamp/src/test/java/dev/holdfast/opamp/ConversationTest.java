// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentSession.Arrival;
import dev.holdfast.opamp.AgentSession.Phase;
import dev.holdfast.opamp.AgentSession.Signal;
import dev.holdfast.opamp.AgentSession.Step;
import dev.holdfast.opamp.AgentSession.Timing;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Both ends against each other, through bytes, in virtual time, over a network that loses and delays messages, drops
 * connections and now and then takes the server's memory or changes the agent. Safety is checked at every step,
 * liveness once the faults have stopped.
 */
class ConversationTest {

    private static final int SEEDS = 400;
    private static final Duration FAULTS = Duration.ofMinutes(5);
    private static final Duration REDIAL = Duration.ofSeconds(1);
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(8);

    @Test
    void whateverTheNetworkDoesTheyAgreeAndComeTogetherOnceItHeals() {
        Map<Arrival, Integer> arrivals = new HashMap<>();
        int failures = 0;
        for (long seed : Seeds.upTo(SEEDS).toArray()) {
            World world = new World(seed);
            try {
                world.run();
            } catch (WireException | RuntimeException | AssertionError e) {
                throw new AssertionError(Seeds.replay(seed), e);
            }
            world.arrivals.forEach((arrival, count) -> arrivals.merge(arrival, count, Integer::sum));
            failures += world.failures;
        }
        // The faults must have been felt, else this shows nothing.
        if (!Seeds.replaying()) {
            assertThat(arrivals).containsOnlyKeys(Arrival.values());
            assertThat(failures).isPositive();
        }
    }

    /** What the server stored, as a database would have it. */
    private record Stored(
            AgentDescription description, @Nullable String hash) {}

    /** One agent, one server and the network between them. */
    private static final class World {

        private final long seed;
        private final SplittableRandom chance;
        private final VirtualTime time = new VirtualTime();
        private final Map<InstanceUid, Stored> store = new HashMap<>();
        private final Set<AgentDescription> described = new HashSet<>();
        private final Map<Arrival, Integer> arrivals = new HashMap<>();
        private int failures;
        private boolean faulty = true;
        private boolean connected;

        private AgentState self = ConversationSteps.SELF;
        private boolean known;
        private AgentSession agent;
        private ServerSession server;

        /** Counts connections, so that what is still on its way on an older one goes nowhere. */
        private int connection;

        /** Neither direction of a connection overtakes itself. */
        private long uplinkFree;

        private long downlinkFree;

        World(long seed) {
            this.seed = seed;
            this.chance = new SplittableRandom(seed);
            this.agent = new AgentSession(self, false, chance.nextInt(3), Timing.DEFAULT);
            this.server = new ServerSession(offer(), null);
        }

        void run() throws WireException {
            dial();
            while (time.elapsed().compareTo(FAULTS) < 0) {
                fault();
                time.advance(Duration.ofMillis(chance.nextInt(1, 4_000)));
            }
            faulty = false;
            // A message sent before may still be lost: then two heartbeats pass, a redial, a rejoin, a registration.
            Timing timing = Timing.DEFAULT;
            time.advance(timing.heartbeat().multipliedBy(timing.deadAfter() + 1L));
            time.advance(timing.rejoin().plus(timing.register()).plus(REDIAL).plus(LONGEST_DELAY));
            assertThat(agent.phase()).as(Seeds.replay(seed)).isEqualTo(Phase.ATTACHED);
            assertThat(server.attached()).as(Seeds.replay(seed)).isTrue();
            assertAgreed();
        }

        /** One thing that goes wrong, or something new. */
        private void fault() {
            if (!connected) {
                return;
            }
            switch (chance.nextInt(12)) {
                case 0 -> lost();
                case 1 -> {
                    store.clear();
                    lost();
                }
                case 2 -> {
                    self = new AgentState(
                            self.uid(),
                            self.description().with("version", Value.of(chance.nextInt(3))),
                            self.health(),
                            self.capabilities(),
                            self.customCapabilities());
                    known = chance.nextBoolean();
                    lost();
                }
                case 3 -> {
                    carry(agent.close(time.nanoTime()));
                    lost();
                }
                case 4 -> carry(agent.report(ConversationSteps.ill("x" + chance.nextInt()), time.nanoTime()));
                case 5 -> {
                    if (agent.phase() == Phase.ATTACHED && agent.serverTakes(Capabilities.OUTBOX)) {
                        CustomMessage message = CustomMessage.ofText(Capabilities.OUTBOX, "t", "x");
                        carry(agent.send(message, time.nanoTime()));
                    }
                }
                default -> {}
            }
        }

        /** Opens a connection; as in the upgrade request, the hash comes ahead of all messages. */
        private void dial() {
            connection++;
            connected = true;
            uplinkFree = time.nanoTime();
            downlinkFree = time.nanoTime();
            agent = new AgentSession(self, known, agent.nextSequence(), Timing.DEFAULT);
            server = new ServerSession(offer(), self.hash());
            described.add(self.describedWithHash());
            carry(agent.open(time.nanoTime()));
        }

        private void lost() {
            int dropped = ++connection;
            connected = false;
            time.schedule(REDIAL, () -> {
                if (connection == dropped) {
                    dial();
                }
            });
        }

        private void carry(Step step) {
            step.messages().forEach(message -> uplink(Wire.frame(message)));
            step.signals().forEach(this::heard);
            wakeWhenDue();
        }

        private void heard(Signal signal) {
            switch (signal) {
                case Signal.Attached attached -> {
                    arrivals.merge(attached.arrival(), 1, Integer::sum);
                    known = true;
                    assertAgreed();
                }
                case Signal.Failed failed -> {
                    failures++;
                    lost();
                }
                case Signal.Refused refused -> throw new AssertionError(refused);
                case Signal.Renamed renamed -> throw new AssertionError(renamed);
                case Signal.Received received -> throw new AssertionError(received);
            }
        }

        private void wakeWhenDue() {
            if (agent.phase() == Phase.CLOSED) {
                return;
            }
            AgentSession woken = agent;
            int on = connection;
            time.schedule(Duration.ofNanos(agent.wakeAt() - time.nanoTime()), () -> {
                if (on == connection && woken.wakeAt() - time.nanoTime() <= 0) {
                    Step due = woken.wake(time.nanoTime());
                    // Else it would be woken at this very instant for ever.
                    assertThat(due).as(Seeds.replay(seed)).isNotEqualTo(new Step(List.of(), List.of()));
                    carry(due);
                }
            });
        }

        private void uplink(ByteBuffer frame) {
            uplinkFree = deliver(uplinkFree, () -> {
                AgentMessage message = read(() -> Wire.readAgentFrame(frame));
                Stored stored = store.get(message.uid());
                ServerSession.Reply reply = server.received(message, stored == null ? null : stored.hash());
                reply.effects().forEach(effect -> carryOut(message.uid(), effect));
                downlink(Wire.frame(reply.answer()));
            });
        }

        private void downlink(ByteBuffer frame) {
            downlinkFree = deliver(downlinkFree, () -> {
                ServerMessage message = read(() -> Wire.readServerFrame(frame));
                carry(agent.received(message, time.nanoTime()));
            });
        }

        private void carryOut(InstanceUid uid, ServerSession.Effect effect) {
            if (effect instanceof ServerSession.Effect.Registered registered) {
                assertThat(described).as(Seeds.replay(seed)).contains(registered.description());
                store.put(uid, new Stored(registered.description(), registered.stateHash()));
            }
        }

        /** Has it arrive in its turn, or not at all; returns when the one after it may arrive. */
        private long deliver(long free, Runnable arrival) {
            if (faulty && chance.nextInt(10) == 0) {
                return free;
            }
            long most = faulty && chance.nextInt(5) == 0 ? LONGEST_DELAY.toNanos() : 50_000_000L;
            long at = Math.max(free, time.nanoTime() + chance.nextLong(1, most));
            int on = connection;
            time.schedule(Duration.ofNanos(at - time.nanoTime()), () -> {
                if (on == connection) {
                    arrival.run();
                }
            });
            return at;
        }

        /** What the server stored is what this agent is. */
        private void assertAgreed() {
            Stored stored = store.get(self.uid());
            assertThat(stored).as(Seeds.replay(seed)).isEqualTo(new Stored(self.describedWithHash(), self.hash()));
        }

        private ServerSession.Offer offer() {
            return new ServerSession.Offer(null, List.of(Capabilities.OUTBOX), () -> Samples.OTHER_UID);
        }

        private static <T> T read(Reader<T> reader) {
            try {
                return reader.read();
            } catch (WireException e) {
                throw new AssertionError("what was written cannot be read", e);
            }
        }

        /** A read that may refuse what it is given. */
        private interface Reader<T> {
            T read() throws WireException;
        }
    }
}
