// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.delivery.DeliveryPolicy.AttemptLimits;
import dev.holdfast.core.delivery.DeliveryPolicy.Flight;
import dev.holdfast.core.delivery.Refusal.Why;
import dev.holdfast.core.record.LaneState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** One rule after the other. */
class DeliveryMachineTest {

    private static final DeliveryPolicy POLICY = DeliveryPolicy.DEFAULT;
    private static final DeliveryPolicy TENS = POLICY.withFlight(new Flight(1, 10, 256 * 1024, 1024 * 1024));
    private static final Duration SECOND = Duration.ofSeconds(1);

    @Test
    void eachLinkBeginsWithAResumeForEveryLane() {
        Bench bench = new Bench(POLICY);
        bench.lane("a", 3);
        bench.lane("b", 0);
        bench.up();
        assertThat(bench.all(Action.Resume.class))
                .extracting(Action.Resume::lane)
                .containsExactlyInAnyOrder("a", "b");
        assertThat(bench.all(Action.Read.class)).isEmpty();
        bench.down();
        bench.up();
        assertThat(bench.all(Action.Resume.class)).hasSize(4);
        bench.lane("c", 1);
        assertThat(bench.all(Action.Resume.class)).hasSize(5);
    }

    @Test
    void batchesFollowEachOtherAndTheFirstOpensTheStream() {
        Bench bench = Bench.flowing(TENS, 25);
        bench.taken();
        bench.taken();
        bench.taken();
        assertThat(bench.open).isEmpty();
        assertThat(bench.all(Action.Send.class)).extracting(Action.Send::opens).containsExactly(true, false, false);
        assertThat(bench.all(Action.Send.class))
                .extracting(send -> send.follows().sequence())
                .containsExactly(0L, 10L, 20L);
        assertThat(bench.lane().acknowledged).isEqualTo(bench.lane().pointUpTo(25));
    }

    @Test
    void nothingIsSentWhereNothingIs() {
        Bench bench = Bench.flowing(POLICY, 0);
        bench.did(bench.machine.waiting(Bench.LANE, 5, bench.now()));
        bench.advance(Duration.ofHours(1));
        assertThat(bench.all(Action.Read.class)).hasSize(1);
        assertThat(bench.all(Action.Send.class)).isEmpty();
        bench.append(6);
        assertThat(bench.taken().last()).isEqualTo(6);
    }

    @Test
    void theWindowHoldsAndClosesAfterAFailure() {
        Bench bench = Bench.flowing(TENS.withFlight(new Flight(3, 10, 256 * 1024, 1024 * 1024)), 100);
        assertThat(bench.open).as("until the stream is open").hasSize(1);
        bench.taken();
        assertThat(bench.open).hasSize(3);
        bench.refused(Why.STORAGE);
        bench.open.clear();
        bench.advance(SECOND);
        assertThat(bench.open).hasSize(1);
        assertThat(bench.taken().items()).as("half of what was refused").isEqualTo(5);
        while (bench.lane().acknowledged.sequence() < 20) {
            assertThat(bench.open).hasSize(1);
            bench.taken();
        }
        assertThat(bench.open).hasSize(3);
    }

    @Test
    void theWindowIsOneAsLongAsTheServerAsksForTimeBetweenBatches() {
        Bench bench = Bench.flowing(TENS.withFlight(new Flight(3, 10, 256 * 1024, 1024 * 1024)), 100);
        bench.taken();
        assertThat(bench.open).hasSize(3);
        bench.taken(Duration.ofSeconds(10));
        bench.taken(Duration.ofSeconds(10));
        bench.taken(Duration.ofSeconds(10));
        assertThat(bench.open).isEmpty();
        bench.advance(Duration.ofSeconds(13));
        assertThat(bench.open).as("no burst after a floor").hasSize(1);
        bench.taken();
        assertThat(bench.open).as("once it no longer asks").hasSize(3);
    }

    @Test
    void lanesTakeTurnsWithinTheRoomThatThereIs() {
        Bench bench = new Bench(POLICY.withFlight(new Flight(1, 1, 100, 200)));
        for (String lane : List.of("a", "b", "c")) {
            bench.lane(lane, 4);
        }
        bench.up();
        for (String lane : List.of("a", "b", "c")) {
            bench.unknown(lane);
        }
        for (int i = 0; i < 12; i++) {
            assertThat(bench.machine.inFlight()).isLessThanOrEqualTo(2);
            bench.taken();
        }
        assertThat(bench.all(Action.Send.class))
                .extracting(Action.Send::lane)
                .containsExactly("a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b", "c");
    }

    @Test
    void aLinkThatBreaksUnderLargeBatchesGetsSmallerOnesUntilTheyPass() {
        DeliveryPolicy policy = POLICY.withFlight(new Flight(1, 500, 64 * 1024, 1024 * 1024));
        Bench bench = Bench.flowing(policy, 1);
        bench.taken();
        ModelLane lane = bench.lane();
        for (int i = 0; i < 200; i++) {
            lane.append(1_000 + i, 1024);
        }
        bench.did(bench.machine.waiting(Bench.LANE, lane.last(), bench.now()));
        for (long most : List.of(64, 32, 16, 8, 8)) {
            Action.Send send = bench.all(Action.Send.class).getLast();
            assertThat(bench.batch(send).items()).isEqualTo(most);
            bench.down();
            bench.up();
            bench.resumed(1, lane.at(1).hash(), 1);
        }
        for (long most : List.of(8, 16, 32, 64)) {
            assertThat(bench.taken().items()).isEqualTo(most);
        }
    }

    @Test
    void aRecordLargerThanTheRoomGoesAlone() {
        Bench bench = new Bench(POLICY.withFlight(new Flight(1, 10, 150, 300)));
        ModelLane large = bench.lane("large", 0);
        large.append(1, 1_000);
        bench.lane("small", 1);
        bench.did(bench.machine.waiting("large", 1, bench.now()));
        bench.up();
        bench.open.removeIf(
                open -> open instanceof Action.Resume resume && resume.lane().equals("large"));
        bench.unknown("small");
        Action.Resume resume = bench.all(Action.Resume.class).getFirst();
        bench.did(bench.machine.marked(
                new Mark("large", Bench.EPOCH, resume.ask(), false, 0, 0, 0, Duration.ZERO), bench.now()));
        assertThat(bench.open).as("the small one is in flight").hasSize(1);
        bench.taken();
        assertThat(bench.taken().bytes()).isEqualTo(1_000);
    }

    @Test
    void aFloorOfAMarkIsItsLanesAndNeverCutShort() {
        Bench bench = new Bench(TENS);
        bench.lane("a", 20);
        bench.lane("b", 20);
        bench.up();
        bench.unknown("a");
        bench.unknown("b");
        bench.taken(Duration.ofSeconds(10));
        bench.taken();
        assertThat(bench.open).hasSize(1);
        bench.taken();
        bench.advance(Duration.ofMillis(9_999));
        assertThat(bench.open).isEmpty();
        bench.advance(Duration.ofMillis(2_501));
        assertThat(bench.open).hasSize(1);
    }

    @Test
    void aFloorOfAnOverloadIsForAllLanes() {
        Bench bench = new Bench(TENS);
        bench.lane("a", 20);
        bench.lane("b", 20);
        bench.up();
        bench.unknown("a");
        bench.unknown("b");
        bench.refused(Why.OVERLOAD, Duration.ofSeconds(10));
        bench.taken();
        bench.advance(Duration.ofMillis(9_999));
        assertThat(bench.open).isEmpty();
        bench.advance(Duration.ofSeconds(6));
        assertThat(bench.open).hasSize(2);
        assertThat(bench.all(Action.Waits.class))
                .singleElement()
                .extracting(Action.Waits::source)
                .isEqualTo(Action.Source.SERVER);
    }

    @Test
    void whatAServerAsksForIsBounded() {
        Bench bench = Bench.flowing(TENS.withTimes(Duration.ofSeconds(30), Duration.ofMinutes(1)), 20);
        bench.taken(Duration.ofDays(365));
        bench.advance(Duration.ofSeconds(80));
        assertThat(bench.open).hasSize(1);
        bench.did(bench.machine.hold(Duration.ofDays(9), bench.now()));
        bench.taken();
        bench.append(1);
        assertThat(bench.open).isEmpty();
        bench.advance(Duration.ofSeconds(80));
        assertThat(bench.open).hasSize(1);
    }

    @Test
    void refusalsBackOffFromTheirEndUpToTheCap() {
        Bench bench = Bench.flowing(POLICY, 1);
        for (long seconds : List.of(1, 2, 4, 8, 16, 30, 30)) {
            bench.advance(Duration.ofSeconds(5));
            bench.refused(Why.OVERLOAD);
            assertThat(bench.all(Action.Waits.class).getLast().delay()).isEqualTo(Duration.ofSeconds(seconds));
            bench.advance(Duration.ofSeconds(seconds).minusNanos(1));
            assertThat(bench.open).isEmpty();
            bench.advance(Duration.ofNanos(1));
            assertThat(bench.open).hasSize(1);
        }
        bench.taken();
        bench.append(1);
        bench.refused(Why.OVERLOAD);
        assertThat(bench.all(Action.Waits.class).getLast().delay()).isEqualTo(SECOND);
    }

    @Test
    void afterSoManyAnsweredAttemptsARecordIsADeadLetter() {
        Bench bench = Bench.flowing(POLICY.withAttempts(new AttemptLimits(100, Map.of(Bench.LANE, 5), 1, false)), 2);
        for (int attempt = 1; attempt <= 5; attempt++) {
            assertThat(bench.all(Action.Bury.class)).isEmpty();
            bench.untilSent();
            bench.refused(attempt % 2 == 0 ? Why.OVERLOAD : Why.STORAGE);
        }
        Action.Bury bury = bench.all(Action.Bury.class).getFirst();
        assertThat(bury.attempts().sequence()).isEqualTo(1);
        assertThat(bury.attempts().total()).isEqualTo(5);
        assertThat(bury.attempts().reasons()).isEqualTo(Map.of("STORAGE: no", 3, "OVERLOAD: no", 2));
        assertThat(Duration.between(bury.attempts().first(), bury.attempts().last()))
                .isEqualTo(Duration.ofSeconds(15));
        bench.untilSent();
        Batch rest = bench.taken();
        assertThat(rest.first()).as("a gap in its place").isEqualTo(1);
        assertThat(rest.firstRecord()).isEqualTo(2);
    }

    @Test
    void onlyAnswersBurnAttempts() {
        Bench bench = Bench.flowing(POLICY.withAttempts(new AttemptLimits(2, Map.of(), 1, false)), 1);
        for (int i = 0; i < 10; i++) {
            bench.advance(Duration.ofSeconds(30));
            bench.open.clear();
            bench.advance(Duration.ofMinutes(1));
            bench.down();
            bench.advance(Duration.ofHours(1));
            bench.up();
            bench.resumed(0, 0, 0);
        }
        assertThat(bench.all(Action.Attempted.class)).isEmpty();
        assertThat(bench.all(Action.Bury.class)).isEmpty();
        assertThat(bench.open).hasSize(1);
    }

    @Test
    void unlessTheUnreachableCountsToo() {
        Bench bench = Bench.flowing(POLICY.withAttempts(new AttemptLimits(3, Map.of(), 1, true)), 2);
        bench.down();
        assertThat(bench.all(Action.Attempted.class).getLast().attempts().total())
                .isEqualTo(1);
        bench.advance(SECOND);
        assertThat(bench.all(Action.Attempted.class).getLast().attempts().total())
                .isEqualTo(2);
        bench.advance(Duration.ofSeconds(2));
        assertThat(bench.all(Action.Bury.class)).hasSize(1);
        bench.advance(Duration.ofMinutes(2));
        assertThat(bench.all(Action.Bury.class))
                .extracting(bury -> bury.attempts().sequence())
                .containsExactly(1L, 2L);
        assertThat(bench.machine.wakeAt()).isEmpty();
    }

    @Test
    void aBatchThatIsRefusedForGoodIsSplitAtOnceUntilTheBadRecordStandsAlone() {
        Bench bench = Bench.flowing(TENS, 20);
        long bad = 7;
        while (bench.lane().acknowledged.sequence() < 20) {
            Batch batch = bench.batch((Action.Send) bench.open.getFirst());
            boolean isBad = batch.first() <= bad
                    && bad <= batch.last()
                    && !bench.lane().dead.contains(bad);
            if (isBad) {
                bench.refused(Why.BAD_RECORD);
            } else {
                bench.taken();
            }
        }
        assertThat(bench.time.elapsed()).isZero();
        assertThat(bench.lane().dead).containsExactly(bad);
        assertThat(bench.all(Action.Send.class)).hasSizeLessThanOrEqualTo(8);
        assertThat(bench.all(Action.Waits.class)).isEmpty();
    }

    @Test
    void whatTheServerPointsAtIsTriedFirstAndNotBelieved() {
        Bench bench = Bench.flowing(TENS, 10);
        bench.refusedFor(7, 7);
        assertThat(bench.taken().last()).isEqualTo(6);
        assertThat(bench.batch((Action.Send) bench.open.getFirst()).items()).isEqualTo(1);
        bench.taken();
        assertThat(bench.taken().last()).isEqualTo(10);
        assertThat(bench.all(Action.Bury.class)).isEmpty();
    }

    @Test
    void aBadRecordAloneMayBeTriedMoreThanOnce() {
        Bench bench = Bench.flowing(POLICY.withAttempts(new AttemptLimits(100, Map.of(), 3, false)), 1);
        bench.refused(Why.TOO_LARGE);
        assertThat(bench.open).isEmpty();
        bench.advance(SECOND);
        bench.refused(Why.TOO_LARGE);
        bench.advance(Duration.ofSeconds(2));
        assertThat(bench.all(Action.Bury.class)).isEmpty();
        bench.refused(Why.TOO_LARGE);
        assertThat(bench.all(Action.Bury.class)).hasSize(1);
    }

    @Test
    void aServerThatRefusesEverythingIsMetWithBackoff() {
        Bench bench = Bench.flowing(POLICY, 5_000);
        while (bench.time.elapsed().compareTo(Duration.ofHours(1)) < 0) {
            if (bench.open.isEmpty()) {
                bench.advance(SECOND);
            } else if (bench.batch((Action.Send) bench.open.getFirst()).firstRecord() == 0) {
                bench.taken();
            } else {
                bench.refused(Why.BAD_RECORD);
            }
        }
        assertThat(bench.all(Action.Bury.class)).hasSizeBetween(5, 60);
    }

    @Test
    void anOverloadSplitsNothingBeforeTheLastAttempt() {
        Bench bench = Bench.flowing(TENS.withAttempts(new AttemptLimits(3, Map.of(), 1, false)), 10);
        for (int items : List.of(10, 10, 10, 5, 3, 2)) {
            assertThat(bench.refused(Why.OVERLOAD).items()).isEqualTo(items);
            bench.untilSent();
            assertThat(bench.all(Action.Bury.class)).isEmpty();
        }
        assertThat(bench.refused(Why.OVERLOAD).items()).isEqualTo(1);
        assertThat(bench.lane().dead).containsExactly(1L);
    }

    @Test
    void aRestartContinuesTheBackoffWhateverTheClockSays() {
        for (Duration shift : List.of(Duration.ZERO, Duration.ofHours(-1))) {
            Bench bench = Bench.flowing(POLICY, 1);
            for (int i = 0; i < 6; i++) {
                bench.refused(Why.OVERLOAD);
                bench.advance(Duration.ofSeconds(i == 5 ? 10 : 30));
            }
            bench.time.shiftWallClock(shift);
            bench.restart();
            bench.up();
            bench.resumed(0, 0, 0);
            bench.advance(Duration.ofMillis(19_999));
            assertThat(bench.open).isEmpty();
            bench.advance(shift.isZero() ? Duration.ofMillis(1) : Duration.ofMillis(10_001));
            assertThat(bench.open).as("after %s", shift).hasSize(1);
            bench.refused(Why.OVERLOAD);
            assertThat(bench.lane().attempts).isNotNull();
            assertThat(bench.all(Action.Attempted.class).getLast().attempts().total())
                    .isEqualTo(7);
            assertThat(bench.all(Action.Waits.class).getLast().delay()).isEqualTo(Duration.ofSeconds(30));
        }
    }

    @Test
    void withoutAnAnswerTheServerIsAskedAnew() {
        Bench bench = Bench.flowing(TENS, 30);
        bench.advance(Duration.ofSeconds(30));
        Action.Send lost = (Action.Send) bench.open.removeFirst();
        assertThat(bench.open).isEmpty();
        bench.advance(SECOND);
        bench.resumed(10, bench.lane().at(10).hash(), 0);
        assertThat(bench.lane().acknowledged.sequence()).isEqualTo(10);
        bench.did(bench.machine.marked(
                new Mark(
                        Bench.LANE,
                        lost.epoch(),
                        lost.ask(),
                        true,
                        10,
                        bench.lane().at(10).hash(),
                        0,
                        Duration.ZERO),
                bench.now()));
        assertThat(bench.taken().first()).as("a late answer changes nothing").isEqualTo(11);
    }

    @Test
    void anAnswerThatDoesNotFitLeadsToAResumeAndASecondToBackoff() {
        Bench bench = Bench.flowing(TENS, 30);
        for (int i = 0; i < 2; i++) {
            Action.Send send = (Action.Send) bench.open.removeFirst();
            bench.did(bench.machine.marked(
                    new Mark(Bench.LANE, send.epoch(), send.ask(), true, 5, 99, 0, Duration.ZERO), bench.now()));
            assertThat(bench.open).hasSize(i == 0 ? 1 : 0);
            bench.advance(SECOND);
            bench.resumed(0, 0, 0);
        }
        bench.taken();
        assertThat(bench.lane().acknowledged.sequence()).isEqualTo(10);
    }

    @Test
    void aStopBeginsNothingAndStillTakesAnswers() {
        Bench bench = Bench.flowing(TENS, 30);
        bench.did(bench.machine.stop(bench.now()));
        assertThat(bench.machine.inFlight()).isEqualTo(1);
        bench.taken();
        assertThat(bench.lane().acknowledged.sequence()).isEqualTo(10);
        assertThat(bench.open).isEmpty();
        assertThat(bench.machine.inFlight()).isZero();
        assertThat(bench.machine.wakeAt()).isEmpty();
        bench.restart();
        bench.up();
        bench.resumed(10, bench.lane().at(10).hash(), 10);
        assertThat(bench.taken().first()).isEqualTo(11);
    }

    @Test
    void aMisuseIsNamed() {
        Bench bench = Bench.flowing(POLICY, 0);
        LaneState again = bench.lane().state();
        assertThatThrownBy(() -> bench.machine.add(again, bench.now())).hasMessageContaining("lane: events");
        assertThatThrownBy(() -> bench.machine.waiting("other", 1, bench.now())).hasMessageContaining("lane: other");
        Bench reading = new Bench(POLICY);
        reading.lane(Bench.LANE, 3);
        List<Action> resumes = reading.machine.linkUp(reading.now());
        Action.Look look = (Action.Look) resumes.getFirst();
        Action.Resume resume = (Action.Resume) reading.machine
                .found(Bench.LANE, look.ask(), List.of(), reading.now())
                .getFirst();
        Mark mark = new Mark(Bench.LANE, Bench.EPOCH, resume.ask(), false, 0, 0, 0, Duration.ZERO);
        Action.Read read =
                (Action.Read) reading.machine.marked(mark, reading.now()).getFirst();
        assertThatThrownBy(
                        () -> reading.machine.read(Bench.LANE, read.ask(), new Batch(2, 2, 5, 1, 2, 10), reading.now()))
                .hasMessageContaining("from 2 (expected: from 1, as asked)");
    }

    @Test
    void nothingIsReadBeforeADeadLetterIsOnDisk() {
        Bench bench = Bench.flowing(TENS, 1);
        bench.append(3);
        bench.buriesLater = true;
        bench.refused(Why.BAD_RECORD);
        assertThat(bench.open).isEmpty();
        bench.did(bench.machine.buried(Bench.LANE, 1, bench.now()));
        assertThat(bench.taken().firstRecord()).isEqualTo(2);
    }

    @Test
    void nobodyPassesALaneThatWaitsForRoom() {
        Bench bench = new Bench(POLICY.withFlight(new Flight(1, 1, 100, 200)));
        for (String lane : List.of("a", "b", "large")) {
            bench.lane(lane, lane.equals("large") ? 0 : 20);
        }
        bench.lane("large").append(1, 150);
        bench.did(bench.machine.waiting("large", 1, bench.now()));
        bench.up();
        List.of("a", "b", "large").forEach(bench::unknown);
        for (int i = 0; i < 6; i++) {
            bench.taken();
        }
        assertThat(bench.lane("large").acknowledged.sequence()).isEqualTo(1);
    }

    @Test
    void whatAServerLostIsToldOnceAndWhatCannotBeKnownToo() {
        Bench bench = Bench.flowing(TENS, 40);
        bench.taken();
        bench.taken();
        ModelLane lane = bench.lane();
        // Restored to 15, of which the log here still has the hash; then to 5, of which it does not.
        bench.down();
        bench.up();
        bench.resumed(15, lane.at(15).hash(), 0);
        assertThat(bench.all(Action.Tell.class))
                .containsExactly(new Action.Tell(Bench.LANE, Action.News.SERVER_LOST, 16, 20));
        assertThat(bench.taken().first()).isEqualTo(21);
        assertThat(bench.all(Action.Send.class))
                .extracting(Action.Send::opens)
                .as("the second epoch begins with its own")
                .containsExactly(true, false, false, true, false);
        bench.taken();
        bench.down();
        bench.up();
        bench.resumed(25, 99, 0);
        assertThat(bench.all(Action.Tell.class).subList(1, 3))
                .containsExactly(
                        new Action.Tell(Bench.LANE, Action.News.UNCERTAIN, 21, 25),
                        new Action.Tell(Bench.LANE, Action.News.SERVER_LOST, 26, 40));
        for (int i = 0; i < 2; i++) {
            bench.down();
            bench.up();
            bench.unknown(Bench.LANE);
        }
        assertThat(bench.all(Action.Tell.class).subList(3, 4))
                .as("an epoch in which nothing was sent, once")
                .containsExactly(new Action.Tell(Bench.LANE, Action.News.UNCERTAIN, 1, 40));
        bench.append(5);
        bench.taken();
        bench.down();
        bench.up();
        bench.unknown(Bench.LANE);
        assertThat(bench.all(Action.Tell.class).subList(4, 6))
                .containsExactly(
                        new Action.Tell(Bench.LANE, Action.News.UNCERTAIN, 1, 40),
                        new Action.Tell(Bench.LANE, Action.News.SERVER_LOST, 41, 45));
        assertThat(bench.all(Action.Tell.class)).hasSize(6);
    }

    @Test
    void aLostAnswerToTheBatchThatOpenedAnEpochIsNoLoss() {
        Bench bench = Bench.flowing(TENS, 40);
        bench.taken();
        bench.down();
        bench.up();
        bench.unknown(Bench.LANE);
        assertThat(bench.batch((Action.Send) bench.open.getFirst()).first()).isEqualTo(11);
        bench.down();
        bench.up();
        bench.resumed(20, bench.lane().at(20).hash(), 0);
        assertThat(bench.taken().first()).isEqualTo(21);
        assertThat(bench.all(Action.StartEpoch.class)).hasSize(1);
    }
}
