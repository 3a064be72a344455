// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.storm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.holdfast.core.work.WorkQueue;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The figures of a storm that is over before any key comes back agree with each other and with its log. */
class StormTest {

    private static final int KEYS = 8;
    private static final Pattern LEFT_OUT = Pattern.compile("([0-9]+) more failures since the last line");

    private final Logger logger = (Logger) org.slf4j.LoggerFactory.getLogger(WorkQueue.class);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listen() {
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void end() {
        logger.detachAppender(log);
    }

    @Test
    void everyAttemptIsCountedAndTold() throws InterruptedException {
        Storm storm = new Storm(KEYS, Duration.ofNanos(1), Duration.ofMillis(250));
        StormRow row = storm.run(Storm.Mode.DEFAULTS);
        // On a slow machine some key may have its second attempt as well.
        assertThat(failuresTold()).isGreaterThanOrEqualTo(KEYS).isEqualTo(storm.attempts());
        assertThat(row.attempts()).isBetween(0L, storm.attempts());
        assertThat(row.succeeded()).isZero();
        // Back from a rate to a count, which the rate's last digit must not change.
        assertThat(Math.round(row.logLinesPerMinute() * row.measuredSeconds() / 60))
                .as("lines, at most so many at once")
                .isBetween(0L, 5L);
        assertAgrees(row);
    }

    @Test
    void whatIsPutBackAtOnceIsCountedWhileItLasts() throws InterruptedException {
        Storm storm = new Storm(KEYS, Duration.ofNanos(1), Duration.ofMillis(50));
        StormRow row = storm.run(Storm.Mode.AT_ONCE);
        assertThat(row.attempts()).isBetween((long) KEYS, storm.attempts());
        assertThat(log.list.size()).as("a line each").isGreaterThanOrEqualTo((int) row.attempts());
        assertAgrees(row);
    }

    @Test
    void underLoadKeysGoWellBesideThem() throws InterruptedException {
        StormRow row = new Storm(KEYS, Duration.ofNanos(1), Duration.ofMillis(100)).run(Storm.Mode.UNDER_LOAD);
        assertThat(row.succeeded()).isPositive();
        assertAgrees(row);
    }

    private static void assertAgrees(StormRow row) {
        assertThat(row.keys()).isEqualTo(KEYS);
        assertThat(row.measuredSeconds()).isPositive();
        assertThat(row.cpuPercentOfCore()).isNotNegative();
        double cpuMicros = row.cpuPercentOfCore() / 100 * row.measuredSeconds() * 1e6;
        assertThat(row.cpuMicrosPerAttempt() * row.attempts())
                .isCloseTo(row.attempts() == 0 ? 0 : cpuMicros, within(1e-3 * (1 + cpuMicros)));
    }

    private long failuresTold() {
        return List.copyOf(log.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .mapToLong(line -> (line.contains(" failed, attempt ") ? 1 : 0)
                        + LEFT_OUT.matcher(line)
                                .results()
                                .map((MatchResult found) -> found.group(1))
                                .mapToLong(Long::parseLong)
                                .sum())
                .sum();
    }
}
