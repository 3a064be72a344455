// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.BindException;
import java.net.NoRouteToHostException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.FileSystemException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** See {@link Classifier#standard}. */
final class StandardClassifier implements Classifier {

    /** What the JDK says of ENETUNREACH, for which it has no type. */
    private static final String NO_NETWORK = "Network is unreachable";

    private static final String TIMED_OUT = "timeout";

    /** What the JDK says of a handshake that ended without a word, for which it has no type. */
    private static final String HANDSHAKE_ENDED = "Remote host terminated the handshake";

    @Override
    public Optional<Failure> classify(Throwable thrown) {
        return Optional.ofNullable(
                switch (thrown) {
                    case FailedException told -> told.failure();
                    case HttpTimeoutException timeout -> Failure.of(Cause.TIMEOUT, describe(timeout));
                    case SocketTimeoutException timeout -> Failure.of(Cause.TIMEOUT, describe(timeout));
                    case TimeoutException timeout -> Failure.of(Cause.TIMEOUT, describe(timeout));
                    case InterruptedIOException cut ->
                        Failure.of(isCalledOff(cut) ? Cause.LOCAL : Cause.TIMEOUT, describe(cut));
                    case ClosedByInterruptException interrupted -> Failure.of(Cause.LOCAL, describe(interrupted));
                    case InterruptedException interrupted -> Failure.of(Cause.LOCAL, describe(interrupted));
                    case CancellationException cancelled -> Failure.of(Cause.LOCAL, describe(cancelled));
                    case SSLException tls -> ofTls(tls);
                    case UnknownHostException unknown -> ofName(unknown.getMessage());
                    case UnresolvedAddressException unresolved -> ofName(null);
                    case NoRouteToHostException unreachable -> Failure.of(Cause.LOCAL, describe(unreachable));
                    case ProtocolException garbage -> Failure.of(Cause.PROTOCOL, describe(garbage));
                    case BindException bound -> Failure.of(Cause.LOCAL, describe(bound));
                    case SocketException socket -> ofSocket(socket);
                    case FileSystemException file -> Failure.of(Cause.LOCAL, describe(file));
                    case FileNotFoundException file -> Failure.of(Cause.LOCAL, describe(file));
                    // Out of memory or of threads, or a class is missing.
                    case VirtualMachineError here -> Failure.of(Cause.LOCAL, describe(here));
                    case LinkageError here -> Failure.of(Cause.LOCAL, describe(here));
                    default -> null;
                });
    }

    /** @param which the name, and mostly why, or null if that is not known */
    private static Failure ofName(@Nullable String which) {
        return Failure.of(Cause.LOCAL, "host name not found" + (which == null ? "" : ": " + which));
    }

    /** The JDK wraps into these a name that was not found, and Netty each of them: then the cause is what tells. */
    private static @Nullable Failure ofSocket(SocketException socket) {
        if (socket.getCause() != null) {
            return null;
        }
        boolean here = NO_NETWORK.equals(socket.getMessage());
        return Failure.of(here ? Cause.LOCAL : Cause.NETWORK, describe(socket));
    }

    /**
     * TLS is to blame only for what it finds itself: a certificate that is not good, an alert, bytes that are not TLS.
     * To reset, to end or to fall silent within a handshake is what a server does that restarts or sheds load, and that
     * must send nobody to look at certificates. The JDK wraps it all the same, its HTTP client twice over: then the
     * cause is what tells.
     */
    private static @Nullable Failure ofTls(SSLException tls) {
        if (HANDSHAKE_ENDED.equals(tls.getMessage())) {
            return Failure.of(Cause.NETWORK, describe(tls));
        }
        String certificate = CertificateFault.of(tls);
        if (certificate != null) {
            return Failure.of(Cause.TLS, certificate);
        }
        return tls.getCause() instanceof IOException ? null : Failure.of(Cause.TLS, describe(tls));
    }

    /** What the JDK throws where a program is wrong: calling again gives the same. */
    static boolean isDefect(Throwable thrown) {
        return thrown instanceof NullPointerException
                || thrown instanceof IllegalArgumentException
                || thrown instanceof IndexOutOfBoundsException
                || thrown instanceof ClassCastException
                || thrown instanceof UnsupportedOperationException
                || thrown instanceof ArithmeticException;
    }

    /** See {@link Classifier#isCalledOff}. */
    static boolean isCalledOff(Throwable thrown) {
        Throwable inner = unwrapped(thrown);
        return inner instanceof InterruptedException
                || inner instanceof CancellationException
                || inner instanceof ClosedByInterruptException
                // Libraries use it, and types of their own below it, for time-outs too.
                || (inner.getClass() == InterruptedIOException.class && !TIMED_OUT.equals(inner.getMessage()));
    }

    /** What was thrown inside of a task or stage, not what it was wrapped into. */
    static Throwable unwrapped(Throwable thrown) {
        boolean wrapped = thrown instanceof CompletionException || thrown instanceof ExecutionException;
        return wrapped && thrown.getCause() != null ? thrown.getCause() : thrown;
    }

    static String describe(Throwable thrown) {
        String message = thrown.getMessage();
        String line = message == null ? "" : message.strip().lines().findFirst().orElse("");
        return thrown.getClass().getSimpleName() + (line.isEmpty() ? "" : ": " + line);
    }
}
