// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.Failure;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.util.Optional;

/** Knows what Netty throws and the JDK does not. */
final class NettyClassifier implements Classifier {

    private static final Classifier WITH_THE_JDKS = new NettyClassifier().or(Classifier.standard());

    private NettyClassifier() {}

    /** Why a connection on Netty failed. */
    static Failure failureOf(Throwable thrown) {
        return WITH_THE_JDKS.failure(thrown);
    }

    @Override
    public Optional<Failure> classify(Throwable thrown) {
        return switch (thrown) {
            case ConnectTimeoutException timeout -> Optional.of(Failure.of(Cause.TIMEOUT, "Connect timed out"));
            // Netty's own message is a dump of what came instead.
            case NotSslRecordException plain ->
                Optional.of(
                        Failure.of(Cause.TLS, "the server does not speak TLS (expected: ws or http for this port)"));
            case DecoderException undecoded -> ofDecoder(undecoded);
            default -> Optional.empty();
        };
    }

    private static Optional<Failure> ofDecoder(DecoderException undecoded) {
        // What TLS found comes wrapped into one of these.
        return undecoded.getCause() instanceof IOException
                ? Optional.empty()
                : Optional.of(
                        Failure.of(Cause.PROTOCOL, "the server sent what is no message: " + undecoded.getMessage()));
    }
}
