// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.route.Route.Leg;
import dev.holdfast.agent.route.Route.Reach;
import dev.holdfast.core.breaker.CircuitBreaker;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RouteTest {

    private static final URI FIRST = URI.create("ws://a.example/v1/opamp");
    private static final URI SECOND = URI.create("ws://b.example/v1/opamp");
    private static final URI THIRD = URI.create("ws://c.example/v1/opamp");
    private static final Failure REFUSED = Failure.of(Cause.NETWORK, "refused");
    private static final Failure REJECTED = Failure.of(Cause.REJECTED, "403");
    private static final Failure SILENT = Failure.of(Cause.TIMEOUT, "a probe not answered within 5s");
    private static final Duration PROBE = RouteConfig.Probing.DEFAULT.timeout();

    /** Near the end of what a long holds, so that every test also sees monotonic time wrap around. */
    private long now = Long.MAX_VALUE - Duration.ofSeconds(9).toNanos();

    private Route route = route(RouteConfig.of(FIRST));

    @Test
    void theFastStartIsDialledAndWhatComesAfterItIsAskedForItsHealthFirst() {
        assertThat(begin().probe()).isFalse();
        for (int attempt = 1; attempt <= 8; attempt++) {
            Delay delay = route.failed(REFUSED, Reach.NOTHING, now);
            assertThat(begin().probe()).as("after attempt %s", attempt).isEqualTo(attempt > 3);
            if (attempt > 3) {
                assertThat(delay.delay()).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            }
        }
    }

    @Test
    void aServerThatIsWellIsDialledOnTheSameConnectionAndOneThatDoesNotSayTooIfItIsNews() {
        failTimes(5);
        assertThat(begin().probe()).isTrue();
        assertThat(route.probed(ProbeResult.WELL, now)).isTrue();
        assertThat(route.attached(now)).isEqualTo(Route.Came.BACKOFF);

        route = route(RouteConfig.of(FIRST));
        failTimes(5);
        begin();
        assertThat(route.probed(ProbeResult.UNKNOWN, now)).isTrue();
        route.failed(Failure.of(Cause.SERVER, "502"), Reach.ANSWER, now);
        assertThat(begin().probe()).as("it has no word for its health").isFalse();
    }

    @Test
    void tenFailuresInFiveMinutesOpenTheBreakerAndAGoodProbeClosesTheGapAtOnce() {
        Delay last = failTimes(10);
        assertThat(last.breaker()).isEqualTo(CircuitBreaker.State.OPEN);
        // It goes on asking at the ladder's pace, long before the open time is over.
        assertThat(last.delay()).isLessThan(Duration.ofSeconds(19));
        assertThat(begin().probe()).isTrue();
        route.failed(REFUSED, Reach.PROBE, now);
        assertThat(begin().probe()).isTrue();
        assertThat(route.probed(ProbeResult.WELL, now)).isTrue();
        assertThat(route.attached(now)).isEqualTo(Route.Came.PROBE);
    }

    @Test
    void anOpenBreakerKeepsDialsFromAServerThatDoesNotSayHowItIs() {
        RouteConfig config = RouteConfig.of(FIRST);
        route = route(config.with(new RouteConfig.Probing(false, Duration.ofSeconds(5))));
        Delay last = failTimes(10);
        assertThat(last.source()).isEqualTo(Delay.Source.BREAKER);
        assertThat(last.delay()).isBetween(Duration.ofSeconds(54), Duration.ofSeconds(66));
        assertThat(begin().probe()).isFalse();
        assertThat(route.failed(REFUSED, Reach.NOTHING, now).delay())
                .as("the trial failed")
                .isBetween(Duration.ofSeconds(54), Duration.ofSeconds(66));
    }

    @Test
    void withoutABreakerItDialsAtTheLaddersPaceForEver() {
        RouteConfig.Schedule usual = RouteConfig.Schedule.DEFAULT;
        route = route(RouteConfig.of(FIRST)
                .with(new RouteConfig.Schedule(
                        usual.backoff(), usual.rejected(), null, usual.stableAfter(), usual.maxRetryAfter())));
        Delay last = failTimes(100);
        assertThat(last.breaker()).isEqualTo(CircuitBreaker.State.DISABLED);
        begin();
        assertThat(route.probed(ProbeResult.UNKNOWN, now)).isTrue();
        route.attached(now);
        route.stable(now);
        assertThat(failTimes(100).breaker()).isEqualTo(CircuitBreaker.State.DISABLED);
    }

    @Test
    void whatTheServerAsksForIsKeptByProbesToo() {
        begin();
        Delay delay = route.failed(new Failure(Cause.OVERLOAD, Duration.ofSeconds(40), "503"), Reach.ANSWER, now);
        assertThat(delay.source()).isEqualTo(Delay.Source.SERVER);
        assertThat(delay.delay()).isBetween(Duration.ofSeconds(40), Duration.ofSeconds(60));
        assertThat(delay.way())
                .as("503 is about the server, not about WebSockets")
                .isEqualTo(Way.WEBSOCKET);
        assertThat(route.begin(now + Duration.ofSeconds(39).toNanos())).isEmpty();
    }

    @Test
    void theDelayCountsFromWhereAProbeBeganSoThatSilenceIsAskedAsOftenAsARefusal() {
        failTimes(3);
        for (int attempt = 4; attempt <= 40; attempt++) {
            begin();
            long begun = now;
            boolean probe = attempt > 4;
            now += probe ? PROBE.toNanos() : 0;
            Delay delay = route.failed(SILENT, probe ? Reach.PROBE : Reach.NOTHING, now);
            assertThat(route.resumeAt())
                    .as("as it is told")
                    .isEqualTo(now + delay.delay().toNanos());
            Duration drawn = Duration.ofNanos(route.resumeAt() - begun);
            if (attempt >= 8) {
                assertThat(drawn).isBetween(Duration.ofMillis(11_250), Duration.ofMillis(18_750));
            }
        }
    }

    @Test
    void aDelayThatIsShorterThanTheProbeIsHalvedAtMostSoThatItsJitterStays() {
        failTimes(4);
        Set<Duration> delays = IntStream.range(0, 100)
                .mapToObj(seed -> {
                    route = new Route(RouteConfig.of(FIRST), new SplittableRandom(seed));
                    failTimes(4);
                    assertThat(begin().probe()).isTrue();
                    now += PROBE.toNanos();
                    return route.failed(SILENT, Reach.PROBE, now).delay();
                })
                .collect(Collectors.toSet());
        assertThat(delays)
                .hasSize(100)
                .allSatisfy(delay -> assertThat(delay).isBetween(Duration.ofMillis(750), Duration.ofMillis(1_250)));
    }

    @Test
    void whatAServerAsksForCountsFromItsWordHoweverLongTheProbeTook() {
        failTimes(8);
        assertThat(begin().probe()).isTrue();
        now += PROBE.toNanos();
        Duration asked = Duration.ofSeconds(20);
        Delay delay = route.failed(new Failure(Cause.OVERLOAD, asked, "503"), Reach.PROBE, now);
        assertThat(delay.delay()).isGreaterThanOrEqualTo(asked);
    }

    @Test
    void aDialThatTookLongIsNotDeductedFromTheDelay() {
        route = route(RouteConfig.of(FIRST).with(new RouteConfig.Probing(false, PROBE)));
        failTimes(8);
        assertThat(begin().probe()).isFalse();
        now += Duration.ofSeconds(10).toNanos();
        assertThat(route.failed(SILENT, Reach.NOTHING, now).delay()).isGreaterThan(Duration.ofSeconds(11));
    }

    @Test
    void aDrainIsWaitedForToTheMomentThatWasGiven() {
        begin();
        route.attached(now);
        Duration slot = Duration.ofMillis(12_345);
        Delay delay = route.failed(new Failure(Cause.DRAIN, slot, "draining"), Reach.WORD, now);
        assertThat(delay.delay()).isEqualTo(slot);
        assertThat(delay.source()).isEqualTo(Delay.Source.SERVER);
    }

    @Test
    void oneThatWillNotHaveTheAgentIsLeftAloneForFiveMinutesAlthoughItIsWell() {
        route = route(only(Way.WEBSOCKET));
        begin();
        Delay delay = route.failed(REJECTED, Reach.ANSWER, now);
        assertThat(delay.source()).isEqualTo(Delay.Source.REJECTED);
        assertThat(delay.delay()).isBetween(Duration.ofSeconds(225), Duration.ofSeconds(375));
        long dialAt = now + delay.delay().toNanos();
        int probes = 0;
        for (Leg leg = begin(); leg.probe() && now - dialAt < 0; leg = begin()) {
            assertThat(route.probed(ProbeResult.WELL, now)).as("no news").isFalse();
            probes++;
        }
        assertThat(now - dialAt).isGreaterThanOrEqualTo(0);
        assertThat(probes).as("at the ladder's pace").isBetween(15, 40);
    }

    @Test
    void aRejectionIsCutShortByAServerThatIsWellAgain() {
        route = route(only(Way.WEBSOCKET));
        begin();
        route.failed(REJECTED, Reach.ANSWER, now);
        begin();
        route.failed(REFUSED, Reach.PROBE, now);
        assertThat(begin().probe()).isTrue();
        assertThat(route.probed(ProbeResult.WELL, now)).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"REJECTED", "PROTOCOL"})
    void whereAnUpgradeIsAnsweredWithSomethingElseItPollsAtOnceAndTriesAWebSocketLater(Cause cause) {
        begin();
        Delay delay = route.failed(Failure.of(cause, "no upgrade"), Reach.ANSWER, now);
        assertThat(delay.way()).isEqualTo(Way.POLLING);
        assertThat(delay.delay()).isBetween(Duration.ofMillis(375), Duration.ofMillis(625));
        assertThat(begin().way()).isEqualTo(Way.POLLING);
        route.attached(now);
        long attachedAt = now;
        route.stable(now);
        long again = Objects.requireNonNull(route.websocketAt());
        assertThat(Duration.ofNanos(again - attachedAt)).isBetween(Duration.ofSeconds(299), Duration.ofSeconds(375));
        assertThat(route.isWebsocketDue(again - 1)).isFalse();
        assertThat(route.isWebsocketDue(again)).isTrue();
        route.leave();
        now = again;
        assertThat(begin().way()).isEqualTo(Way.WEBSOCKET);
        assertThat(route.attached(now)).isEqualTo(Route.Came.RETURN);
        assertThat(route.websocketAt()).isNull();
    }

    @Test
    void threeWebSocketsThatAreCutWhileTheServerIsThereMakeItPoll() {
        begin();
        assertThat(route.failed(REFUSED, Reach.PORT, now).way()).isEqualTo(Way.WEBSOCKET);
        begin();
        assertThat(route.failed(REFUSED, Reach.PORT, now).way()).isEqualTo(Way.WEBSOCKET);
        begin();
        assertThat(route.failed(REFUSED, Reach.PORT, now).way()).isEqualTo(Way.POLLING);
    }

    @Test
    void aServerThatIsNotThereSaysNothingAboutWebSockets() {
        for (int i = 0; i < 50; i++) {
            begin();
            Reach reach = i % 3 == 0 ? Reach.NOTHING : Reach.PORT;
            assertThat(route.failed(REFUSED, reach, now).way()).isEqualTo(Way.WEBSOCKET);
        }
    }

    @Test
    void pollsThatFailTooAreAMistakeAndTheLadderGoesOn() {
        begin();
        route.failed(REJECTED, Reach.ANSWER, now);
        for (int poll = 0; poll < 2; poll++) {
            begin();
            assertThat(route.failed(REFUSED, Reach.NOTHING, now).way()).isEqualTo(Way.POLLING);
        }
        begin();
        Delay delay = route.failed(REFUSED, Reach.NOTHING, now);
        assertThat(delay.way()).isEqualTo(Way.WEBSOCKET);
        assertThat(delay.attempt()).isEqualTo(4);
        assertThat(delay.delay()).isGreaterThan(Duration.ofMillis(999));
    }

    @Test
    void oneThatIsToldToPollClimbsTheCheckInsLadderInRoundsOfFive() {
        RouteConfig config = only(Way.POLLING);
        RouteConfig.Polling usual = config.polling();
        route = route(config.with(new RouteConfig.Polling(
                usual.fastInterval(), usual.interval(), usual.backoff(), 5, null, usual.websocketRetry())));
        for (long seconds : new long[] {5, 10, 20, 40, 80, 5, 10, 20, 40, 80, 5}) {
            assertThat(begin().way()).isEqualTo(Way.POLLING);
            assertThat(route.failed(REFUSED, Reach.NOTHING, now).delay())
                    .isBetween(Duration.ofMillis(seconds * 750), Duration.ofMillis(seconds * 1250));
        }
    }

    @Test
    void theCheckInsBreakerOpensAtTheThirdFailureAndIsProbedThrough() {
        route = route(only(Way.POLLING));
        Delay delay = failTimes(3);
        assertThat(delay.breaker()).isEqualTo(CircuitBreaker.State.OPEN);
        assertThat(begin().probe()).isTrue();
        assertThat(route.probed(ProbeResult.WELL, now)).isTrue();
        assertThat(route.way()).isEqualTo(Way.POLLING);
    }

    @Test
    void eachAgentHasAnOrderOfItsOwn() {
        Set<URI> first = IntStream.range(0, 100)
                .mapToObj(seed -> new Route(RouteConfig.of(FIRST, SECOND, THIRD), new SplittableRandom(seed)).server())
                .collect(Collectors.toSet());
        assertThat(first).containsExactlyInAnyOrder(FIRST, SECOND, THIRD);
    }

    @Test
    void aServersWordIsForItAloneAndTheOthersAreDialledMeanwhile() {
        route = route(inOrder(FIRST, SECOND));
        assertThat(begin().server()).isEqualTo(FIRST);
        route.failed(new Failure(Cause.OVERLOAD, Duration.ofMinutes(10), "503"), Reach.ANSWER, now);
        List<URI> dialled = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            dialled.add(begin().server());
            route.failed(REFUSED, Reach.NOTHING, now);
        }
        assertThat(dialled).containsOnly(SECOND);
    }

    @Test
    void eachServerHasABreakerOfItsOwn() {
        route = route(inOrder(FIRST, SECOND).with(new RouteConfig.Probing(false, Duration.ofSeconds(5))));
        int ofFirst = 0;
        for (int i = 0; i < 60; i++) {
            Leg leg = begin();
            ofFirst += leg.server().equals(FIRST) ? 1 : 0;
            // The second one takes the agent every now and then, and so keeps its breaker closed.
            if (leg.server().equals(SECOND)) {
                route.attached(now);
                route.stable(now);
            }
            route.failed(REFUSED, Reach.WORD, now);
        }
        assertThat(ofFirst).as("ten, and a trial a minute at most").isLessThanOrEqualTo(12);
    }

    @Test
    void itReturnsToThePreferredServerOnlyOnceThatIsStable() {
        route = route(inOrder(FIRST, SECOND));
        begin();
        route.failed(REFUSED, Reach.NOTHING, now);
        assertThat(begin().server()).isEqualTo(SECOND);
        route.attached(now);
        assertThat(route.lookAt()).as("not before the link is stable").isNull();
        route.stable(now);
        for (boolean well : new boolean[] {true, false, true}) {
            pass(Objects.requireNonNull(route.lookAt()));
            assertThat(route.isLookDue(now)).isTrue();
            assertThat(route.isLookDue(now)).as("once").isFalse();
            assertThat(route.looked(well, now)).as("twice in a row").isFalse();
        }
        pass(Objects.requireNonNull(route.lookAt()));
        assertThat(route.looked(true, now)).isTrue();
        route.leave();
        assertThat(begin().server()).isEqualTo(FIRST);
        assertThat(route.attached(now)).isEqualTo(Route.Came.RETURN);
    }

    @Test
    void afterSleepItDialsSoonWhateverItWaitedFor() {
        begin();
        route.failed(Failure.of(Cause.REJECTED, "403"), Reach.WORD, now);
        route.suspended(Duration.ofHours(2), now);
        assertThat(Duration.ofNanos(route.resumeAt() - now)).isBetween(Duration.ofMillis(375), Duration.ofMillis(625));
        assertThat(begin().probe()).isFalse();
        assertThat(route.attached(now)).isEqualTo(Route.Came.RESUME);
    }

    @Test
    void sleepCountsTowardsWhatTheServerAskedFor() {
        begin();
        route.failed(new Failure(Cause.OVERLOAD, Duration.ofSeconds(60), "503"), Reach.ANSWER, now);
        route.suspended(Duration.ofSeconds(20), now);
        assertThat(Duration.ofNanos(route.resumeAt() - now)).isBetween(Duration.ofSeconds(40), Duration.ofSeconds(60));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20261129})
    void whateverHappensAttemptsKeepTheirDistanceAndThereIsAlwaysANext(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        route = new Route(RouteConfig.of(FIRST, SECOND, THIRD), chance);
        Failure[] failures = {
            REFUSED,
            REJECTED,
            Failure.of(Cause.SERVER, "502"),
            Failure.of(Cause.PROTOCOL, "200"),
            Failure.of(Cause.AUTH, "401"),
            Failure.of(Cause.LOCAL, "no route"),
            Failure.of(Cause.TLS, "expired"),
            SILENT,
            new Failure(Cause.OVERLOAD, Duration.ofSeconds(7), "503"),
            new Failure(Cause.DRAIN, Duration.ofSeconds(3), "")
        };
        long last = now - Duration.ofHours(1).toNanos();
        boolean probedLast = false;
        for (int attempt = 0; attempt < 20_000; attempt++) {
            Leg leg = begin();
            String run = "seed " + seed + ", attempt " + attempt;
            assertThat(Duration.ofNanos(now - last)).as(run).isGreaterThanOrEqualTo(Duration.ofMillis(375));
            if (leg.probe() && probedLast) {
                assertThat(Duration.ofNanos(now - last)).as(run).isGreaterThanOrEqualTo(Setbacks.PROBE_INTERVAL);
            }
            assertThat(Duration.ofNanos(now - last)).as(run).isLessThan(Duration.ofHours(2));
            last = now;
            probedLast = leg.probe();
            now += chance.nextLong(PROBE.toNanos());
            boolean goesOn = !leg.probe() || route.probed(pick(chance, ProbeResult.values()), now);
            if (goesOn) {
                if (chance.nextInt(10) == 0) {
                    route.attached(now);
                    if (chance.nextBoolean()) {
                        route.stable(now);
                    }
                }
                route.failed(pick(chance, failures), pick(chance, Reach.values()), now);
            }
        }
    }

    private static <T> T pick(SplittableRandom chance, T[] from) {
        return from[chance.nextInt(from.length)];
    }

    /** The next attempt, at the time that it is due. */
    private Leg begin() {
        pass(route.resumeAt());
        while (true) {
            var leg = route.begin(now);
            if (leg.isPresent()) {
                return leg.get();
            }
            pass(route.resumeAt());
        }
    }

    private Delay failTimes(int times) {
        List<Delay> delays = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            Leg leg = begin();
            delays.add(route.failed(REFUSED, leg.probe() ? Reach.PROBE : Reach.NOTHING, now));
            pass(route.resumeAt());
        }
        return delays.getLast();
    }

    private void pass(long until) {
        if (until - now > 0) {
            now = until;
        }
    }

    private static Route route(RouteConfig config) {
        return new Route(config, new SplittableRandom(1));
    }

    private static RouteConfig inOrder(URI... servers) {
        return RouteConfig.of(servers).with(new RouteConfig.Servers(List.of(servers), false, null));
    }

    private static RouteConfig only(Way way) {
        return RouteConfig.of(FIRST).with(new RouteConfig.Servers(List.of(FIRST), true, way));
    }
}
