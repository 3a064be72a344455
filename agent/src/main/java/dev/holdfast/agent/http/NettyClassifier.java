// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Classifier;
import dev.holdfast.core.policy.Failure;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.proxy.ProxyConnectException;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Knows what Netty throws and the JDK does not. */
final class NettyClassifier implements Classifier {

    private static final Classifier WITH_THE_JDKS = new NettyClassifier().or(Classifier.standard());

    private static final Pattern STATUS = Pattern.compile("status: ([0-9]{3})");

    private static final String PROXY_AUTHENTICATION = "407";

    private NettyClassifier() {}

    /** Why a connection on Netty failed. */
    static Failure failureOf(Throwable thrown) {
        return WITH_THE_JDKS.failure(thrown);
    }

    @Override
    public Optional<Failure> classify(Throwable thrown) {
        return switch (thrown) {
            case ProxyConnectException refused -> Optional.of(ofProxy(refused));
            case ConnectTimeoutException timeout -> Optional.of(Failure.of(Cause.TIMEOUT, "Connect timed out"));
            // Netty's own message is a dump of what came instead.
            case NotSslRecordException plain ->
                Optional.of(
                        Failure.of(Cause.TLS, "the server does not speak TLS (expected: ws or http for this port)"));
            case DecoderException undecoded -> ofDecoder(undecoded);
            default -> Optional.empty();
        };
    }

    /** Netty tells the status in its message alone. A proxy that cannot reach the server says so with a 5xx. */
    private static Failure ofProxy(ProxyConnectException refused) {
        Matcher status = STATUS.matcher(String.valueOf(refused.getMessage()));
        if (!status.find()) {
            return Failure.of(Cause.NETWORK, "not connected by it");
        }
        return switch (status.group(1)) {
            case PROXY_AUTHENTICATION ->
                Failure.of(
                        Cause.REJECTED,
                        "it asks for credentials, status 407 (expected: proxy.username and proxy.password that it"
                                + " knows)");
            case "403", "405" ->
                Failure.of(Cause.REJECTED, "it does not connect to this server, status " + status.group(1));
            default -> Failure.of(Cause.NETWORK, "not connected by it, status " + status.group(1));
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
