// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.link;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.RetryAfter;
import dev.holdfast.opamp.Wire;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.ProtocolException;
import java.net.UnknownHostException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.net.http.WebSocketHandshakeException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.time.Instant;
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
 * @param detail what a person should know; one line
 */
public record Failure(Cause cause, @Nullable Duration retryAfter, String detail) {

    /** Close codes of RFC 6455, section 7.4.1, and of the IANA registry that goes on from there. */
    private static final int NORMAL = 1000;

    private static final int GOING_AWAY = 1001;

    /** Never sent: what a connection that ended without a close is said to have been closed with. */
    private static final int ABNORMAL = 1006;

    private static final int INTERNAL_ERROR = 1011;
    private static final int SERVICE_RESTART = 1012;
    private static final int TRY_AGAIN_LATER = 1013;
    private static final int BAD_GATEWAY = 1014;

    /** What the JDK says of ENETUNREACH, for which it has no type. */
    private static final String NO_NETWORK = "Network is unreachable";

    private static final Pattern MILLISECONDS = Pattern.compile("[0-9]{1,15}");

    /** One without a word from the server on when to return. */
    public static Failure of(Cause cause, String detail) {
        return new Failure(cause, null, detail);
    }

    /**
     * What an exception of the JDK's HTTP client stands for.
     *
     * @param now the date here, which a {@code Retry-After} date is measured from
     */
    static Failure of(Throwable thrown, Instant now) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            Optional<Failure> failure = classify(t, now);
            if (failure.isPresent()) {
                return failure.get();
            }
        }
        Throwable outer =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        return of(Cause.NETWORK, describe(outer));
    }

    /** What the close of a connection by the server stands for. */
    static Failure ofClose(int code, String reason) {
        if (code == ABNORMAL) {
            return of(Cause.NETWORK, "the connection ended without a close");
        }
        Cause cause = switch (code) {
            case NORMAL, GOING_AWAY, SERVICE_RESTART -> Cause.NETWORK;
            case TRY_AGAIN_LATER -> Cause.OVERLOAD;
            case INTERNAL_ERROR, BAD_GATEWAY -> Cause.SERVER;
            default -> Cause.PROTOCOL;
        };
        return of(cause, "closed by the server: " + code + (reason.isEmpty() ? "" : " " + reason));
    }

    private static Optional<Failure> classify(Throwable t, Instant now) {
        return Optional.ofNullable(
                switch (t) {
                    case WebSocketHandshakeException refused -> ofResponse(refused.getResponse(), now);
                    case HttpTimeoutException timeout -> of(Cause.TIMEOUT, describe(timeout));
                    case SSLException tls -> of(Cause.TLS, describe(tls));
                    case UnknownHostException unknown -> of(Cause.LOCAL, "host name not found");
                    case NoRouteToHostException unreachable -> of(Cause.LOCAL, describe(unreachable));
                    case ProtocolException garbage -> of(Cause.PROTOCOL, describe(garbage));
                    case ConnectException connect -> ofConnect(connect);
                    case UnresolvedAddressException unresolved -> of(Cause.LOCAL, "host name not found");
                    default -> null;
                });
    }

    private static @Nullable Failure ofConnect(ConnectException connect) {
        if (NO_NETWORK.equals(connect.getMessage())) {
            return of(Cause.LOCAL, describe(connect));
        }
        // The JDK wraps a name that was not found into one of these: then the cause is what tells.
        return connect.getCause() == null ? of(Cause.NETWORK, describe(connect)) : null;
    }

    private static Failure ofResponse(HttpResponse<?> response, Instant now) {
        Optional<Duration> precise = response.headers()
                .firstValue(Wire.Header.RETRY_AFTER_MS)
                .filter(value -> MILLISECONDS.matcher(value).matches())
                .map(value -> Duration.ofMillis(Long.parseLong(value)));
        Optional<Duration> coarse =
                response.headers().firstValue("Retry-After").flatMap(value -> RetryAfter.parse(value, now));
        return new Failure(
                Cause.ofHttpStatus(response.statusCode()),
                precise.or(() -> coarse).orElse(null),
                "the server answered " + response.statusCode() + " to the upgrade");
    }

    private static String describe(Throwable t) {
        String message = t.getMessage();
        return t.getClass().getSimpleName()
                + (message == null ? "" : ": " + message.lines().findFirst().orElse(""));
    }
}
