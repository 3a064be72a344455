// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import dev.holdfast.core.policy.Backoff;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.policy.LineLimit;
import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Writes down why a call waits: after each failed attempt one line with its cause, where the delay comes from and what
 * is left of the policy.
 *
 * <pre>
 * check-in: attempt 2 failed (NETWORK: ConnectException: Connection refused), next in 11s (backoff); 3 attempts left
 * check-in: attempt 3 failed (OVERLOAD: HTTP status 503), next in 31s (asked for 30s); 2 attempts left
 * check-in: went well at attempt 4
 * check-in: given up after attempt 5 (ATTEMPTS), SERVER: HTTP status 500
 * </pre>
 *
 * <p>Lines on attempts that failed are limited to {@value #BURST} at once and then one every {@value #SECONDS} s, with
 * a count of those left out. Safe for use by any thread.
 */
public final class RetryLog implements RetryListener {

    private static final int BURST = 5;
    private static final int SECONDS = 10;

    private final Logger log;
    private final String what;
    private final LongSupplier clock;
    private final LineLimit lines;

    /**
     * A log of its own limit.
     *
     * @param log where the lines go: at INFO, those on giving up at WARN
     * @param what is called; each line begins with it
     * @param clock monotonic nanoseconds, such as {@code time::nanoTime}
     */
    public RetryLog(Logger log, String what, LongSupplier clock) {
        this.log = log;
        this.what = what;
        this.clock = clock;
        this.lines = new LineLimit(BURST, Duration.ofSeconds(SECONDS), clock.getAsLong());
    }

    @Override
    public void retries(Failure failure, int attempt, RetryState.Again next) {
        admit().ifPresent(before -> log.info("{}: {}{}", what, explanation(failure, attempt, next), leftOut(before)));
    }

    @Override
    public void gaveUp(Failure failure, int attempts, RetryState.Reason reason) {
        log.warn(
                "{}: given up after attempt {} ({}), {}: {}",
                what,
                attempts,
                reason,
                failure.cause(),
                failure.detail());
    }

    @Override
    public void succeeded(int attempts) {
        if (attempts > 1) {
            log.info("{}: went well at attempt {}", what, attempts);
        }
    }

    /** Why the next attempt is when it is, in one line. */
    public static String explanation(Failure failure, int attempt, RetryState.Again next) {
        Duration asked = failure.floor();
        StringBuilder line = new StringBuilder()
                .append("attempt ")
                .append(attempt)
                .append(" failed (")
                .append(failure.cause())
                .append(": ")
                .append(failure.detail())
                .append("), next in ")
                .append(Durations.print(next.delay()))
                .append(asked.isPositive() ? " (asked for " + Durations.print(asked) + ")" : " (backoff)");
        String separator = "; ";
        if (next.attemptsLeft() != Integer.MAX_VALUE) {
            line.append(separator).append(next.attemptsLeft()).append(" attempts left");
            separator = ", ";
        }
        if (!next.timeLeft().equals(Backoff.LONGEST)) {
            line.append(separator).append(Durations.print(next.timeLeft())).append(" left");
        }
        return line.toString();
    }

    private OptionalLong admit() {
        synchronized (lines) {
            return lines.admit(clock.getAsLong());
        }
    }

    private static String leftOut(long lines) {
        return lines == 0 ? "" : " (" + lines + " like it left out)";
    }
}
