// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** See {@link Classifier#standard}. */
final class StandardClassifier implements Classifier {

    /** What the JDK says of ENETUNREACH, for which it has no type. */
    private static final String NO_NETWORK = "Network is unreachable";

    @Override
    public Optional<Failure> classify(Throwable thrown) {
        return Optional.ofNullable(
                switch (thrown) {
                    case FailedException told -> told.failure();
                    case HttpTimeoutException timeout -> Failure.of(Cause.TIMEOUT, describe(timeout));
                    case SocketTimeoutException timeout -> Failure.of(Cause.TIMEOUT, describe(timeout));
                    case TimeoutException timeout -> Failure.of(Cause.TIMEOUT, describe(timeout));
                    case InterruptedIOException interrupted -> Failure.of(Cause.LOCAL, describe(interrupted));
                    case SSLException tls -> Failure.of(Cause.TLS, describe(tls));
                    case UnknownHostException unknown -> Failure.of(Cause.LOCAL, describe(unknown));
                    case UnresolvedAddressException unresolved -> Failure.of(Cause.LOCAL, "host name not found");
                    case NoRouteToHostException unreachable -> Failure.of(Cause.LOCAL, describe(unreachable));
                    case ProtocolException garbage -> Failure.of(Cause.PROTOCOL, describe(garbage));
                    case ConnectException connect -> ofConnect(connect);
                    default -> null;
                });
    }

    private static @Nullable Failure ofConnect(ConnectException connect) {
        if (NO_NETWORK.equals(connect.getMessage())) {
            return Failure.of(Cause.LOCAL, describe(connect));
        }
        // The JDK wraps a name that was not found into one of these: then the cause is what tells.
        return connect.getCause() == null ? Failure.of(Cause.NETWORK, describe(connect)) : null;
    }

    /** What was thrown inside of a task or stage, not what it was wrapped into. */
    static Throwable unwrapped(Throwable thrown) {
        boolean wrapped = thrown instanceof CompletionException || thrown instanceof ExecutionException;
        return wrapped && thrown.getCause() != null ? thrown.getCause() : thrown;
    }

    static String describe(Throwable thrown) {
        String message = thrown.getMessage();
        return thrown.getClass().getSimpleName()
                + (message == null ? "" : ": " + message.lines().findFirst().orElse(""));
    }
}
