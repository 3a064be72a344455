// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.work;

import dev.holdfast.core.policy.Cause;
import dev.holdfast.core.policy.Failure;
import java.time.Duration;

/** How a run of a key ended. */
public sealed interface Outcome {

    /** It is done; its failures are forgotten. */
    static Outcome done() {
        return Done.DONE;
    }

    /** It went well and has more to do, no sooner than {@code after}; its failures are forgotten. */
    static Outcome again(Duration after) {
        return new Again(after);
    }

    /** It failed, and is tried again with backoff. */
    static Outcome retry(Failure failure) {
        return new Retry(failure);
    }

    /** It failed, and is tried again with backoff. */
    static Outcome retry(String why) {
        return new Retry(Failure.of(Cause.SERVER, why));
    }

    /** It failed for good: the key becomes terminal, even if it was added while it ran. */
    static Outcome permanent(Failure failure) {
        return new Permanent(failure);
    }

    /** It failed for good: the key becomes terminal, even if it was added while it ran. */
    static Outcome permanent(String why) {
        return new Permanent(Failure.of(Cause.REJECTED, why));
    }

    /** See {@link #done}. */
    enum Done implements Outcome {
        /** The only one. */
        DONE
    }

    /**
     * See {@link #again}.
     *
     * @param after zero or less: as soon as its turn comes
     */
    record Again(Duration after) implements Outcome {}

    /** See {@link #retry(Failure)}. Where the other side said when to return, it is not tried sooner. */
    record Retry(Failure failure) implements Outcome {}

    /** See {@link #permanent(Failure)}. */
    record Permanent(Failure failure) implements Outcome {}
}
