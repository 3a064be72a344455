// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class WorkLogTest {

    private static final Pattern MORE = Pattern.compile("(\\d+) more (failures|given up on|not taken) since");

    private static final WorkPolicy PLAIN =
            WorkPolicy.DEFAULT.withBackoff(Backoff.exponential(Duration.ofSeconds(1), 2, Duration.ofSeconds(60)));

    private final VirtualTime time = new VirtualTime();
    private final Logger logger = (Logger) LoggerFactory.getLogger(WorkQueue.class);
    private final List<String> lines = new ArrayList<>();
    private final List<Long> when = new ArrayList<>();

    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getLevel() + " " + event.getFormattedMessage());
            when.add(time.elapsed().toSeconds());
        }
    };

    @BeforeEach
    void listen() {
        logger.setAdditive(false);
        appender.start();
        logger.addAppender(appender);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(appender);
        logger.setAdditive(true);
    }

    @Test
    void eachFailureSaysWhyWhichAttemptItWasAndWhenTheNextIs() {
        WorkQueue<String> queue = queue(PLAIN.withMaxRetries(2));
        queue.add("disk-3");
        settle(queue, Outcome.retry("not mounted yet"));
        time.advance(Duration.ofSeconds(1));
        settle(queue, Outcome.retry(new Failure(Cause.OVERLOAD, Duration.ofMillis(7_500), "HTTP status 503")));
        time.advance(Duration.ofMillis(7_500));
        settle(queue, Outcome.retry("not mounted yet"));
        assertThat(lines)
                .containsExactly(
                        "WARN tasks: key disk-3 failed, attempt 1 of 3: SERVER (not mounted yet); next in 1s",
                        "WARN tasks: key disk-3 failed, attempt 2 of 3: OVERLOAD (HTTP status 503); next in 7s500ms",
                        "ERROR tasks: key disk-3 is given up on after 3 failed attempts since 2026-01-01T00:00:00Z,"
                                + " its retries are used up; it runs again when it is released. Last failures:"
                                + " SERVER (not mounted yet); OVERLOAD (HTTP status 503)");
    }

    @Test
    void theOtherWaysToEndSayWhichTheyAre() {
        WorkQueue<String> queue = queue(PLAIN);
        queue.add("a");
        settle(queue, Outcome.permanent("no such host"));
        queue.add("b", Terms.NOW.withDeadline(Duration.ofMillis(400)));
        settle(queue, Outcome.retry("no"));
        time.advance(Duration.ofMillis(400));
        settle(queue, Outcome.retry("no"));
        assertThat(lines)
                .containsExactly(
                        "ERROR tasks: key a is given up on after a failed attempt at 2026-01-01T00:00:00Z, its failure"
                                + " is permanent; it runs again when it is released. Last failures: REJECTED (no such host)",
                        "WARN tasks: key b failed, attempt 1 of 11: SERVER (no); next in 400ms",
                        "ERROR tasks: key b is given up on after 2 failed attempts since 2026-01-01T00:00:00Z, its"
                                + " deadline has passed; it runs again when it is released. Last failures: SERVER (no)");
    }

    @Test
    void aLineSaysNoMoreThanIsKnown() {
        WorkQueue<String> queue = queue(PLAIN.withMaxRetries(Integer.MAX_VALUE).withRetryRate(1, 1));
        queue.add("a");
        settle(queue, Outcome.retry("no"));
        queue.add("b");
        Work<String> work = Objects.requireNonNull(queue.poll());
        queue.close();
        work.settle(Outcome.retry("interrupted"));
        assertThat(lines)
                .containsExactly(
                        "WARN tasks: key a failed, attempt 1: SERVER (no); next in 1s at the earliest",
                        "WARN tasks: key b failed, attempt 1: SERVER (interrupted); the queue is closed");
    }

    @Test
    void aFullQueueSaysWhatItDidNotTake() {
        WorkQueue<String> queue = queue(PLAIN.withCapacity(1));
        queue.add("a");
        for (int key = 0; key < 9; key++) {
            queue.add("key-" + key);
        }
        assertThat(lines)
                .hasSize(5)
                .first()
                .isEqualTo("WARN tasks: key key-0 is not taken, the queue is full (expected: at most 1 keys; remove or"
                        + " release terminal ones, or raise the capacity)");
        time.advance(Duration.ofMinutes(1));
        assertThat(lines)
                .hasSize(6)
                .last()
                .isEqualTo("WARN tasks: 4 more not taken since the last line (0 keys are failing, 0 given up on)");
    }

    @Test
    void manyFailuresAreSummedUpAndNoneIsLeftUntold() {
        WorkQueue<Integer> queue = queue(PLAIN.withMaxRetries(1));
        for (int key = 0; key < 100; key++) {
            queue.add(key);
        }
        settleAll(queue);
        assertThat(lines).hasSize(5);
        time.advance(Duration.ofSeconds(2));
        settleAll(queue);
        assertThat(lines).hasSize(10);
        time.advance(Duration.ofSeconds(60));
        assertThat(lines.subList(10, lines.size()))
                .containsExactly(
                        "WARN tasks: 95 more failures since the last line (0 keys are failing, 100 given up on)",
                        "ERROR tasks: 95 more given up on since the last line (0 keys are failing, 100 given up on)");
        assertThat(time.waiting()).isZero();
    }

    @Test
    void whatIsStillUntoldWhenTheQueueClosesIsToldThen() {
        WorkQueue<Integer> queue = queue(PLAIN);
        for (int key = 0; key < 7; key++) {
            queue.add(key);
        }
        settleAll(queue);
        queue.close();
        queue.close();
        time.advance(Duration.ofSeconds(60));
        assertThat(lines)
                .hasSize(6)
                .last()
                .isEqualTo("WARN tasks: 2 more failures since the last line (7 keys are failing, 0 given up on)");
    }

    @Test
    void aKeyThatCannotBePrintedIsToldAllTheSame() {
        class Mute {
            @Override
            public String toString() {
                throw new IllegalStateException("mute");
            }
        }
        WorkQueue<Mute> queue = queue(PLAIN);
        queue.add(new Mute());
        settle(queue, Outcome.permanent("no"));
        assertThat(lines).singleElement().asString().contains("a key of " + Mute.class.getName() + " is given up on");
    }

    /** The bound: twelve lines a minute, and ten more at once after a quiet time. */
    @Test
    void aHundredThousandFailingKeysCostTwelveLinesAMinuteAndEachFailureIsInTheCount() {
        WorkPolicy policy = PLAIN.withBackoff(Backoff.exponential(Duration.ofSeconds(1), 3, Duration.ofMinutes(10)))
                .withMaxRetries(Integer.MAX_VALUE);
        WorkQueue<Integer> queue = queue(policy);
        SplittableRandom chance = new SplittableRandom(20261122);
        for (int key = 0; key < 100_000; key++) {
            queue.add(key);
        }
        long failures = 0;
        while (time.elapsed().compareTo(Duration.ofHours(1)) < 0) {
            for (Work<Integer> work = queue.poll(); work != null; work = queue.poll()) {
                failures++;
                if (chance.nextInt(10) == 0) {
                    work.settle(Outcome.permanent("no"));
                    queue.release(work.key());
                } else {
                    work.settle(Outcome.retry("no"));
                }
            }
            time.step();
        }
        assertThat(failures).isGreaterThan(1_000_000);
        assertThat(lines.size()).isBetween(600, 2 * (5 + 360));
        for (int line = 22; line < when.size(); line++) {
            assertThat(when.get(line) - when.get(line - 22)).isGreaterThanOrEqualTo(60);
        }
        queue.close();
        assertThat(lines.stream().mapToLong(WorkLogTest::told).sum()).isEqualTo(failures);
    }

    /** How many failures a line tells of. */
    private static long told(String line) {
        Matcher more = MORE.matcher(line);
        long own = line.contains(": key ") ? 1 : 0;
        return more.find() ? own + Long.parseLong(more.group(1)) : own;
    }

    private <K> WorkQueue<K> queue(WorkPolicy policy) {
        return new WorkQueue<>("tasks", policy, time, new SplittableRandom(1));
    }

    private static <K> void settle(WorkQueue<K> queue, Outcome outcome) {
        Objects.requireNonNull(queue.poll()).settle(outcome);
    }

    private static void settleAll(WorkQueue<Integer> queue) {
        for (Work<Integer> work = queue.poll(); work != null; work = queue.poll()) {
            work.settle(Outcome.retry("no"));
        }
    }
}
