// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.holdfast.agent.route.Delay;
import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.agent.route.RouteConfig;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentMessage;
import dev.holdfast.opamp.AgentSession.Arrival;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Value;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinkMachineTest {

    private static final URI FIRST = URI.create("ws://a.example/v1/opamp");
    private static final URI SECOND = URI.create("ws://b.example/v1/opamp");
    private static final Failure REFUSED = Failure.of(Cause.NETWORK, "refused");
    private static final InstanceUid UID = InstanceUid.parse("01996b8a-7c1e-7d3a-9b1f-0123456789ab");
    private static final AgentState SELF = new AgentState(
            UID,
            new AgentDescription(Map.of("service.name", Value.of("test")), Map.of()),
            Health.good(),
            Capabilities.OF_AGENT,
            List.of(Capabilities.OUTBOX));

    /** Near the end of what a long holds, so that every test also sees monotonic time wrap around. */
    private long now = Long.MAX_VALUE - Duration.ofSeconds(7).toNanos();

    private long connection;

    /** The connections that are open or being opened, where a test keeps count. */
    private final Set<Long> live = new HashSet<>();

    private LinkMachine link = machine(LinkConfig.of(FIRST));

    @Test
    void theFirstDialIsImmediateAndRegisters() {
        List<Action> actions = did(link.start(now));
        Action.Dial dial = only(actions, Action.Dial.class);
        assertThat(dial.leg().server()).isEqualTo(FIRST);
        assertThat(dial.headers())
                .containsEntry(Wire.Header.INSTANCE_UID, UID.toString())
                .containsEntry(Wire.Header.STATE, SELF.hash())
                .containsEntry(Wire.Header.PROCESS, "cafe");
        assertThat(link.phase()).isEqualTo(LinkPhase.DIALING);

        AgentMessage first = sent(open());
        assertThat(first.description()).isNotNull();
        assertThat(first.sequence()).isEqualTo(1);
        assertThat(link.phase()).isEqualTo(LinkPhase.REGISTERING);

        assertThat(only(answer(), Action.Attached.class).arrival()).isEqualTo(Arrival.REGISTERED);
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
    }

    @Test
    void aLostLinkComesBackWithALightRejoinThatGoesOnCounting() {
        attach();
        pass(Duration.ofSeconds(60));
        List<Action> actions = did(link.failed(connection, REFUSED, now));
        only(actions, Action.Lost.class);
        Delay delay = only(actions, Action.Waits.class).delay();
        assertThat(delay.attempt()).isEqualTo(1);
        assertThat(delay.delay()).isBetween(Duration.ofMillis(375), Duration.ofMillis(625));

        only(wakeWhenDue(), Action.Dial.class);
        AgentMessage rejoin = sent(open());
        assertThat(rejoin.description()).isNull();
        assertThat(rejoin.sequence()).isGreaterThan(10);
        assertThat(only(answer(), Action.Attached.class).arrival()).isEqualTo(Arrival.REJOINED);
    }

    @Test
    void oneThatIsDisplacedComesBackByTheOrdinarySchedule() {
        attach();
        for (Duration envelope : List.of(Duration.ofMillis(500), Duration.ofMillis(500), Duration.ofMillis(500))) {
            List<Action> actions = did(
                    link.failed(connection, Failure.of(Cause.PROTOCOL, "closed by the server: 1008 displaced"), now));
            only(actions, Action.Lost.class);
            Delay delay = only(actions, Action.Waits.class).delay();
            assertThat(delay.delay())
                    .isBetween(
                            envelope.multipliedBy(3).dividedBy(4),
                            envelope.multipliedBy(5).dividedBy(4));
            wakeWhenDue();
            open();
            answer();
        }
    }

    @Test
    void oneThatIsGivenAnotherUidSaysWhichItHadAndGoesByTheNewOneFromThenOn() {
        attach();
        did(link.failed(connection, REFUSED, now));
        wakeWhenDue();
        open();
        InstanceUid given = InstanceUid.parse("01996b8a-7c1e-7d3a-9b1f-00000000abcd");
        List<Action> actions = answer(new ServerMessage(UID, null, true, 1, given, null, null, null));
        assertThat(only(actions, Action.Renamed.class)).isEqualTo(new Action.Renamed(given));
        AgentMessage full = sent(actions);
        assertThat(full.uid()).isEqualTo(given);
        assertThat(full.description()).isNotNull();
        assertThat(only(answer(), Action.Attached.class).arrival()).isEqualTo(Arrival.REGISTERED);

        did(link.failed(connection, REFUSED, now));
        assertThat(only(wakeWhenDue(), Action.Dial.class).headers())
                .containsEntry(Wire.Header.INSTANCE_UID, given.toString())
                .containsEntry(Wire.Header.STATE, SELF.withUid(given).hash())
                .containsEntry(Wire.Header.PROCESS, "cafe");
        assertThat(sent(open()).description()).as("a rejoin, under the new uid").isNull();
    }

    @Test
    void aServerThatForgotTheAgentGetsTheFullStateOnTheSameConnection() {
        attach();
        did(link.failed(connection, REFUSED, now));
        wakeWhenDue();
        open();
        AgentMessage full = sent(answer(new ServerMessage(UID, null, true, 1, null, null, null, null)));
        assertThat(full.description()).isNotNull();
        assertThat(link.phase()).isEqualTo(LinkPhase.REGISTERING);
        assertThat(only(answer(), Action.Attached.class).arrival()).isEqualTo(Arrival.REGISTERED);
    }

    @Test
    void aRejoinThatIsNotAnsweredInFiveSecondsRegistersAndThatFailsAfterThirty() {
        attach();
        did(link.failed(connection, REFUSED, now));
        wakeWhenDue();
        open();
        long opened = now;
        assertThat(sent(wakeWhenDue()).description()).isNotNull();
        assertThat(Duration.ofNanos(now - opened)).isEqualTo(Duration.ofSeconds(5));

        only(wakeWhenDue(), Action.Ping.class);
        did(link.pong(connection));
        Delay delay = only(wakeWhenDue(), Action.Waits.class).delay();
        assertThat(Duration.ofNanos(now - opened)).isEqualTo(Duration.ofSeconds(35));
        assertThat(delay.failure().cause()).isEqualTo(Cause.TIMEOUT);
    }

    @Test
    void delaysFollowTheSchedule() {
        did(link.start(now));
        long[] envelopes = {500, 500, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000};
        for (int attempt = 1; attempt <= envelopes.length; attempt++) {
            Delay delay = only(did(link.failed(connection, REFUSED, now)), Action.Waits.class)
                    .delay();
            long envelope = envelopes[attempt - 1];
            assertThat(delay.attempt()).isEqualTo(attempt);
            assertThat(delay.source()).isEqualTo(Delay.Source.BACKOFF);
            // A server is asked for its health before it is dialled, and not more than once a second.
            long least = attempt > 3 ? Math.max(1000, envelope * 3 / 4) : envelope * 3 / 4;
            assertThat(delay.delay().toMillis()).isBetween(least, least + envelope / 2);
            only(wakeWhenDue(), Action.Dial.class);
        }
    }

    @Test
    void aServerThatTakesAndThenDropsDoesNotResetTheBackoff() {
        did(link.start(now));
        for (int attempt = 1; attempt <= 12; attempt++) {
            open();
            answer();
            assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
            Delay delay = only(did(link.failed(connection, REFUSED, now)), Action.Waits.class)
                    .delay();
            assertThat(delay.attempt()).isEqualTo(attempt);
            wakeWhenDue();
        }
        open();
        answer();
        pass(Duration.ofSeconds(30));
        Delay delay = only(did(link.failed(connection, REFUSED, now)), Action.Waits.class)
                .delay();
        assertThat(delay.attempt()).isEqualTo(1);
    }

    @Test
    void aServersWordOnWhenToReturnIsAFloorAndIsBounded() {
        did(link.start(now));
        Failure busy = new Failure(Cause.OVERLOAD, Duration.ofSeconds(40), "503");
        Delay delay = only(did(link.failed(connection, busy, now)), Action.Waits.class)
                .delay();
        assertThat(delay.source()).isEqualTo(Delay.Source.SERVER);
        assertThat(delay.delay()).isBetween(Duration.ofSeconds(40), Duration.ofSeconds(60));

        wakeWhenDue();
        Failure absurd = new Failure(Cause.OVERLOAD, Duration.ofDays(40_000), "503");
        delay = only(did(link.failed(connection, absurd, now)), Action.Waits.class)
                .delay();
        assertThat(delay.delay()).isBetween(Duration.ofHours(1), Duration.ofMinutes(90));
    }

    @Test
    void aRejectionGoesToTheSlowLadder() {
        did(link.start(now));
        Delay delay = only(did(link.failed(connection, Failure.of(Cause.REJECTED, "404"), now)), Action.Waits.class)
                .delay();
        assertThat(delay.delay()).isBetween(Duration.ofSeconds(225), Duration.ofSeconds(375));
    }

    @Test
    void aDialThatTakesTooLongIsAborted() {
        did(link.start(now));
        long began = now;
        List<Action> actions = wakeWhenDue();
        only(actions, Action.Abort.class);
        assertThat(only(actions, Action.Waits.class).delay().failure().cause()).isEqualTo(Cause.TIMEOUT);
        assertThat(Duration.ofNanos(now - began)).isEqualTo(Duration.ofSeconds(10));
        assertThat(did(link.opened(connection, now))).isEmpty();
        assertThat(link.phase()).isEqualTo(LinkPhase.WAITING);
    }

    @Test
    void silenceEndsTheLinkAfterTwoHeartbeats() {
        attach();
        pass(Duration.ofSeconds(12));
        long last = now;
        List<Action> actions = List.of();
        while (link.phase() == LinkPhase.ATTACHED) {
            actions = wakeWhenDue();
        }
        only(actions, Action.Abort.class);
        assertThat(only(actions, Action.Lost.class).failure().cause()).isEqualTo(Cause.TIMEOUT);
        assertThat(Duration.ofNanos(now - last)).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(15));
    }

    @Test
    void serversAreTriedInTurn() {
        link = machine(inOrder(FIRST, SECOND));
        List<URI> dialed = new ArrayList<>();
        dialed.add(only(did(link.start(now)), Action.Dial.class).leg().server());
        for (int attempt = 0; attempt < 3; attempt++) {
            did(link.failed(connection, REFUSED, now));
            dialed.add(only(wakeWhenDue(), Action.Dial.class).leg().server());
        }
        assertThat(dialed).containsExactly(FIRST, SECOND, FIRST, SECOND);
    }

    @Test
    void garbageEndsTheConnection() {
        attach();
        List<Action> actions = did(link.received(connection, ByteBuffer.wrap(new byte[] {7, 7, 7}), now));
        only(actions, Action.Abort.class);
        assertThat(only(actions, Action.Waits.class).delay().failure().cause()).isEqualTo(Cause.PROTOCOL);
    }

    @Test
    void aStopSaysGoodbyeWhenConnectedAndEndsEverythingElse() {
        attach();
        List<Action> actions = did(link.stop(now));
        assertThat(sent(actions).disconnect()).isTrue();
        only(actions, Action.Close.class);
        assertThat(link.phase()).isEqualTo(LinkPhase.STOPPED);
        assertThat(link.wakeAt()).isEmpty();
        assertThat(did(link.start(now))).isEmpty();

        link = machine(LinkConfig.of(FIRST));
        did(link.start(now));
        only(did(link.stop(now)), Action.Abort.class);
    }

    @Test
    void aCustomMessageGoesOnlyToAServerThatTakesIt() throws WireException {
        did(link.start(now));
        open();
        assertThat(link.serverTakes(Capabilities.OUTBOX)).isFalse();
        answer(new ServerMessage(UID, null, false, 1, null, null, List.of(Capabilities.OUTBOX), null));
        assertThat(link.serverTakes(Capabilities.OUTBOX)).isTrue();
        CustomMessage record = CustomMessage.ofText(Capabilities.OUTBOX, "record", "{}");
        assertThat(sent(did(link.send(record, now))).custom()).isEqualTo(record);
        did(link.failed(connection, REFUSED, now));
        assertThat(link.serverTakes(Capabilities.OUTBOX)).isFalse();
        assertThatIllegalStateException().isThrownBy(() -> link.send(record, now));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 20261122})
    void whateverHappensThereIsOneConnectionAndAlwaysANextStep(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        did(link.start(now));
        long dialledAt = now;
        live.add(connection);
        for (int round = 0; round < 20_000; round++) {
            String run = "seed " + seed + " round " + round;
            List<Action> actions = anything(chance);
            for (Action action : actions) {
                switch (action) {
                    case Action.Dial dial -> {
                        assertThat(link.phase())
                                .as(run)
                                .isEqualTo(dial.leg().probe() ? LinkPhase.PROBING : LinkPhase.DIALING);
                        assertThat(Duration.ofNanos(now - dialledAt)).as(run).isGreaterThan(Duration.ofMillis(374));
                        dialledAt = now;
                        live.add(dial.connection());
                    }
                    case Action.Abort abort -> live.remove(abort.connection());
                    default -> {}
                }
            }
            assertThat(live).as(run).hasSizeLessThanOrEqualTo(1);
            assertThat(link.wakeAt()).as(run).isPresent();
            assertThat(link.phase()).as(run).isNotIn(LinkPhase.IDLE, LinkPhase.STOPPED);
        }
    }

    private List<Action> anything(SplittableRandom chance) {
        long of = chance.nextInt(8) == 0 ? connection - 1 : connection;
        return switch (chance.nextInt(9)) {
            case 0 -> did(link.opened(of, now));
            case 1 -> {
                live.remove(of);
                yield did(link.failed(of, REFUSED, now));
            }
            case 2 -> did(link.received(of, Wire.frame(ServerMessage.answer(UID)), now));
            case 3 -> did(link.received(of, Wire.frame(askForAll()), now));
            case 4 -> did(link.received(of, ByteBuffer.wrap(new byte[] {9}), now));
            case 5 -> did(link.pong(of));
            case 6 -> did(link.report(Health.good(), now));
            case 7 -> {
                now += chance.nextLong(Duration.ofSeconds(3).toNanos());
                yield did(link.wake(now));
            }
            default -> wakeWhenDue();
        };
    }

    private static ServerMessage askForAll() {
        return new ServerMessage(UID, null, true, 1, null, null, null, null);
    }

    /** The dial goes on as far as it can: the server tells its health if it is asked, and the connection stands. */
    private List<Action> open() {
        if (link.phase() == LinkPhase.PROBING) {
            only(link.probed(connection, ProbeResult.WELL, now), Action.Proceed.class);
        }
        return did(link.opened(connection, now));
    }

    private static LinkConfig inOrder(URI... servers) {
        LinkConfig config = LinkConfig.of(servers);
        return config.with(config.route().with(new RouteConfig.Servers(List.of(servers), false, null)));
    }

    private static LinkMachine machine(LinkConfig config) {
        return new LinkMachine(config, SELF, "cafe", new SplittableRandom(1));
    }

    private void attach() {
        did(link.start(now));
        open();
        answer();
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
    }

    /** Lets time pass with a server that answers everything. */
    private void pass(Duration duration) {
        long end = now + duration.toNanos();
        while (link.wakeAt().orElseThrow() - end <= 0) {
            for (Action action : wakeWhenDue()) {
                switch (action) {
                    case Action.Transmit transmit -> answer();
                    case Action.Ping ping -> did(link.pong(connection));
                    default -> throw new AssertionError("unexpected " + action);
                }
            }
        }
        now = end;
    }

    private List<Action> wakeWhenDue() {
        long due = link.wakeAt().orElseThrow();
        if (due - now > 0) {
            now = due;
        }
        return did(link.wake(now));
    }

    private List<Action> answer() {
        return answer(ServerMessage.answer(UID));
    }

    private List<Action> answer(ServerMessage message) {
        return did(link.received(connection, Wire.frame(message), now));
    }

    private List<Action> did(List<Action> actions) {
        for (Action action : actions) {
            if (action instanceof Action.Dial dial) {
                connection = dial.connection();
            }
        }
        return actions;
    }

    private static AgentMessage sent(List<Action> actions) {
        try {
            return Wire.readAgentFrame(only(actions, Action.Transmit.class).frame());
        } catch (WireException e) {
            throw new AssertionError("the link sent something that is no message", e);
        }
    }

    private static <T extends Action> T only(List<Action> actions, Class<T> type) {
        List<T> found =
                actions.stream().filter(type::isInstance).map(type::cast).toList();
        assertThat(found).as("%s among %s", type.getSimpleName(), actions).hasSize(1);
        return found.getFirst();
    }
}
