// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Histories with one thing wrong each: the checker finds that, and nothing else. */
class CheckerTest {

    private final Ledger ledger = new Ledger();
    private final List<Arrival> arrivals = new ArrayList<>();
    private final List<Drop> dead = new ArrayList<>();

    /** Four that were acknowledged in each of two lanes, and arrived, the lanes mixed. */
    @BeforeEach
    void allIsWell() {
        for (int i = 1; i <= 4; i++) {
            for (String lane : List.of("a", "b")) {
                acknowledge(lane, lane + i, i);
                arrivals.add(arrival(lane, lane + i, i));
            }
        }
    }

    @Test
    void whatArrivedOnceAndInOrderIsClean() {
        Verdict verdict = check();
        assertThat(verdict).isEqualTo(verdict(8, 8, 0, 0, 0, 0, 0, 0, 0, 0));
        assertThat(verdict.isClean()).isTrue();
    }

    @Test
    void whatWasAcknowledgedAndIsNotThereIsLost() {
        arrivals.remove(3);
        assertThat(check().lost()).isEqualTo(1);
        assertThat(check().delivered()).isEqualTo(7);
        assertOnly("lane b: b2, acknowledged as 2, is not there");
    }

    @Test
    void allIsLostWhereNothingArrived() {
        arrivals.clear();
        assertThat(check().lost()).isEqualTo(8);
        assertThat(check().isClean()).isFalse();
    }

    @Test
    void aDeadLetterIsNotLostAndOneOfAnotherLaneOrSequenceIsNoExcuse() {
        arrivals.remove(2);
        dead.add(new Drop("b", 1, 4));
        dead.add(new Drop("a", 3, 4));
        assertThat(check().lost()).isEqualTo(1);
        dead.add(new Drop("a", 1, 2));
        assertThat(check()).isEqualTo(verdict(8, 7, 0, 1, 0, 0, 0, 0, 0, 0));
        assertThat(check().isClean()).isTrue();
    }

    @Test
    void anIdThatIsStoredTwiceIsDuplicatedWhateverItsEventAndSequenceAre() {
        arrivals.add(new Arrival("another", "a", 5, payload("a1")));
        assertThat(check().duplicated()).isEqualTo(1);
        assertOnly("lane a, sequence 5: a1 is there a second time");
    }

    @Test
    void anEventThatIsListedTwiceIsDuplicated() {
        acknowledge("a", "a5", 5);
        arrivals.add(new Arrival("a/4", "a", 5, payload("a5")));
        assertThat(check().duplicated()).isEqualTo(1);
        assertThat(check().isClean()).isFalse();
    }

    @Test
    void whatArrivedAfterALaterOneOfItsLaneIsOutOfOrder() {
        Arrival first = arrivals.remove(2);
        arrivals.add(5, first);
        assertThat(check().outOfOrder()).isEqualTo(1);
        assertOnly("lane a, sequence 2: a2 comes after one of sequence 3");
    }

    @Test
    void lanesAreOrderedEachByItself() {
        arrivals.sort((one, other) -> one.lane().compareTo(other.lane()));
        assertThat(check().isClean()).isTrue();
    }

    @Test
    void sequencesThatRiseDoNotHideThatTheWritersOrderIsAnother() {
        acknowledge("a", "a5", 6);
        acknowledge("a", "a6", 5);
        arrivals.add(arrival("a", "a6", 5));
        arrivals.add(arrival("a", "a5", 6));
        assertThat(check().outOfOrder()).isEqualTo(1);
        assertThat(check().misnumbered())
                .as("acknowledged with a lower one than before")
                .isEqualTo(1);
    }

    @Test
    void whatIsNotWhatWasHandedOverIsCorruptedAndSoLost() {
        arrivals.set(0, new Arrival("a/1", "a", 1, new Payload("a1", "of other bytes")));
        assertThat(check()).isEqualTo(verdict(8, 7, 0, 0, 1, 0, 0, 1, 0, 0));
    }

    @Test
    void whatNobodyHandedOverIsUnknownAlsoIfItWasInAnotherLane() {
        arrivals.add(arrival("a", "a17", 5));
        arrivals.add(arrival("a", "", 6));
        acknowledge("b", "b5", 5);
        arrivals.add(arrival("b", "b5", 5));
        arrivals.add(new Arrival("elsewhere", "a", 7, payload("b5")));
        assertThat(check()).isEqualTo(verdict(9, 9, 0, 0, 0, 0, 0, 0, 0, 3));
        assertThat(check().isClean()).isFalse();
    }

    @Test
    void anotherSequenceThanWasAcknowledgedIsMisnumbered() {
        acknowledge("a", "a5", 5);
        arrivals.add(arrival("a", "a5", 6));
        assertThat(check()).isEqualTo(verdict(9, 9, 0, 0, 0, 0, 0, 0, 1, 0));
        assertThat(check().isClean()).isFalse();
    }

    @Test
    void oneSequenceForTwoIsMisnumbered() {
        acknowledge("a", "a5", 4);
        arrivals.add(arrival("a", "a5", 4));
        assertThat(check().misnumbered()).isEqualTo(1);
    }

    @Test
    void whatWasNotAnsweredMayBeThereOnceOrNotAtAll() {
        offer("a", "a5");
        offer("a", "a6");
        arrivals.add(arrival("a", "a5", 5));
        assertThat(check().uncertain()).isEqualTo(2);
        assertThat(check().uncertainDelivered()).isEqualTo(1);
        assertThat(check().delivered()).isEqualTo(8);
        assertThat(check().isClean()).isTrue();
    }

    @Test
    void whatWasNotAnsweredMayNotBeThereTwice() {
        offer("a", "a5");
        arrivals.add(arrival("a", "a5", 5));
        arrivals.add(arrival("a", "a5", 6));
        assertThat(check().duplicated()).isEqualTo(1);
        assertThat(check().isClean()).isFalse();
    }

    @Test
    void whatWasNotAnsweredIsOrderedBySequenceAlone() {
        offer("a", "a5");
        acknowledge("a", "a6", 5);
        arrivals.add(arrival("a", "a6", 5));
        arrivals.add(arrival("a", "a5", 6));
        assertThat(check().isClean()).isTrue();
        arrivals.add(arrivals.remove(arrivals.size() - 2));
        assertThat(check().outOfOrder()).isEqualTo(1);
    }

    @Test
    void lanesThatNoWriterHasAreLeftOut() {
        arrivals.add(arrival("status", "", 1));
        arrivals.add(arrival("status", "", 1));
        assertThat(check().isClean()).isTrue();
    }

    @Test
    void findingsAreBoundedAndCountsAreNot() {
        for (int i = 0; i < 3 * Checker.TOLD; i++) {
            arrivals.add(arrival("a", "a1", 1));
        }
        assertThat(check().findings()).hasSize(Checker.TOLD);
        assertThat(check().duplicated()).isEqualTo(3 * Checker.TOLD);
    }

    private Verdict check() {
        return Checker.check(ledger.lines(), arrivals, dead);
    }

    private void assertOnly(String finding) {
        Verdict verdict = check();
        assertThat(verdict.findings()).containsExactly(finding);
        assertThat(verdict.isClean()).isFalse();
    }

    /** One with these counts and the findings that the checker has. */
    private Verdict verdict(
            long acknowledged,
            long delivered,
            long uncertain,
            long deadLetters,
            long lost,
            long duplicated,
            long outOfOrder,
            long corrupted,
            long misnumbered,
            long unknown) {
        return new Verdict(
                acknowledged,
                uncertain,
                delivered,
                0,
                deadLetters,
                lost,
                duplicated,
                outOfOrder,
                corrupted,
                misnumbered,
                unknown,
                check().findings());
    }

    private void offer(String lane, String id) {
        ledger.offered(lane, payload(id));
    }

    private void acknowledge(String lane, String id, long sequence) {
        offer(lane, id);
        ledger.acknowledged(id, sequence);
    }

    private static Arrival arrival(String lane, String id, long sequence) {
        return new Arrival(lane + "/" + sequence, lane, sequence, payload(id));
    }

    private static Payload payload(String id) {
        return Payload.of(id + " of the test");
    }
}
