// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.agent.link.SimulatedServer.Condition;
import dev.holdfast.agent.route.Delay;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.AgentSession;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole outages in virtual time: the shipped link against a simulated server, on the test's own thread. */
class LinkTest {

    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration HOUR = Duration.ofHours(1);

    private final VirtualTime time = new VirtualTime();
    private final SimulatedServer server = new SimulatedServer(time);
    private final List<String> heard = new ArrayList<>();
    private final List<Delay> delays = new ArrayList<>();
    private final List<Recovery> recoveries = new ArrayList<>();
    private final Link link = link(7);
    private @Nullable RuntimeException thrown;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 30, 40, 120, 600, 7200})
    void afterAnOutageTheLinkIsBackNoLaterThanTheDelayItWasInAndOneSecond(int outageSeconds) {
        attach();
        server.crash();
        time.advance(Duration.ofSeconds(outageSeconds));
        assertThat(link.phase()).isEqualTo(LinkPhase.WAITING);
        Duration inDelay = delays.getLast().delay();
        server.be(Condition.UP);
        time.advance(inDelay.plus(SECOND));

        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
        assertThat(server.registrations).isEqualTo(1);
        assertThat(server.rejoins).isEqualTo(1);
        assertThat(heard).containsExactly("attached", "registered", "lost NETWORK", "attached", "rejoined");
        assertThat(inDelay).isLessThanOrEqualTo(Duration.ofMillis(18_750));
    }

    @Test
    void aServerThatForgotEverythingCostsOneRegistration() {
        attach();
        server.crash();
        server.forget();
        server.be(Condition.UP);
        time.advance(SECOND);
        assertThat(server.registrations).isEqualTo(2);
        assertThat(server.rejoins).isZero();
        assertThat(heard).endsWith("attached", "registered");
    }

    @Test
    void aServerThatFreezesIsNoticedWithinThreeHeartbeatsAndReturnedTo() {
        attach();
        time.advance(Duration.ofSeconds(61));
        server.be(Condition.FROZEN);
        time.advance(Duration.ofSeconds(15));
        assertThat(heard).endsWith("lost TIMEOUT");
        server.be(Condition.UP);
        time.advance(Duration.ofSeconds(20));
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
        assertThat(server.connections()).isEqualTo(1);
    }

    @Test
    void aQuietDayKeepsOneConnectionAndHeartbeats() {
        attach();
        time.advance(Duration.ofDays(1));
        assertThat(server.dials).isEqualTo(1);
        assertThat(heard).containsExactly("attached", "registered");
    }

    @Test
    void aServerThatTakesAndDropsForTenMinutesIsNotHammered() {
        link.start();
        for (int drop = 0; drop < 6_000; drop++) {
            time.advance(Duration.ofMillis(100));
            server.crash();
            server.be(Condition.UP);
        }
        assertThat(server.dials).isBetween(30, 70);
    }

    @Test
    void whatIsSentWhileTheLinkIsDownIsNotTakenAndWhatIsSentAfterArrives() {
        CustomMessage record = CustomMessage.ofText(Capabilities.OUTBOX, "record", "{}");
        CompletionStage<Boolean> early = link.send(record);
        time.advance(SECOND);
        assertThat(early).isCompletedWithValue(false);
        attach();
        CompletionStage<Boolean> sent = link.send(record);
        time.advance(SECOND);
        assertThat(sent).isCompletedWithValue(true);
        assertThat(server.records).containsExactly(record);
    }

    @Test
    void whereUpgradesAreRefusedItPollsAndTakesAWebSocketOnceTheyPass() {
        server.be(Condition.WITHOUT_UPGRADES);
        attach();
        assertThat(recoveries).extracting(Recovery::way).containsExactly(Way.POLLING);
        assertThat(server.registrations).isEqualTo(1);
        time.advance(Duration.ofMinutes(30));
        assertThat(link.phase())
                .as("a WebSocket is tried in vain, and polls go on")
                .isEqualTo(LinkPhase.ATTACHED);
        assertThat(recoveries)
                .extracting(Recovery::way)
                .containsOnly(Way.POLLING)
                .hasSizeBetween(5, 8);

        server.be(Condition.UP);
        time.advance(Duration.ofMinutes(7));
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
        assertThat(recoveries.getLast().way()).isEqualTo(Way.WEBSOCKET);
        assertThat(recoveries.getLast().by()).isEqualTo(Route.Came.RETURN);
        assertThat(server.registrations).as("all others are rejoins").isEqualTo(1);
    }

    @Test
    void pollsBecomeRareWhenThereIsNothingToDoAndFrequentWhenThereIs() {
        server.be(Condition.WITHOUT_UPGRADES);
        attach();
        time.advance(Duration.ofMinutes(3));
        server.arrivals.clear();
        time.advance(Duration.ofSeconds(61));
        assertThat(server.arrivals).as("polls a minute").hasSizeBetween(2, 3);

        link.send(CustomMessage.ofText(Capabilities.OUTBOX, "record", "{}"));
        server.arrivals.clear();
        time.advance(Duration.ofSeconds(31));
        assertThat(server.arrivals).as("the record, and the polls after it").hasSizeBetween(3, 5);
    }

    @Test
    void anAttachedAgentWhoseMachineSleptSaysAtOnceThatItIsThere() {
        LinkConfig config = LinkConfig.of(URI.create("ws://server.example"));
        Link rare =
                link(7, config.with(new AgentSession.Timing(SECOND.multipliedBy(5), SECOND.multipliedBy(30), HOUR, 2)));
        rare.start();
        time.advance(SECOND.multipliedBy(65));
        server.arrivals.clear();
        time.advance(SECOND.multipliedBy(10));
        assertThat(server.arrivals).as("heartbeats are an hour apart").isEmpty();
        time.shiftWallClock(Duration.ofHours(8));
        time.advance(SECOND.multipliedBy(10));
        assertThat(server.arrivals).hasSize(1);
        assertThat(server.dials).as("a sleep is no loss").isEqualTo(1);
    }

    @Test
    void oneThatWaitsDialsSoonAfterItsMachineSlept() {
        attach();
        server.crash();
        time.advance(Duration.ofMinutes(5));
        server.be(Condition.UP);
        server.refusal = () -> Map.of("Retry-After", "3000");
        server.be(Condition.REFUSING);
        time.advance(Duration.ofSeconds(40));
        server.be(Condition.UP);
        time.advance(Duration.ofSeconds(40));
        assertThat(link.phase()).as("as it was told").isEqualTo(LinkPhase.WAITING);

        time.shiftWallClock(Duration.ofHours(1));
        time.advance(Duration.ofSeconds(12));
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
        assertThat(recoveries.getLast().by()).isEqualTo(Route.Came.RESUME);
    }

    @Test
    void whatBroughtItBackIsToldWithHowLongItWasGone() {
        attach();
        time.advance(Duration.ofSeconds(40));
        server.crash();
        time.advance(Duration.ofSeconds(100));
        server.be(Condition.UP);
        time.advance(Duration.ofSeconds(20));
        Recovery recovery = recoveries.getLast();
        assertThat(recovery.down()).isBetween(Duration.ofSeconds(100), Duration.ofSeconds(120));
        assertThat(recovery.failures()).isBetween(9, 14);
        assertThat(recovery.by()).isEqualTo(Route.Came.PROBE);
        assertThat(server.probes).as("none during the fast start").isBetween(6, 12);
    }

    @Test
    void aListenerThatThrowsDoesNotStopTheLink() {
        attach();
        thrown = new IllegalStateException("a listener's own fault");
        server.crash();
        server.be(Condition.UP);
        assertThatThrownBy(() -> time.advance(SECOND)).isSameAs(thrown);
        assertThat(link.phase()).isEqualTo(LinkPhase.WAITING);
        thrown = null;
        time.advance(SECOND);
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
    }

    @Test
    void aTransportThatThrowsIsAnAttemptThatFailed() {
        server.dialFailure = new OutOfMemoryError("unable to create native thread");
        link.start();
        time.advance(SECOND);
        assertThat(delays).isNotEmpty();
        server.dialFailure = null;
        time.advance(SECOND);
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
    }

    @Test
    void aStopSaysGoodbyeAndEndsAtOnce() {
        attach();
        CompletionStage<Void> stopped = link.stop();
        time.advance(Duration.ofMillis(100));
        assertThat(stopped).isCompleted();
        assertThat(server.goodbyes).isEqualTo(1);
        assertThat(server.connections()).isZero();
        time.advance(Duration.ofHours(1));
        assertThat(server.dials).isEqualTo(1);
    }

    @Test
    void aStopWithAFrozenServerTakesTwoSeconds() {
        attach();
        server.be(Condition.FROZEN);
        CompletionStage<Void> stopped = link.stop();
        time.advance(Duration.ofMillis(1_900));
        assertThat(stopped.toCompletableFuture()).isNotDone();
        time.advance(Duration.ofMillis(100));
        assertThat(stopped).isCompleted();
    }

    private void attach() {
        link.start();
        time.advance(SECOND);
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
    }

    private Link link(long seed) {
        return link(seed, LinkConfig.of(URI.create("ws://server.example")));
    }

    private Link link(long seed, LinkConfig config) {
        SplittableRandom chance = new SplittableRandom(seed);
        AgentState self = TestAgent.state(time, chance);
        return new Link(config, self, "cafe", new Ear(), time, chance, server);
    }

    private final class Ear implements LinkListener {

        @Override
        public void attached(URI server) {
            heard.add("attached");
        }

        @Override
        public void recovered(Recovery recovery) {
            recoveries.add(recovery);
        }

        @Override
        public void rejoined() {
            heard.add("rejoined");
        }

        @Override
        public void registered() {
            heard.add("registered");
        }

        @Override
        public void lost(Failure failure) {
            heard.add("lost " + failure.cause());
            if (thrown != null) {
                throw thrown;
            }
        }

        @Override
        public void waits(Delay delay) {
            delays.add(delay);
        }
    }
}
