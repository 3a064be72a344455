// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Why an attempt failed.
 *
 * @param cause what kind of failure it was
 * @param retryAfter how long the other side asked to be left alone, or null if it did not
 * @param detail what a person should know; one line
 */
public record Failure(Cause cause, @Nullable Duration retryAfter, String detail) implements Serializable {

    /** One without a word from the other side on when to return. */
    public static Failure of(Cause cause, String detail) {
        return new Failure(cause, null, detail);
    }

    /**
     * What an HTTP answer stands for that was not the one wanted.
     *
     * @param status its status
     * @param retryAfter its {@code Retry-After} header, or null if it has none; one that makes no sense counts as none
     * @param now the date here, which a date in the header is measured from
     */
    public static Failure ofHttp(int status, @Nullable String retryAfter, Instant now) {
        Duration delay =
                retryAfter == null ? null : RetryAfter.parse(retryAfter, now).orElse(null);
        return new Failure(Cause.ofHttpStatus(status), delay, "HTTP status " + status);
    }

    /** How long the other side asked to be left alone; zero if it did not. */
    public Duration floor() {
        return retryAfter == null ? Duration.ZERO : retryAfter;
    }
}
