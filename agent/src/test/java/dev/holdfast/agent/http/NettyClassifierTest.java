// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import java.net.ConnectException;
import java.net.SocketException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NettyClassifierTest {

    static Stream<Arguments> thrown() {
        return Stream.of(
                Arguments.of(new ConnectTimeoutException("to 10.0.0.1:1"), Cause.TIMEOUT, "Connect timed out"),
                Arguments.of(
                        annotated(new ConnectException("Connection refused: /10.0.0.1:1"), "Connection refused"),
                        Cause.NETWORK,
                        "ConnectException: Connection refused"),
                Arguments.of(
                        annotated(new SocketException("Network is unreachable: /10.0.0.1:1"), "Network is unreachable"),
                        Cause.LOCAL,
                        "SocketException: Network is unreachable"),
                Arguments.of(
                        new DecoderException(new NotSslRecordException("not an SSL/TLS record: 48545450")),
                        Cause.TLS,
                        "the server does not speak TLS (expected: ws or http for this port)"),
                Arguments.of(
                        new DecoderException(new SSLHandshakeException("Received fatal alert: certificate_required")),
                        Cause.TLS,
                        "SSLHandshakeException: Received fatal alert: certificate_required"),
                Arguments.of(
                        new DecoderException(new IllegalArgumentException("bad")),
                        Cause.PROTOCOL,
                        "the server sent what is no message: java.lang.IllegalArgumentException: bad"),
                Arguments.of(
                        new CorruptedFrameException("RSV != 0"),
                        Cause.PROTOCOL,
                        "the server sent what is no message: RSV != 0"));
    }

    @ParameterizedTest
    @MethodSource
    void thrown(Throwable thrown, Cause cause, String detail) {
        assertThat(NettyClassifier.failureOf(thrown)).isEqualTo(Failure.of(cause, detail));
    }

    /** As Netty does: the address is added to the message, and what the system threw is the cause. */
    private static Throwable annotated(SocketException thrown, String own) {
        return thrown.initCause(
                thrown instanceof ConnectException ? new ConnectException(own) : new SocketException(own));
    }
}
