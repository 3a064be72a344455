// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.RetryAfter;
import dev.holdfast.opamp.Wire;
import java.net.BindException;
import java.net.NoRouteToHostException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Why an attempt failed or a connection ended.
 *
 * @param cause what kind of failure it was
 * @param retryAfter how long the server asked to be left alone, or null if it did not
 * @param detail what a person should know; made one line of at most {@value #MOST_DETAIL} characters, since much of it
 *     is a server's word
 */
public record Failure(Cause cause, @Nullable Duration retryAfter, String detail) {

    /** Close codes of RFC 6455, section 7.4.1, and of the IANA registry that goes on from there. */
    private static final int NORMAL = 1000;

    private static final int GOING_AWAY = 1001;

    /** Never sent: what a close without a code is said to bear. */
    private static final int NO_CODE = 1005;

    /** Never sent: what a connection that ended without a close is said to have been closed with. */
    private static final int ABNORMAL = 1006;

    private static final int INTERNAL_ERROR = 1011;
    private static final int SERVICE_RESTART = 1012;
    private static final int TRY_AGAIN_LATER = 1013;
    private static final int BAD_GATEWAY = 1014;

    /** What the JDK says of ENETUNREACH, for which it has no type. */
    private static final String NO_NETWORK = "Network is unreachable";

    private static final Pattern MILLISECONDS = Pattern.compile("[0-9]{1,15}");

    private static final int MOST_DETAIL = 300;

    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cntrl}\\u2028\\u2029]+");

    /** Keeps the detail to one line. */
    public Failure {
        String line = UNPRINTABLE.matcher(detail).replaceAll(" ");
        detail = line.length() > MOST_DETAIL ? line.substring(0, MOST_DETAIL) + "…" : line;
    }

    /** One without a word from the server on when to return. */
    public static Failure of(Cause cause, String detail) {
        return new Failure(cause, null, detail);
    }

    /** What an exception of a transport stands for. */
    public static Failure of(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            Optional<Failure> failure = classify(t);
            if (failure.isPresent()) {
                return failure.get();
            }
        }
        Throwable outer =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        return of(Cause.NETWORK, describe(outer));
    }

    /** What the close of a connection by the server stands for. */
    public static Failure ofClose(int code, String reason) {
        if (code == ABNORMAL) {
            return of(Cause.NETWORK, "the connection ended without a close");
        }
        Cause cause = switch (code) {
            case NORMAL, GOING_AWAY, NO_CODE, SERVICE_RESTART -> Cause.NETWORK;
            case TRY_AGAIN_LATER -> Cause.OVERLOAD;
            case INTERNAL_ERROR, BAD_GATEWAY -> Cause.SERVER;
            default -> Cause.PROTOCOL;
        };
        return of(cause, "closed by the server: " + code + (reason.isEmpty() ? "" : " " + reason));
    }

    private static Optional<Failure> classify(Throwable t) {
        return Optional.ofNullable(
                switch (t) {
                    case SocketTimeoutException timeout -> of(Cause.TIMEOUT, describe(timeout));
                    case SSLException tls -> of(Cause.TLS, describe(tls));
                    case UnknownHostException unknown -> of(Cause.LOCAL, "host name not found");
                    case NoRouteToHostException unreachable -> of(Cause.LOCAL, describe(unreachable));
                    case BindException noneFree -> of(Cause.LOCAL, describe(noneFree));
                    case ProtocolException garbage -> of(Cause.PROTOCOL, describe(garbage));
                    case SocketException socket ->
                        of(NO_NETWORK.equals(socket.getMessage()) ? Cause.LOCAL : Cause.NETWORK, describe(socket));
                    default -> null;
                });
    }

    /**
     * What an HTTP answer stands for, where something else was wanted. A server says when to return in {@code
     * Retry-After}, as seconds or as a date. A date is measured from the answer's own {@code Date}, so that a clock
     * that is wrong, here or there, makes no difference.
     *
     * @param headers the answer's, with names found whatever their case
     * @param now the date here, which a {@code Retry-After} date is measured from if the answer bears no date
     */
    public static Failure ofAnswer(int status, Map<String, String> headers, Instant now) {
        Instant there = header(headers, "Date")
                .flatMap(date -> RetryAfter.date(date, now))
                .orElse(now);
        Optional<Duration> precise = header(headers, Wire.Header.RETRY_AFTER_MS)
                .filter(value -> MILLISECONDS.matcher(value).matches())
                .map(value -> Duration.ofMillis(Long.parseLong(value)));
        Optional<Duration> coarse = header(headers, "Retry-After").flatMap(value -> RetryAfter.parse(value, there));
        return new Failure(
                Cause.ofHttpStatus(status),
                precise.or(() -> coarse).orElse(null),
                "the server answered " + status + " to the upgrade");
    }

    private static Optional<String> header(Map<String, String> headers, String name) {
        return Optional.ofNullable(headers.get(name));
    }

    private static String describe(Throwable t) {
        String message = t.getMessage();
        return t.getClass().getSimpleName()
                + (message == null ? "" : ": " + message.lines().findFirst().orElse(""));
    }
}
