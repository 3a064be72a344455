// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import org.jspecify.annotations.Nullable;

/** What is wrong with a server's certificate, for a person to read: the JDK says it four exceptions down. */
final class CertificateFault {

    /** What the JDK begins with where a certificate is for another host; it has no type for that. */
    private static final String OTHER_HOST = "No ";

    private static final int DEEPEST = 10;

    private CertificateFault() {}

    /** What a failed handshake was about, or null if it was not about the certificate. */
    static @Nullable String of(Throwable handshake) {
        Throwable cause = handshake.getCause();
        for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
            String found = at(cause);
            if (found != null) {
                return "the server's certificate " + found;
            }
            cause = cause.getCause();
        }
        return null;
    }

    private static @Nullable String at(Throwable cause) {
        return switch (cause) {
            case CertificateExpiredException expired -> "has expired (" + expired.getMessage() + ")";
            case CertificateNotYetValidException early -> "is not valid yet (" + early.getMessage() + ")";
            case CertPathBuilderException unknown -> "is signed by nobody that is trusted here (expected: a known CA)";
            case CertificateException other -> ofHost(other.getMessage());
            default -> null;
        };
    }

    private static @Nullable String ofHost(@Nullable String message) {
        return message != null && message.startsWith(OTHER_HOST) ? "is for another host (" + message + ")" : null;
    }
}
