// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.NoSuchFileException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ClassifierTest {

    static Stream<Arguments> thrown() {
        return Stream.of(
                Arguments.of(Cause.NETWORK, new ConnectException("Connection refused")),
                Arguments.of(Cause.NETWORK, new SocketException("Connection reset")),
                Arguments.of(Cause.NETWORK, new SocketException("Broken pipe")),
                Arguments.of(Cause.NETWORK, new ClosedChannelException()),
                Arguments.of(Cause.NETWORK, new EOFException("the end")),
                Arguments.of(Cause.NETWORK, new IOException("HTTP/1.1 header parser received no bytes")),
                Arguments.of(Cause.NETWORK, because(new ConnectException(), new ClosedChannelException())),
                Arguments.of(
                        Cause.LOCAL, because(new SocketException(), new SocketException("Network is unreachable"))),
                Arguments.of(Cause.LOCAL, because(new ConnectException(), new UnresolvedAddressException())),
                Arguments.of(Cause.LOCAL, new UnknownHostException("nowhere.example")),
                Arguments.of(Cause.LOCAL, new NoRouteToHostException("No route to host")),
                Arguments.of(Cause.LOCAL, new ConnectException("Network is unreachable")),
                Arguments.of(Cause.LOCAL, new SocketException("Network is unreachable")),
                Arguments.of(Cause.LOCAL, new BindException("Cannot assign requested address")),
                Arguments.of(Cause.LOCAL, new NoSuchFileException("key.pem")),
                Arguments.of(Cause.LOCAL, new FileNotFoundException("key.pem")),
                Arguments.of(Cause.LOCAL, new InterruptedException()),
                Arguments.of(Cause.LOCAL, new ClosedByInterruptException()),
                Arguments.of(Cause.LOCAL, new InterruptedIOException("interrupted")),
                Arguments.of(Cause.LOCAL, new CancellationException()),
                Arguments.of(Cause.TIMEOUT, new SocketTimeoutException("Read timed out")),
                Arguments.of(Cause.TIMEOUT, new HttpTimeoutException("request timed out")),
                Arguments.of(Cause.TIMEOUT, new HttpConnectTimeoutException("HTTP connect timed out")),
                Arguments.of(Cause.TIMEOUT, new TimeoutException()),
                Arguments.of(Cause.TIMEOUT, new InterruptedIOException("timeout")),
                Arguments.of(Cause.TIMEOUT, new InterruptedIOException("of a library") {}),
                Arguments.of(Cause.TLS, new SSLHandshakeException("bad certificate")),
                Arguments.of(Cause.TLS, new SSLHandshakeException("Received fatal alert: handshake_failure")),
                Arguments.of(
                        Cause.TLS, because(new SSLHandshakeException("PKIX"), new CertificateException("expired"))),
                Arguments.of(Cause.TLS, new SSLException("Unsupported or unrecognized SSL message")),
                Arguments.of(Cause.NETWORK, new SSLException("below", new SocketException("Connection reset"))),
                Arguments.of(Cause.NETWORK, new SSLException("below", new EOFException("the end"))),
                Arguments.of(Cause.TIMEOUT, new SSLException("below", new SocketTimeoutException("timed out"))),
                Arguments.of(Cause.PROTOCOL, new ProtocolException("garbage")),
                Arguments.of(Cause.OVERLOAD, new FailedException(Failure.ofHttp(503))),
                Arguments.of(Cause.TIMEOUT, new CompletionException(new SocketTimeoutException())),
                Arguments.of(Cause.NETWORK, new ExecutionException(new UncheckedIOException(new IOException("x")))),
                Arguments.of(Cause.NETWORK, new IllegalArgumentException(new IOException("under a defect"))),
                Arguments.of(Cause.REJECTED, new NullPointerException()),
                Arguments.of(Cause.REJECTED, new NumberFormatException("x")),
                Arguments.of(Cause.REJECTED, new IndexOutOfBoundsException(3)),
                Arguments.of(Cause.REJECTED, new ClassCastException()),
                Arguments.of(Cause.REJECTED, new UnsupportedOperationException()),
                Arguments.of(Cause.REJECTED, new ArithmeticException("/ by zero")),
                Arguments.of(Cause.REJECTED, new RuntimeException(new NullPointerException())),
                Arguments.of(Cause.LOCAL, new OutOfMemoryError("unable to create native thread")),
                Arguments.of(Cause.LOCAL, new ExecutionException(new NoClassDefFoundError("gone"))),
                Arguments.of(Cause.SERVER, new IllegalStateException("who knows")),
                Arguments.of(Cause.SERVER, new RuntimeException("who knows")),
                Arguments.of(Cause.SERVER, new Exception("who knows")));
    }

    @ParameterizedTest
    @MethodSource
    void thrown(Cause cause, Throwable thrown) {
        assertThat(Classifier.standard().failure(thrown).cause()).isEqualTo(cause);
    }

    @ParameterizedTest
    @CsvSource({
        "101, PROTOCOL",
        "200, PROTOCOL",
        "302, PROTOCOL",
        "400, REJECTED",
        "401, AUTH",
        "403, REJECTED",
        "404, REJECTED",
        "408, OVERLOAD",
        "409, REJECTED",
        "425, OVERLOAD",
        "429, OVERLOAD",
        "499, REJECTED",
        "500, SERVER",
        "501, SERVER",
        "502, SERVER",
        "503, OVERLOAD",
        "504, SERVER",
        "599, SERVER",
        "600, PROTOCOL",
    })
    void anHttpStatusStandsForACause(int status, Cause cause) {
        assertThat(Failure.ofHttp(status).cause()).isEqualTo(cause);
    }

    @Test
    void whatIsWrongWithACertificateIsSaidInPlainWords() {
        Exception untrusted = new CertPathBuilderException("unable to find valid certification path");
        assertThat(ofCertificate(new CertificateException("PKIX path building failed", untrusted)))
                .isEqualTo("the server's certificate is signed by nobody that is trusted here (expected: a known CA)");
        Exception expired = new CertificateExpiredException("NotAfter: Sat Nov 28 00:00:00 UTC 2026");
        assertThat(ofCertificate(new CertificateException("PKIX path validation failed", expired)))
                .isEqualTo("the server's certificate has expired (NotAfter: Sat Nov 28 00:00:00 UTC 2026)");
        assertThat(ofCertificate(new CertificateNotYetValidException("NotBefore: tomorrow")))
                .isEqualTo("the server's certificate is not valid yet (NotBefore: tomorrow)");
        assertThat(ofCertificate(new CertificateException("No name matching a.example found")))
                .isEqualTo("the server's certificate is for another host (No name matching a.example found)");
        assertThat(ofCertificate(new CertificateException("revoked"))).isEqualTo("SSLHandshakeException: PKIX");
    }

    private static String ofCertificate(CertificateException fault) {
        Failure failure = Classifier.standard().failure(because(new SSLHandshakeException("PKIX"), fault));
        assertThat(failure.cause()).isEqualTo(Cause.TLS);
        return failure.detail();
    }

    /** As JDK 25 throws them, from a socket and from its HTTP client. */
    @Test
    void aHandshakeThatIsCutShortIsNoMatterOfTls() {
        String ended = "Remote host terminated the handshake";
        Exception end = new SSLHandshakeException(ended);
        assertThat(Classifier.standard().failure(end))
                .isEqualTo(Failure.of(Cause.NETWORK, "SSLHandshakeException: " + ended));
        assertThat(Classifier.standard().failure(because(new SSLHandshakeException(ended), new EOFException("short"))))
                .isEqualTo(Failure.of(Cause.NETWORK, "SSLHandshakeException: " + ended));
        assertThat(Classifier.standard().failure(because(new SSLHandshakeException(ended), end)))
                .isEqualTo(Failure.of(Cause.NETWORK, "SSLHandshakeException: " + ended));
        Throwable reset = because(new SSLHandshakeException("wrapped"), new SocketException("Connection reset"));
        assertThat(Classifier.standard().failure(because(new SSLHandshakeException("twice"), reset)))
                .isEqualTo(Failure.of(Cause.NETWORK, "SocketException: Connection reset"));
    }

    @Test
    void aNameThatIsNotFoundIsNamed() {
        assertThat(Classifier.standard()
                        .failure(new UnknownHostException("nowhere.example: Name or service not known")))
                .isEqualTo(Failure.of(Cause.LOCAL, "host name not found: nowhere.example: Name or service not known"));
        assertThat(Classifier.standard().failure(because(new ConnectException(), new UnresolvedAddressException())))
                .isEqualTo(Failure.of(Cause.LOCAL, "host name not found"));
    }

    @Test
    void aClassifierOfOnesOwnComesFirst() {
        Classifier own = thrown -> thrown instanceof IllegalStateException
                ? Optional.of(Failure.of(Cause.OVERLOAD, "full"))
                : Optional.empty();
        Classifier both = own.or(Classifier.standard());
        assertThat(both.failure(new RuntimeException(new IllegalStateException()))
                        .cause())
                .isEqualTo(Cause.OVERLOAD);
        assertThat(both.failure(new SocketTimeoutException()).cause()).isEqualTo(Cause.TIMEOUT);
        assertThat(own.failure(new SocketTimeoutException()).cause()).isEqualTo(Cause.NETWORK);
    }

    @Test
    void aCircleOfCausesEnds() {
        Exception one = new Exception("one");
        Exception other = new Exception("other", one);
        one.initCause(other);
        assertThat(Classifier.standard().failure(one)).isEqualTo(Failure.of(Cause.SERVER, "Exception: one"));
    }

    @Test
    void theDetailIsOneLineOfWhatWasThrownInside() {
        Failure failure = Classifier.standard().failure(new CompletionException(new IOException("first\nsecond")));
        assertThat(failure.detail()).isEqualTo("IOException: first");
        assertThat(Classifier.standard().failure(new IOException("\n")).detail())
                .isEqualTo("IOException");
    }

    @Test
    void whatWasCalledOffIsKnown() {
        assertThat(Classifier.isCalledOff(new InterruptedException())).isTrue();
        assertThat(Classifier.isCalledOff(new CompletionException(new CancellationException())))
                .isTrue();
        assertThat(Classifier.isCalledOff(new ClosedByInterruptException())).isTrue();
        assertThat(Classifier.isCalledOff(new InterruptedIOException())).isTrue();
        assertThat(Classifier.isCalledOff(new InterruptedIOException("timeout")))
                .isFalse();
        assertThat(Classifier.isCalledOff(new SocketTimeoutException())).isFalse();
        assertThat(Classifier.isCalledOff(new RuntimeException(new InterruptedException())))
                .isFalse();
    }

    @Test
    void aFailureTravelsWithItsException() throws Exception {
        FailedException thrown = new FailedException(new Failure(Cause.OVERLOAD, Duration.ofSeconds(7), "busy"));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(thrown);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(((FailedException) in.readObject()).failure()).isEqualTo(thrown.failure());
        }
        assertThat(thrown.getStackTrace()).as("it costs little").isEmpty();
    }

    private static Throwable because(Throwable thrown, Throwable cause) {
        return thrown.initCause(cause);
    }
}
