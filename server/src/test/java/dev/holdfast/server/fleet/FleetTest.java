// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.Health;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Value;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FleetTest {

    private static final Duration FLUSH = Duration.ofSeconds(1);

    private final VirtualTime time = new VirtualTime();
    private final FaultyStore store = new FaultyStore();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final InstanceUid uid = Records.uid(1);
    private Fleet fleet = open();

    @Test
    void aRegistrationIsDoneOnceItIsStored() throws Exception {
        CompletionStage<Void> done = fleet.register(uid, new Link(1), Records.state("h", "a"));

        assertThat(isDone(done)).isFalse();
        time.advance(Duration.ZERO);
        assertThat(isDone(done)).isTrue();
        assertThat(store.load()).singleElement().satisfies(record -> {
            assertThat(record.stateHash()).isEqualTo("a");
            assertThat(record.registrations()).isEqualTo(1);
        });
    }

    @Test
    void registrationsThatComeDuringABatchGoTogetherInTheNext() {
        List<CompletionStage<Void>> later = new ArrayList<>();
        store.duringSave = () -> {
            store.duringSave = () -> {};
            for (int i = 2; i <= 100; i++) {
                later.add(fleet.register(Records.uid(i), new Link(i), Records.state("h" + i, "a")));
            }
        };
        CompletionStage<Void> first = fleet.register(uid, new Link(1), Records.state("h1", "a"));

        time.advance(Duration.ZERO);

        assertThat(isDone(first)).isTrue();
        assertThat(later).hasSize(99).allMatch(FleetTest::isDone);
        assertThat(store.batches).extracting(List::size).containsExactly(1, 99);
    }

    @Test
    void aHerdIsSavedInBatchesOfABoundedSize() {
        List<CompletionStage<Void>> herd = new ArrayList<>();
        for (int i = 1; i <= 2 * FleetWriter.LARGEST_BATCH + 1; i++) {
            herd.add(fleet.register(Records.uid(i), new Link(i), Records.state("h", "a")));
        }

        time.advance(Duration.ZERO);

        assertThat(herd).allMatch(FleetTest::isDone);
        assertThat(store.batches)
                .extracting(List::size)
                .containsExactly(FleetWriter.LARGEST_BATCH, FleetWriter.LARGEST_BATCH, 1);
    }

    @Test
    void aHostIsCutToWhatALineBears() {
        fleet.register(uid, new Link(1), Records.state("h".repeat(99) + "🦀" + "x".repeat(9), "a"));

        AgentRecord record = fleet.agent(uid).orElseThrow();
        assertThat(record.host()).isEqualTo("h".repeat(99) + "🦀");
        assertThat(record.description().text("host.name").orElseThrow()).hasSize(110);
    }

    @Test
    void aHeartbeatWritesNothing() {
        registered(uid, new Link(1));
        store.batches.clear();

        for (int i = 0; i < 1_000; i++) {
            fleet.heard(uid);
            time.advance(Duration.ofSeconds(5));
        }

        assertThat(store.batches).isEmpty();
        assertThat(fleet.agent(uid).orElseThrow().lastSeen())
                .isEqualTo(VirtualTime.BEGINNING.plus(Duration.ofSeconds(4_995)));
    }

    @Test
    void whatWasLastSeenIsWrittenWhenTheAgentDetaches() {
        Link link = new Link(1);
        registered(uid, link);
        time.advance(Duration.ofMinutes(1));
        fleet.heard(uid);
        fleet.detach(uid, link, new Loss(Loss.Why.BROKEN, "test"));
        time.advance(FLUSH);

        assertThat(store.load()).singleElement().satisfies(record -> {
            assertThat(record.attached()).isFalse();
            assertThat(record.lastSeen()).isEqualTo(VirtualTime.BEGINNING.plus(Duration.ofMinutes(1)));
        });
    }

    @Test
    void changesOfPresenceWaitAndGoTogether() {
        for (int i = 1; i <= 50; i++) {
            registered(Records.uid(i), new Link(i));
        }
        fleet = open();
        store.batches.clear();
        for (int i = 1; i <= 50; i++) {
            assertThat(isDone(fleet.rejoin(Records.uid(i), new Link(i)))).isTrue();
            time.advance(Duration.ofMillis(10));
        }

        assertThat(store.batches).isEmpty();
        time.advance(FLUSH);
        assertThat(store.batches).extracting(List::size).containsExactly(50);
    }

    @Test
    void figuresOfAHealthAreNotWrittenButATurnForTheWorseIs() {
        registered(uid, new Link(1));
        fleet.reported(uid, Health.good());
        time.advance(FLUSH);
        store.batches.clear();

        fleet.reported(uid, new Health(true, null, "", "", VirtualTime.BEGINNING, Map.of(), Map.of()));
        time.advance(FLUSH);
        assertThat(store.batches).isEmpty();

        fleet.reported(uid, new Health(false, null, "disk full", "", null, Map.of(), Map.of()));
        time.advance(FLUSH);
        assertThat(store.batches).hasSize(1);
    }

    @Test
    void aTurnForTheWorseOfAPartIsWrittenAndItsFiguresAreNot() {
        registered(uid, new Link(1));
        fleet.reported(uid, with("disk", new Health(true, null, "", "fine", null, Map.of(), Map.of())));
        time.advance(FLUSH);
        store.batches.clear();

        Map<String, Value> figures = Map.of("used", Value.of(0.5));
        fleet.reported(uid, with("disk", new Health(true, null, "", "fine", VirtualTime.BEGINNING, Map.of(), figures)));
        time.advance(FLUSH);
        assertThat(store.batches).isEmpty();

        fleet.reported(uid, with("disk", new Health(false, null, "full", "fine", null, Map.of(), Map.of())));
        time.advance(FLUSH);
        assertThat(store.batches).hasSize(1);

        fleet.reported(uid, with("memory", new Health(false, null, "full", "fine", null, Map.of(), Map.of())));
        time.advance(FLUSH);
        assertThat(store.batches).hasSize(2);
    }

    /** Well but for what a part of a part says. */
    private static Health with(String name, Health innermost) {
        Health host = new Health(true, null, "", "", null, Map.of(name, innermost), Map.of());
        return new Health(true, null, "", "", null, Map.of("host", host), Map.of());
    }

    @Test
    void whereTheStoreBeganAnewAllAreSavedFromMemoryBeforeARegistrationIsAnswered() throws Exception {
        for (int i = 1; i <= 1_500; i++) {
            registered(Records.uid(i), new Link(i));
        }
        store.emptyAtNextSave = true;
        CompletionStage<Void> late = fleet.register(Records.uid(9_999), new Link(9_999), Records.state("h", "a"));
        assertThat(isDone(late)).isFalse();

        time.advance(Duration.ZERO);

        assertThat(isDone(late)).isTrue();
        assertThat(store.load()).hasSize(1_501);
        assertThat(meters.counter("holdfast.store.flush.failures").count()).isZero();
        assertThat(meters.get("holdfast.store.dirty").gauge().value()).isZero();
    }

    @Test
    void aStoreThatBeganAnewAndFailsThenIsGivenEverythingOnceItWorks() throws Exception {
        for (int i = 1; i <= 3; i++) {
            registered(Records.uid(i), new Link(i));
        }
        store.emptyAtNextSave = true;
        store.failingOnceEmptied = true;
        CompletionStage<Void> late = fleet.register(Records.uid(9), new Link(9), Records.state("h", "a"));
        time.advance(Duration.ZERO);
        assertThat(isDone(late)).as("no agent waits for a store that fails").isTrue();
        assertThat(store.load()).isEmpty();

        store.failing = false;
        time.advance(Duration.ofSeconds(2));
        assertThat(store.load()).hasSize(4);
    }

    @Test
    void aFailingStoreHoldsUpNoAgentAndLosesNothing() {
        store.failing = true;
        CompletionStage<Void> first = fleet.register(uid, new Link(1), Records.state("h", "a"));
        time.advance(Duration.ZERO);
        CompletionStage<Void> second = fleet.register(Records.uid(2), new Link(2), Records.state("h2", "a"));

        assertThat(isDone(first)).isTrue();
        assertThat(isDone(second)).isTrue();
        assertThat(meters.counter("holdfast.store.flush.failures").count()).isEqualTo(1);
        assertThat(meters.get("holdfast.store.dirty").gauge().value()).isEqualTo(2);

        time.advance(Duration.ofMinutes(10));
        assertThat(meters.counter("holdfast.store.flush.failures").count())
                .as("tries in 10 min, with the delays of the backoff")
                .isBetween(16.0, 32.0);
        store.failing = false;
        time.advance(Duration.ofSeconds(38));

        assertThat(store.load()).extracting(AgentRecord::uid).containsExactlyInAnyOrder(uid, Records.uid(2));
        assertThat(meters.get("holdfast.store.dirty").gauge().value()).isZero();
        assertThat(isDone(fleet.register(Records.uid(3), new Link(3), Records.state("h3", "a"))))
                .as("waits for the store again")
                .isFalse();
    }

    @Test
    void aRejoinThatFindsARegistrationStillToBeStoredWaitsForIt() {
        fleet.register(uid, new Link(1), Records.state("h", "a"));
        CompletionStage<Void> rejoin = fleet.rejoin(uid, new Link(2));

        assertThat(isDone(rejoin)).isFalse();
        time.advance(Duration.ZERO);
        assertThat(isDone(rejoin)).isTrue();
    }

    @Test
    void theSameStateOverTheSameLinkIsNoRegistration() {
        Link link = new Link(1);
        registered(uid, link);
        assertThat(isDone(fleet.register(uid, link, Records.state("h", "a")))).isTrue();
        assertThat(fleet.agent(uid).orElseThrow().registrations()).isEqualTo(1);

        fleet.register(uid, link, Records.state("h", "b"));
        assertThat(fleet.agent(uid).orElseThrow().registrations()).isEqualTo(2);
    }

    @Test
    void aClockThatIsAheadIsKnownFromOneReportAndToldOnce() {
        registered(uid, new Link(1));
        assertThat(fleet.clockOffset(uid)).isEmpty();
        fleet.reported(uid, at(null));
        assertThat(fleet.clockOffset(uid)).as("an agent that says no time").isEmpty();

        Duration decade = Duration.ofDays(3_653);
        try (LogLines log = LogLines.of(AgentClocks.class)) {
            for (int i = 0; i < 3; i++) {
                fleet.reported(uid, at(time.instant().plus(decade)));
                time.advance(Duration.ofMinutes(1));
            }
            assertThat(fleet.clockOffset(uid)).contains(decade);
            assertThat(log.lines())
                    .singleElement(STRING)
                    .startsWith("WARN agent " + uid + " (h): its clock is 3653d ahead of this host's (expected: ");

            fleet.reported(uid, at(time.instant()));
            assertThat(fleet.clockOffset(uid)).contains(Duration.ZERO);
            assertThat(log.lines()).hasSize(2).last(STRING).startsWith("INFO").contains("agrees");
        }
    }

    @Test
    void aClockThatIsBehindIsKnownFromTwoReportsSinceOneMayOnlyHaveBeenHeldUp() {
        registered(uid, new Link(1));
        Duration behind = Duration.ofHours(8).negated();
        try (LogLines log = LogLines.of(AgentClocks.class)) {
            Health old = at(time.instant().plus(behind));
            fleet.reported(uid, old);
            time.advance(Duration.ofMinutes(1));
            fleet.reported(uid, old);
            assertThat(fleet.clockOffset(uid)).as("the same report twice").isEmpty();
            fleet.reported(uid, at(time.instant()));
            assertThat(fleet.clockOffset(uid)).contains(Duration.ZERO);
            assertThat(log.lines()).isEmpty();

            for (int i = 0; i < 2; i++) {
                time.advance(Duration.ofMinutes(1));
                fleet.reported(uid, at(time.instant().plus(behind)));
            }
            assertThat(fleet.clockOffset(uid)).contains(behind);
            assertThat(log.lines()).singleElement(STRING).contains("its clock is 8h behind this host's");
        }
    }

    @Test
    void aServerWhoseClockIsSetBackGoesOnAndSaysThatTheAgentsDiffer() {
        registered(uid, new Link(1));
        time.shiftWallClock(Duration.ofDays(-3_653));
        fleet.heard(uid);
        fleet.reported(uid, at(VirtualTime.BEGINNING));

        assertThat(fleet.clockOffset(uid)).contains(Duration.ofDays(3_653));
        assertThat(fleet.agent(uid).orElseThrow().lastSeen()).isEqualTo(time.instant());
        assertThat(isDone(fleet.rejoin(uid, new Link(2)))).isTrue();
    }

    private static Health at(@Nullable Instant at) {
        return new Health(true, null, "", "", at, Map.of(), Map.of());
    }

    @Test
    void theNewestLinkWinsAndTheLateEndOfTheOtherChangesNothing() {
        Link older = new Link(1);
        Link newer = new Link(2);
        registered(uid, older);
        fleet.rejoin(uid, newer);

        assertThat(older.displaced).isTrue();
        fleet.detach(uid, older, new Loss(Loss.Why.BROKEN, "late"));
        assertThat(fleet.agent(uid).orElseThrow().attached()).isTrue();
        assertThat(meters.counter("holdfast.displaced").count()).isEqualTo(1);

        fleet.detach(uid, newer, new Loss(Loss.Why.BROKEN, "over"));
        assertThat(fleet.agent(uid).orElseThrow().attached()).isFalse();
    }

    @Test
    void twoProcessesThatKeepDisplacingEachOtherAreFoundOutAndCounted() {
        AgentProcess one = new AgentProcess(1, 1);
        AgentProcess other = new AgentProcess(2, 2);
        registered(uid, new Link(1, one));
        fleet.rejoin(uid, new Link(2, other));
        fleet.rejoin(uid, new Link(3, one));
        assertThat(fleet.turnsAway(uid, new Link(4, one))).isFalse();
        assertThat(fleet.turnsAway(uid, new Link(2, other))).as("a late one").isFalse();
        assertThat(fleet.turnsAway(uid, new Link(4, other))).isTrue();

        fleet.turnedAway(uid, new Link(4, other), Records.uid(2));
        assertThat(meters.counter("holdfast.uids.shared").count()).isEqualTo(1);
        time.advance(Rivalry.MEMORY);
        fleet.heard(uid);
        assertThat(fleet.turnsAway(uid, new Link(5, other))).isFalse();
    }

    @Test
    void aLinkOfNoKnownProcessCountsOnlyIfItAnsweredItsClose() {
        registered(uid, new Link(1));
        for (int number = 2; number < 10; number++) {
            fleet.rejoin(uid, new Link(number));
            fleet.answered(uid, new Link(number - 1, new AgentProcess(1, 1)));
        }
        assertThat(fleet.turnsAway(uid, new Link(10))).isFalse();
        for (int i = 0; i < Rivalry.MOST_ANSWERED; i++) {
            fleet.answered(uid, new Link(i));
        }
        assertThat(fleet.turnsAway(uid, new Link(10))).isTrue();
    }

    @Test
    void nobodyIsTurnedAwayWhereNobodyIsAttached() {
        AgentProcess one = new AgentProcess(1, 1);
        AgentProcess other = new AgentProcess(2, 2);
        Link last = new Link(3, one);
        registered(uid, new Link(1, one));
        fleet.rejoin(uid, new Link(2, other));
        fleet.rejoin(uid, last);
        fleet.detach(uid, last, new Loss(Loss.Why.BROKEN, "test"));
        assertThat(fleet.turnsAway(uid, new Link(4, other))).isFalse();
        assertThat(fleet.turnsAway(Records.uid(9), new Link(4, other))).isFalse();
    }

    @Test
    void anOlderLinkThatComesLateIsTheOneThatGivesWay() {
        Link older = new Link(1);
        Link newer = new Link(2);
        registered(uid, newer);
        fleet.register(uid, older, Records.state("h", "other"));

        assertThat(older.displaced).isTrue();
        assertThat(newer.displaced).isFalse();
        assertThat(fleet.agent(uid).orElseThrow().stateHash()).isEqualTo("a");
    }

    @Test
    void afterALoadAllIsKnownAndNobodyAttached() {
        registered(uid, new Link(1));
        fleet.received(uid, new AgentRecord.Status("{}", time.instant()));
        time.advance(FLUSH);
        Fleet restarted = open();

        AgentRecord record = restarted.agent(uid).orElseThrow();
        assertThat(record.attached()).isFalse();
        assertThat(record.stateHash()).isEqualTo("a");
        assertThat(record.status()).isNotNull();
    }

    @Test
    void closingWritesWhatIsLeft() {
        registered(uid, new Link(1));
        fleet.rejoin(uid, new Link(2));
        fleet.close();

        assertThat(store.load())
                .singleElement()
                .satisfies(record -> assertThat(record.rejoins()).isEqualTo(1));
    }

    private Fleet open() {
        try {
            return Fleet.open(store, time, new SplittableRandom(1), FLUSH, meters);
        } catch (FleetStoreException e) {
            throw new AssertionError(e);
        }
    }

    private void registered(InstanceUid uid, Link link) {
        fleet.register(uid, link, Records.state("h", "a"));
        time.advance(Duration.ZERO);
    }

    private static boolean isDone(CompletionStage<Void> stage) {
        return stage.toCompletableFuture().isDone();
    }

    private static final class Link implements AgentLink {

        private final long number;
        private final @Nullable AgentProcess process;
        private boolean displaced;

        Link(long number) {
            this(number, null);
        }

        Link(long number, @Nullable AgentProcess process) {
            this.number = number;
            this.process = process;
        }

        @Override
        public @Nullable AgentProcess process() {
            return process;
        }

        @Override
        public long number() {
            return number;
        }

        @Override
        public Transport transport() {
            return Transport.WEBSOCKET;
        }

        @Override
        public void displaced() {
            displaced = true;
        }
    }

    private static final class FaultyStore implements FleetStore {

        private MemoryFleetStore kept = new MemoryFleetStore();
        private final List<List<AgentRecord>> batches = new ArrayList<>();
        private Runnable duringSave = () -> {};
        private boolean failing;
        private boolean emptyAtNextSave;
        private boolean failingOnceEmptied;

        @Override
        public List<AgentRecord> load() {
            return kept.load();
        }

        @Override
        public void save(Collection<AgentRecord> records) throws FleetStoreException {
            if (failing) {
                throw new FleetStoreException("no space left on device");
            }
            if (emptyAtNextSave) {
                emptyAtNextSave = false;
                failing = failingOnceEmptied;
                kept = new MemoryFleetStore();
                throw FleetStoreException.emptied("it began anew");
            }
            batches.add(List.copyOf(records));
            kept.save(records);
            duringSave.run();
        }

        @Override
        public void close() {}
    }
}
