// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.retry;

import java.util.ArrayDeque;
import java.util.Queue;

/** What the attempts of one call threw: the newest of them, so that a call without a limit does not fill memory. */
// What is thrown is told apart by identity.
@SuppressWarnings("ReferenceEquality")
final class Failures {

    private static final int KEPT = 10;

    private final Queue<Throwable> thrown = new ArrayDeque<>();

    void add(Throwable failure) {
        if (thrown.size() == KEPT) {
            thrown.remove();
        }
        thrown.add(failure);
    }

    /** The same {@code last}, with those before it suppressed in it. */
    <X extends Throwable> X last(X last) {
        for (Throwable earlier : thrown) {
            // An exception may be thrown over and over: it cannot suppress itself, and must not grow for ever.
            if (earlier != last && last.getSuppressed().length < KEPT) {
                last.addSuppressed(earlier);
            }
        }
        return last;
    }
}
