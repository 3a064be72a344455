// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.Jitter;
import dev.holdfast.core.time.Time;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.core.work.Terms.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each promise of the queue, without a thread and without waiting. */
class WorkQueueTest {

    private static final RandomGenerator LEAST = () -> 0L;
    private static final RandomGenerator MOST = () -> -1L;
    private static final Duration NANO = Duration.ofNanos(1);

    /** The default, but for the jitter. */
    private static final WorkPolicy PLAIN =
            WorkPolicy.DEFAULT.withBackoff(Backoff.exponential(seconds(1), 2, seconds(60)));

    private final VirtualTime time = new VirtualTime();
    private WorkQueue<String> queue = queue(PLAIN);

    @Test
    void aKeyIsQueuedOnceHoweverOftenItIsAdded() {
        assertThat(queue.add("a")).isEqualTo(Added.QUEUED);
        assertThat(queue.add("a")).isEqualTo(Added.MERGED);
        assertThat(queue.add("a", Terms.after(seconds(5)))).isEqualTo(Added.MERGED);
        settle("a", Outcome.done());
        time.advance(seconds(10));
        assertThat(queue.poll()).isNull();
        assertThat(queue.figures()).isEqualTo(new WorkQueue.Figures(0, 0, 0, 0, 0));
    }

    @Test
    void aKeyThatRunsIsGivenToNobodyElseAndRunsOnceMoreIfItWasAddedMeanwhile() {
        queue.add("a");
        Work<String> work = take("a");
        assertThat(queue.add("a")).isEqualTo(Added.MERGED);
        assertThat(queue.add("a")).isEqualTo(Added.MERGED);
        assertThat(queue.poll()).isNull();
        work.settle(Outcome.done());
        settle("a", Outcome.done());
        assertThat(queue.poll()).isNull();
    }

    @Test
    void aKeyAddedWithADelayWhileItRunsRunsOnceMoreAfterThat() {
        queue.add("a");
        Work<String> work = take("a");
        queue.add("a", Terms.after(seconds(5)));
        queue.add("a", Terms.after(seconds(3)));
        work.settle(Outcome.done());
        assertComesAfter(seconds(3), "a");
    }

    /** The reference schedule: after n failures in a row, with the least and the most jitter. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 500",
        "2, 2, 1000",
        "3, 4, 2000",
        "4, 8, 4000",
        "5, 16, 8000",
        "6, 32, 16000",
        "7, 60, 30000",
        "8, 60, 30000",
        "9, 60, 30000",
        "10, 60, 30000",
    })
    void aKeyThatFailsComesBackAfter(int failures, long seconds, long leastMillis) {
        queue.add("a");
        failTimes(queue, failures);
        assertComesAfter(seconds(seconds), "a");

        WorkQueue<String> least = queue(WorkPolicy.DEFAULT, LEAST);
        least.add("a");
        failTimes(least, failures);
        assertThat(untilDue(least)).isEqualTo(Duration.ofMillis(leastMillis));
        WorkQueue<String> most = queue(WorkPolicy.DEFAULT, MOST);
        most.add("a");
        failTimes(most, failures);
        assertThat(untilDue(most)).isBetween(seconds(seconds).minusNanos(9), seconds(seconds));
    }

    @Test
    void afterTenRetriesAKeyIsTerminalWithItsHistoryAndRunsAgainOnlyWhenReleased() {
        queue.add("a");
        failTimes(queue, 10);
        Duration before = time.elapsed();
        time.advance(seconds(60));
        settle("a", Outcome.retry("the last"));

        Terminal<String> terminal = queue.terminals().getFirst();
        assertThat(terminal.key()).isEqualTo("a");
        assertThat(terminal.why()).isEqualTo(Terminal.Reason.RETRIES_USED_UP);
        assertThat(terminal.history().failures()).isEqualTo(11);
        assertThat(terminal.history().first()).isEqualTo(VirtualTime.BEGINNING);
        assertThat(terminal.history().last())
                .extracting(History.Failed::attempt)
                .containsExactly(7, 8, 9, 10, 11);
        assertThat(terminal.history().newest())
                .isEqualTo(new History.Failed(
                        11, VirtualTime.BEGINNING.plus(before).plusSeconds(60), Failure.of(Cause.SERVER, "the last")));
        assertThat(queue.history("a")).contains(terminal.history());

        assertThat(queue.add("a")).isEqualTo(Added.TERMINAL);
        assertThat(queue.hasten("a")).isFalse();
        time.advance(Duration.ofDays(1));
        assertThat(queue.poll()).isNull();

        assertThat(queue.release("a")).isTrue();
        assertThat(queue.release("a")).isFalse();
        assertThat(queue.terminals()).isEmpty();
        Work<String> work = take("a");
        assertThat(work.attempt()).isEqualTo(1);
        work.settle(Outcome.retry("again"));
        assertComesAfter(seconds(1), "a");
    }

    @Test
    void aPermanentFailureMakesAKeyTerminalAtOnceEvenIfItWasAddedMeanwhile() {
        queue.add("a");
        Work<String> work = take("a");
        queue.add("a");
        work.settle(Outcome.permanent("no such host"));
        assertThat(queue.poll()).isNull();
        assertThat(queue.terminals())
                .singleElement()
                .satisfies(terminal -> assertThat(terminal.why()).isEqualTo(Terminal.Reason.PERMANENT));
        assertThat(queue.figures()).isEqualTo(new WorkQueue.Figures(0, 0, 0, 1, 0));
    }

    @Test
    void terminalKeysAreListedInTheOrderInWhichTheyWereGivenUpOnAndCanBeForgotten() {
        for (String key : List.of("b", "a", "c")) {
            queue.add(key);
            settle(key, Outcome.permanent("no"));
        }
        assertThat(queue.terminals()).extracting(Terminal::key).containsExactly("b", "a", "c");
        assertThat(queue.remove("a")).isTrue();
        assertThat(queue.terminals()).extracting(Terminal::key).containsExactly("b", "c");
        assertThat(queue.add("a")).isEqualTo(Added.QUEUED);
    }

    @Test
    void successForgetsFailures() {
        queue.add("a");
        failTimes(queue, 3);
        assertThat(queue.history("a").orElseThrow().failures()).isEqualTo(3);
        assertThat(queue.figures().failing()).isEqualTo(1);
        time.advance(seconds(4));
        settle("a", Outcome.again(seconds(1)));
        assertThat(queue.history("a")).isEmpty();
        assertThat(queue.figures().failing()).isZero();
        time.advance(seconds(1));
        assertThat(take("a").attempt()).isEqualTo(1);
    }

    @Test
    void aKeyThatHasMoreToDoRunsAgainNoSoonerThanItSays() {
        queue.add("a");
        settle("a", Outcome.again(seconds(30)));
        assertComesAfter(seconds(30), "a");
    }

    @Test
    void addingDoesNotLetAKeyPastItsBackoff() {
        queue.add("a");
        failTimes(queue, 3);
        assertThat(queue.add("a")).isEqualTo(Added.MERGED);
        assertThat(queue.add("a", Terms.NOW.withPriority(Priority.HIGH))).isEqualTo(Added.MERGED);
        assertComesAfter(seconds(4), "a");
    }

    @Test
    void norDoesHavingBeenAddedWhileItRan() {
        queue.add("a");
        Work<String> work = take("a");
        queue.add("a");
        work.settle(Outcome.retry("no"));
        assertComesAfter(seconds(1), "a");
    }

    @Test
    void hasteningDoesAndItsFailuresStay() {
        queue.add("a");
        failTimes(queue, 3);
        assertThat(queue.hasten("a")).isTrue();
        Work<String> work = take("a");
        assertThat(work.attempt()).isEqualTo(4);
        assertThat(queue.hasten("a")).isFalse();
        work.settle(Outcome.retry("no"));
        assertComesAfter(seconds(8), "a");
    }

    @Test
    void ofSeveralDelaysTheEarliestWins() {
        queue.add("a", Terms.after(seconds(10)));
        queue.add("a", Terms.after(seconds(5)));
        queue.add("a", Terms.after(seconds(20)));
        assertComesAfter(seconds(5), "a");
        queue.add("b", Terms.after(Duration.ofSeconds(Long.MAX_VALUE)));
        queue.add("b", Terms.after(Duration.ofSeconds(Long.MIN_VALUE)));
        take("b");
    }

    @Test
    void noBackoffPushesAKeyPastItsDeadlineAndAfterTheAttemptThereItIsTerminal() {
        queue.add("a", Terms.NOW.withDeadline(seconds(10)));
        for (int delay = 1; delay < 8; delay *= 2) {
            settle("a", Outcome.retry("no"));
            time.advance(seconds(delay));
        }
        // 7 s have passed; the backoff would be 8 s.
        settle("a", Outcome.retry("no"));
        assertComesAfter(seconds(3), "a").settle(Outcome.retry("no"));
        assertThat(queue.terminals().getFirst().why()).isEqualTo(Terminal.Reason.DEADLINE);
    }

    @Test
    void aDeadlineGivenDuringTheBackoffCutsItShortAndALaterOneDoesNotPutItOff() {
        queue.add("a");
        failTimes(queue, 5);
        queue.add("a", Terms.NOW.withDeadline(seconds(3)));
        queue.add("a", Terms.NOW.withDeadline(seconds(9)));
        assertComesAfter(seconds(3), "a");
    }

    @Test
    void aDeadlineGivenWhileAKeyRanIsForTheRunsAfterThat() {
        queue.add("a");
        Work<String> work = take("a");
        queue.add("a", Terms.NOW.withDeadline(seconds(2)));
        time.advance(seconds(5));
        work.settle(Outcome.retry("no"));
        settle("a", Outcome.retry("no"));
        assertThat(queue.terminals().getFirst().why()).isEqualTo(Terminal.Reason.DEADLINE);
    }

    @Test
    void successForgetsTheDeadline() {
        queue.add("a", Terms.NOW.withDeadline(seconds(1)));
        settle("a", Outcome.again(seconds(5)));
        assertComesAfter(seconds(5), "a").settle(Outcome.retry("no"));
        assertThat(queue.terminals()).isEmpty();
    }

    @Test
    void whatTheOtherSideAskedForIsWaitedOutInSpiteOfADeadline() {
        queue.add("a", Terms.NOW.withDeadline(seconds(10)));
        settle("a", Outcome.retry(new Failure(Cause.OVERLOAD, seconds(25), "busy")));
        queue.add("a", Terms.NOW.withDeadline(seconds(1)));
        assertComesAfter(seconds(25), "a");
    }

    @Test
    void allKeysTogetherRetryNoFasterThanTheQueuesRate() {
        queue = queue(PLAIN.withRetryRate(10, 5));
        for (int key = 0; key < 100; key++) {
            queue.add("key " + key);
        }
        for (int key = 0; key < 100; key++) {
            take("key " + key).settle(Outcome.retry("no"));
            time.advance(NANO);
        }
        time.advance(seconds(1));
        assertThat(ranNow()).containsExactly("key 0", "key 1", "key 2", "key 3", "key 4");
        for (int key = 5; key < 100; key++) {
            time.advance(Duration.ofMillis(100).minusNanos(200));
            queue.add("key " + key);
            assertThat(ranNow()).isEmpty();
            time.advance(Duration.ofNanos(200));
            assertThat(ranNow()).containsExactly("key " + key);
        }
    }

    @Test
    void theRateHoldsUpNeitherTheFirstRunOfAKeyNorOneWhoseDeadlineHasCome() {
        queue = queue(PLAIN.withRetryRate(0.001, 1));
        queue.add("a", Terms.NOW.withDeadline(seconds(7)));
        queue.add("b", Terms.NOW.withDeadline(seconds(8)));
        settle("a", Outcome.retry("no"));
        settle("b", Outcome.retry("no"));
        time.advance(seconds(1));
        assertThat(ranNow()).containsExactly("a");
        queue.add("c");
        assertThat(ranNow()).containsExactly("c");
        assertComesAfter(seconds(7), "b");
    }

    @Test
    void aFullQueueSaysSoAndTakesTheKeysThatItHas() {
        queue = queue(PLAIN.withCapacity(3));
        queue.add("ready");
        queue.add("waits", Terms.after(seconds(5)));
        queue.add("terminal");
        settle("ready", Outcome.again(seconds(9)));
        settle("terminal", Outcome.permanent("no"));
        assertThat(queue.add("one more")).isEqualTo(Added.FULL);
        assertThat(queue.add("waits")).isEqualTo(Added.MERGED);
        settle("waits", Outcome.done());
        assertThat(queue.add("one more")).isEqualTo(Added.QUEUED);
        assertThat(queue.add("another")).isEqualTo(Added.FULL);
        queue.remove("terminal");
        assertThat(queue.add("another")).isEqualTo(Added.QUEUED);
    }

    @Test
    void keysTakeTurnsHoweverOftenOneIsAdded() {
        queue.add("busy");
        for (String key : List.of("a", "b", "c")) {
            queue.add(key);
        }
        List<String> ran = new ArrayList<>();
        for (int turn = 0; turn < 8; turn++) {
            Work<String> work = Objects.requireNonNull(queue.poll());
            ran.add(work.key());
            queue.add(work.key());
            work.settle(Outcome.done());
        }
        assertThat(ran).containsExactly("busy", "a", "b", "c", "busy", "a", "b", "c");
    }

    @Test
    void whoWasDueFirstRunsFirst() {
        queue.add("was due", Terms.after(Duration.ofMillis(3)));
        queue.add("was due before", Terms.after(Duration.ofMillis(2)));
        time.advance(Duration.ofMillis(9));
        queue.add("is due");
        assertThat(ranNow()).containsExactly("was due before", "was due", "is due");
    }

    @Test
    void aPriorityIsRaisedByAddingAndHoldsForOneRun() {
        queue.add("a");
        queue.add("b");
        queue.add("b", Terms.NOW.withPriority(Priority.HIGH));
        Work<String> work = take("b");
        queue.add("b", Terms.NOW.withPriority(Priority.LOW));
        work.settle(Outcome.done());
        queue.add("c");
        assertThat(ranNow()).containsExactly("a", "c", "b");
    }

    @Test
    void whileItIsPausedNothingIsGivenOut() {
        queue.add("a");
        queue.pause();
        queue.add("b", Terms.after(seconds(1)));
        time.advance(seconds(2));
        assertThat(queue.poll()).isNull();
        assertThat(queue.figures()).isEqualTo(new WorkQueue.Figures(2, 0, 0, 0, 0));
        queue.resume();
        assertThat(ranNow()).containsExactly("a", "b");
    }

    @Test
    void aKeyThatIsDueOrWaitsCanBeTakenBackAndOneThatRunsCannot() {
        queue.add("a");
        queue.add("b", Terms.after(seconds(1)));
        queue.add("c");
        failTimes(queue, 1);
        queue.hasten("c");
        assertThat(queue.remove("a")).isTrue();
        assertThat(queue.remove("b")).isTrue();
        assertThat(queue.remove("b")).isFalse();
        take("c");
        assertThat(queue.remove("c")).isFalse();
        time.advance(seconds(9));
        assertThat(queue.poll()).isNull();
        assertThat(queue.figures()).isEqualTo(new WorkQueue.Figures(0, 0, 1, 0, 1));
    }

    @Test
    void drainingAQuietQueueGivesBackWhatIsNotDueAndClosesIt() throws InterruptedException {
        queue.add("a", Terms.after(seconds(1)));
        queue.add("b");
        settle("b", Outcome.retry("no"));
        queue.add("c", Terms.after(seconds(2)));
        assertThat(queue.drain(seconds(60))).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(queue.add("d")).isEqualTo(Added.CLOSED);
        time.advance(seconds(9));
        assertThat(queue.poll()).isNull();
        assertThat(queue.take()).isNull();
        assertThat(time.waiting()).isZero();
    }

    @Test
    void aClosedQueueTakesAndGivesNothingAndStillHearsHowARunEnded() {
        queue.add("a");
        queue.add("b");
        Work<String> work = take("a");
        queue.close();
        work.settle(Outcome.permanent("no"));
        assertThat(queue.add("c")).isEqualTo(Added.CLOSED);
        assertThat(queue.release("a")).isFalse();
        assertThat(queue.poll()).isNull();
        assertThat(queue.figures()).isEqualTo(new WorkQueue.Figures(1, 0, 0, 1, 0));
    }

    @Test
    void aRunIsSettledOnceAndWithSomething() {
        queue.add("a");
        Work<String> work = take("a");
        @Nullable Outcome none = null;
        assertThatNullPointerException().isThrownBy(() -> work.settle(unchecked(none)));
        work.settle(Outcome.done());
        assertThatIllegalStateException()
                .isThrownBy(() -> work.settle(Outcome.done()))
                .withMessage("key a is settled already (expected: once a run)");
        assertThat(queue.figures()).isEqualTo(new WorkQueue.Figures(0, 0, 0, 0, 0));
    }

    @Test
    void anyNumberOfWaitingKeysCostsOneAlarm() {
        for (int key = 100_000; key > 0; key--) {
            queue.add("key " + key, Terms.after(Duration.ofMillis(key)));
        }
        assertThat(time.waiting()).isEqualTo(1);
        int rung = 0;
        while (queue.figures().ready() < 1_000 && time.step()) {
            rung++;
        }
        assertThat(rung).isBetween(100, 101);
        assertThat(time.waiting()).isEqualTo(1);
        queue.close();
        assertThat(time.waiting()).isZero();
    }

    /** Over half of the delay in all: 2 s of them, ten times a second, and 10 s, twice a second. */
    @ParameterizedTest
    @CsvSource({"4", "20"})
    void tenThousandKeysThatBackOffForLongRingTenTimesASecondAtMostAndForLongerTwice(long delaySeconds) {
        WorkQueue<Integer> failing = new WorkQueue<>(
                "failing",
                WorkPolicy.DEFAULT.withBackoff(
                        Backoff.constant(seconds(delaySeconds)).withJitter(Jitter.proportional(0.25))),
                time,
                new SplittableRandom(1));
        for (int key = 0; key < 10_000; key++) {
            failing.add(key);
            Objects.requireNonNull(failing.poll()).settle(Outcome.retry("no"));
        }
        time.advance(seconds(delaySeconds).multipliedBy(3).dividedBy(4));
        int rung = 0;
        while (failing.figures().waiting() > 0 && time.step()) {
            rung++;
        }
        assertThat(failing.figures().ready()).isEqualTo(10_000);
        // And a line in the log now and then.
        assertThat(rung).isBetween(18, 23);
        failing.close();
    }

    @Test
    void aFloodOfDueKeysIsLetInInPartsAndNobodyWaitsForThem() {
        for (int key = 0; key < 5_000; key++) {
            queue.add("key " + key, Terms.after(seconds(1)));
        }
        time.advance(seconds(1));
        assertThat(queue.figures().ready()).isLessThan(5_000);
        int taken = 0;
        for (Work<String> work = queue.poll(); work != null; work = queue.poll()) {
            work.settle(Outcome.done());
            taken++;
        }
        assertThat(taken).isEqualTo(5_000);
    }

    @Test
    void anAlarmThatWasCalledOffTooLateRingsForNothing() {
        List<Runnable> alarms = new ArrayList<>();
        Time tooLate = new Time() {
            @Override
            public long nanoTime() {
                return 0;
            }

            @Override
            public Instant instant() {
                return Instant.EPOCH;
            }

            @Override
            public Scheduled schedule(Duration delay, Runnable task) {
                alarms.add(task);
                return () -> {};
            }
        };
        WorkQueue<String> late = new WorkQueue<>("tasks", PLAIN, tooLate, LEAST);
        late.add("a", Terms.after(seconds(9)));
        late.add("b", Terms.after(seconds(5)));
        assertThat(alarms).hasSize(2);
        alarms.getFirst().run();
        assertThat(alarms).hasSize(2);
    }

    @Test
    void badPoliciesAndTermsAreRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.withMaxRetries(-1))
                .withMessage("maxRetries: -1 (expected: >= 0)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.withCapacity(0))
                .withMessage("capacity: 0 (expected: >= 1)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.withRetryRate(Double.NaN, 1))
                .withMessage("retriesPerSecond: NaN (expected: > 0, or infinity for no limit)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.withRetryRate(1, 0))
                .withMessage("retryBurst: 0 (expected: >= 1)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Terms.NOW.withDeadline(Duration.ZERO))
                .withMessage("within: PT0S (expected: a duration > 0s, or none)");
    }

    private WorkQueue<String> queue(WorkPolicy policy) {
        return queue(policy, LEAST);
    }

    private WorkQueue<String> queue(WorkPolicy policy, RandomGenerator chance) {
        return new WorkQueue<>("tasks", policy, time, chance);
    }

    /** Lets the one key that is there fail as soon as it may, so many times. */
    private void failTimes(WorkQueue<String> from, int times) {
        for (int failure = 0; failure < times; failure++) {
            if (failure > 0) {
                time.advance(seconds(60));
            }
            for (Work<String> work = from.poll(); work != null; work = from.poll()) {
                work.settle(Outcome.retry("no"));
            }
        }
    }

    private Duration untilDue(WorkQueue<String> from) {
        Duration begun = time.elapsed();
        while (from.figures().ready() == 0) {
            assertThat(time.step()).isTrue();
        }
        return time.elapsed().minus(begun);
    }

    private Work<String> assertComesAfter(Duration delay, String key) {
        time.advance(delay.minus(NANO));
        assertThat(queue.poll()).isNull();
        time.advance(NANO);
        return take(key);
    }

    private void settle(String key, Outcome outcome) {
        take(key).settle(outcome);
    }

    private Work<String> take(String key) {
        Work<String> work = Objects.requireNonNull(queue.poll(), "nothing is due");
        assertThat(work.key()).isEqualTo(key);
        return work;
    }

    private List<String> ranNow() {
        List<String> ran = new ArrayList<>();
        for (Work<String> work = queue.poll(); work != null; work = queue.poll()) {
            ran.add(work.key());
            work.settle(Outcome.done());
        }
        return ran;
    }

    // As code without null checks may call it.
    @SuppressWarnings("NullAway")
    private static Outcome unchecked(@Nullable Outcome outcome) {
        return outcome;
    }

    private static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }
}
