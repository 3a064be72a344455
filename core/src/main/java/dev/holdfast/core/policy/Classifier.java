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
     * Looks along the chain of causes, from the outermost inwards. Where {@link #classify} knows nothing in it,
     *
     * <ul>
     *   <li>an {@link IOException} anywhere in it is {@link Cause#NETWORK};
     *   <li>else what the JDK throws for a defect of the program is {@link Cause#REJECTED}, since the same call fails
     *       the same way again, and the other side is not to blame: {@link NullPointerException},
     *       {@link IllegalArgumentException}, {@link IndexOutOfBoundsException}, {@link ClassCastException},
     *       {@link UnsupportedOperationException}, {@link ArithmeticException};
     *   <li>anything else, {@link IllegalStateException} and a plain {@link RuntimeException} among it, is
     *       {@link Cause#SERVER}: libraries throw these for what went wrong far away, and no more is known.
     * </ul>
     */
    default Failure failure(Throwable thrown) {
        boolean io = false;
        boolean defect = false;
        // Longer chains than this are circles.
        int left = 100;
        for (Throwable t = thrown; t != null && left > 0; t = t.getCause(), left--) {
            Optional<Failure> failure = classify(t);
            if (failure.isPresent()) {
                return failure.get();
            }
            io |= t instanceof IOException;
            defect |= StandardClassifier.isDefect(t);
        }
        Cause cause = io ? Cause.NETWORK : defect ? Cause.REJECTED : Cause.SERVER;
        return Failure.of(cause, StandardClassifier.describe(StandardClassifier.unwrapped(thrown)));
    }

    /**
     * Whether a call ended because someone here called it off, which says nothing about the other side and is no
     * reason to call again: the thread was interrupted, or the future cancelled.
     */
    static boolean isCalledOff(Throwable thrown) {
        return StandardClassifier.isCalledOff(thrown);
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
