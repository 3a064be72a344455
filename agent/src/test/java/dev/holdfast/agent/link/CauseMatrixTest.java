// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.route.Delay;
import dev.holdfast.agent.route.ProbeResult;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.RouteConfig;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.ServerMessage;
import dev.holdfast.opamp.Wire;
import dev.holdfast.opamp.WireException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every cause, wherever it strikes: it ends attached once the fault is gone, and no attempt comes sooner than due. */
class CauseMatrixTest {

    private static final URI SERVER = URI.create("ws://server.example");
    private static final Duration OUTAGE = Duration.ofMinutes(20);
    private static final Duration ASKED = Duration.ofSeconds(25);

    /** Where a fault strikes. */
    enum Place {
        DIALING,
        REJOINING,
        ATTACHED,
        POLLING
    }

    private final VirtualTime time = new VirtualTime();
    private final List<Delay> delays = new ArrayList<>();
    private final List<Long> attempts = new ArrayList<>();

    /** What is wrong, or null. */
    private @Nullable Failure fault;

    /** Whether nothing is answered while there is a fault, so that the link itself has to notice. */
    private boolean silent;

    private Place place = Place.DIALING;

    static Stream<Arguments> everyCauseEverywhere() {
        return Stream.of(Cause.values())
                .flatMap(cause -> Stream.of(Place.values()).map(at -> Arguments.of(cause, at)));
    }

    @ParameterizedTest
    @MethodSource("everyCauseEverywhere")
    void itEndsAttachedOnceTheFaultIsGone(Cause cause, Place at) {
        play(cause, at);
    }

    @ParameterizedTest
    @EnumSource
    void itEndsAttachedOnceTheSilenceIsOver(Place at) {
        silent = true;
        play(Cause.TIMEOUT, at);
    }

    private void play(Cause cause, Place at) {
        place = at;
        Link link = link(at == Place.POLLING ? Way.POLLING : null);
        link.start();
        time.advance(Duration.ofSeconds(45));
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);

        boolean asks = cause == Cause.OVERLOAD || cause == Cause.DRAIN;
        fault = new Failure(cause, asks ? ASKED : null, "the fault");
        attempts.clear();
        open.forEach(Peer::strike);
        time.advance(OUTAGE);
        assertThat(link.phase()).isNotEqualTo(LinkPhase.ATTACHED);
        assertThat(delays).extracting(delay -> delay.failure().cause()).contains(cause);
        assertLadder(cause, at);

        fault = null;
        time.advance(back(cause, at));
        assertThat(link.phase()).as("back within %s", back(cause, at)).isEqualTo(LinkPhase.ATTACHED);
    }

    /** No two attempts closer than the ladder has it, and not so few that the fault's end would go unnoticed. */
    private void assertLadder(Cause cause, Place at) {
        Duration least = switch (cause) {
            case OVERLOAD, DRAIN -> ASKED;
            default -> Duration.ofMillis(375);
        };
        for (int i = 1; i < attempts.size(); i++) {
            assertThat(Duration.ofNanos(attempts.get(i) - attempts.get(i - 1)))
                    .as("from attempt %s to the next", i)
                    .isGreaterThanOrEqualTo(least);
        }
        // The link's ladder has some 80 steps in 20 min, a check-in's some 40, and a server's own word 32 to 48.
        assertThat(attempts).hasSizeBetween(25, 110);
        Delay last = delays.getLast();
        switch (cause) {
            case REJECTED ->
                assertThat(delays)
                        .filteredOn(delay -> delay.source() == Delay.Source.REJECTED)
                        .isNotEmpty()
                        .allSatisfy(delay ->
                                assertThat(delay.delay()).isBetween(Duration.ofSeconds(200), Duration.ofSeconds(375)));
            // A check-in's own ladder may ask for more than the server does.
            case OVERLOAD, DRAIN ->
                assertThat(delays)
                        .filteredOn(delay -> delay.source() == Delay.Source.SERVER)
                        .isNotEmpty();
            default -> assertThat(last.source()).isEqualTo(Delay.Source.BACKOFF);
        }
        assertThat(last.attempt()).as("%s at %s", cause, at).isGreaterThan(2);
    }

    private static Duration back(Cause cause, Place at) {
        if (cause == Cause.REJECTED) {
            return Duration.ofSeconds(376);
        }
        return at == Place.POLLING ? Duration.ofSeconds(101) : Duration.ofSeconds(40);
    }

    private Link link(@Nullable Way only) {
        SplittableRandom chance = new SplittableRandom(3);
        LinkConfig config = LinkConfig.of(SERVER);
        RouteConfig route = config.route().with(new RouteConfig.Servers(List.of(SERVER), true, only));
        LinkListener ear = new LinkListener() {
            @Override
            public void waits(Delay delay) {
                delays.add(delay);
            }
        };
        return new Link(
                config.with(route), TestAgent.state(time, chance), "cafe", ear, time, chance, new FaultyTransport());
    }

    private final List<Peer> open = new ArrayList<>();

    private final class FaultyTransport implements Transport {

        @Override
        public Connection dial(Route.Leg leg, Map<String, String> headers, Events events) {
            attempts.add(time.nanoTime());
            Peer peer = new Peer(leg.way(), events);
            if (leg.probe()) {
                peer.soon(peer::probed);
            } else {
                peer.soon(peer::dialled);
            }
            return peer;
        }

        @Override
        public void close() {
            open.clear();
        }
    }

    private final class Peer implements Transport.Connection {

        private final Way way;
        private final Transport.Events events;
        private boolean gone;

        Peer(Way way, Transport.Events events) {
            this.way = way;
            this.events = events;
        }

        void soon(Runnable what) {
            time.schedule(Duration.ofMillis(2), () -> {
                if (!gone && (fault == null || !silent)) {
                    what.run();
                }
            });
        }

        void strike() {
            soon(() -> events.failed(fault == null ? Failure.of(Cause.NETWORK, "too late") : fault));
        }

        /** What refuses the agent, and not everybody, tells its health all the same. */
        private void probed() {
            Failure wrong = fault;
            if (wrong == null || place == Place.REJOINING) {
                events.probed(ProbeResult.WELL);
                return;
            }
            switch (wrong.cause()) {
                case AUTH, REJECTED, PROTOCOL -> events.probed(ProbeResult.WELL);
                default -> events.failed(wrong);
            }
        }

        private void dialled() {
            Failure wrong = fault;
            if (wrong == null || place == Place.REJOINING || (way == Way.POLLING && isHttp(wrong))) {
                open.add(this);
                events.opened();
            } else if (isHttp(wrong)) {
                events.blocked(wrong);
            } else {
                events.failed(wrong);
            }
        }

        private static boolean isHttp(Failure wrong) {
            return switch (wrong.cause()) {
                case AUTH, REJECTED, PROTOCOL, SERVER, OVERLOAD, DRAIN -> true;
                case NETWORK, TIMEOUT, TLS, LOCAL -> false;
            };
        }

        @Override
        public void proceed() {
            soon(this::dialled);
        }

        @Override
        public CompletionStage<?> transmit(ByteBuffer frame) {
            soon(() -> {
                if (fault != null) {
                    strike();
                } else {
                    answer(frame);
                }
            });
            return CompletableFuture.completedStage(null);
        }

        private void answer(ByteBuffer frame) {
            try {
                events.received(Wire.frame(
                        ServerMessage.answer(Wire.readAgentFrame(frame).uid())));
            } catch (WireException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public CompletionStage<?> ping() {
            soon(events::pong);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<?> close() {
            return CompletableFuture.completedStage(null);
        }

        @Override
        public void abort() {
            gone = true;
            open.remove(this);
        }
    }
}
