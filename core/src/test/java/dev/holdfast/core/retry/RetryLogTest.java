// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchException;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.FailedException;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class RetryLogTest {

    private final Logger logger = (Logger) LoggerFactory.getLogger("retry-log-test");
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final VirtualTime time = new VirtualTime();
    private final Backoff backoff = Backoff.exponential(Duration.ofSeconds(5), 2, Duration.ofMinutes(5));

    @BeforeEach
    void listen() {
        lines.start();
        logger.setAdditive(false);
        logger.addAppender(lines);
    }

    @AfterEach
    void leave() {
        logger.detachAppender(lines);
    }

    @Test
    void everyDelayExplainsItself() throws Exception {
        RetryPolicy policy = RetryPolicy.of(backoff).withMaxAttempts(5).withMaxElapsed(Duration.ofMinutes(2));
        Retry retry = retry(policy);
        Iterator<Exception> failures = List.<Exception>of(
                        new ConnectException("Connection refused"),
                        new FailedException(new Failure(Cause.OVERLOAD, Duration.ofSeconds(30), "HTTP status 503")))
                .iterator();
        retry.call(() -> {
            if (failures.hasNext()) {
                throw failures.next();
            }
            return "well";
        });
        assertThat(messages())
                .containsExactly(
                        "check-in: attempt 1 failed (NETWORK: ConnectException: Connection refused),"
                                + " next in 5s (backoff); 4 attempts left, 1m55s left",
                        "check-in: attempt 2 failed (OVERLOAD: HTTP status 503),"
                                + " next in 30s (asked for 30s); 3 attempts left, 1m25s left",
                        "check-in: went well at attempt 3");
    }

    @Test
    void givingUpSaysWhy() {
        Retry retry = retry(RetryPolicy.of(backoff).withMaxAttempts(1));
        assertThat(catchException(() -> retry.call(() -> {
                    throw new IOException("reset");
                })))
                .isNotNull();
        assertThat(messages())
                .containsExactly("check-in: given up after attempt 1 (ATTEMPTS), NETWORK: IOException: reset");
    }

    @Test
    void aCallThatGoesWellAtOnceIsNotWorthALine() throws Exception {
        assertThat(retry(RetryPolicy.of(backoff)).call(() -> "well")).isEqualTo("well");
        assertThat(messages()).isEmpty();
    }

    @Test
    void repeatsAreLimitedAndCounted() {
        Retry retry =
                retry(RetryPolicy.of(Backoff.constant(Duration.ofSeconds(1))).withMaxAttempts(30));
        assertThat(catchException(() -> retry.call(() -> {
                    throw new IOException("reset");
                })))
                .isNotNull();
        assertThat(messages()).hasSize(5 + 2 + 1);
        assertThat(messages().get(5)).endsWith("next in 1s (backoff); 19 attempts left (5 like it left out)");
    }

    private Retry retry(RetryPolicy policy) {
        return new Retry(policy, time, () -> 0L).withListener(new RetryLog(logger, "check-in", time::nanoTime));
    }

    private List<String> messages() {
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
