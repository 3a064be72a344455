// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import java.io.IOException;
import java.util.Optional;

/**
 * Tells from what was thrown why an attempt failed.
 *
 * <p>Put one of your own in front of the standard one for exceptions that it does not know:
 *
 * <pre>{@code
 * Classifier classifier = thrown -> thrown instanceof QuotaException quota
 *         ? Optional.of(new Failure(Cause.OVERLOAD, quota.resetsIn(), quota.getMessage()))
 *         : Optional.empty();
 * classifier = classifier.or(Classifier.standard());
 * }</pre>
 */
@FunctionalInterface
public interface Classifier {

    /**
     * Looks at one exception, not at what caused it.
     *
     * @return nothing if it cannot tell
     */
    Optional<Failure> classify(Throwable thrown);

    /**
     * Looks along the chain of causes, from the outermost inwards. Where nothing in it is known, an
     * {@link IOException} anywhere in it is {@link Cause#NETWORK} and anything else {@link Cause#SERVER}: the other
     * side failed, and no more is known.
     */
    default Failure failure(Throwable thrown) {
        boolean io = false;
        // Longer chains than this are circles.
        int left = 100;
        for (Throwable t = thrown; t != null && left > 0; t = t.getCause(), left--) {
            Optional<Failure> failure = classify(t);
            if (failure.isPresent()) {
                return failure.get();
            }
            io |= t instanceof IOException;
        }
        return Failure.of(
                io ? Cause.NETWORK : Cause.SERVER, StandardClassifier.describe(StandardClassifier.unwrapped(thrown)));
    }

    /** Asks this one first, then {@code other}. */
    default Classifier or(Classifier other) {
        return thrown -> {
            Optional<Failure> failure = classify(thrown);
            return failure.isPresent() ? failure : other.classify(thrown);
        };
    }

    /**
     * Knows what the JDK's sockets, its TLS and its HTTP client throw, time-outs, and the exceptions of this package.
     */
    static Classifier standard() {
        return new StandardClassifier();
    }
}
