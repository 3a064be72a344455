// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

/**
 * A call that failed in a way which is already told: an HTTP status, a peer's own word for it, or no call at all. Has
 * no stack trace of its own, since it is thrown where things fail often.
 */
public class FailedException extends Exception {

    private static final long serialVersionUID = 1;

    private final Failure failure;

    /** @param failure what failed */
    public FailedException(Failure failure) {
        super(failure.cause() + ": " + failure.detail(), null, true, false);
        this.failure = failure;
    }

    /** What failed. */
    public final Failure failure() {
        return failure;
    }
}
