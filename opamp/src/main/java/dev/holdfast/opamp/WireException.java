// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

/** What arrived is not a message. Its own text says which field, what was found and what was expected. */
public final class WireException extends Exception {

    private static final long serialVersionUID = 1L;

    private final boolean tooLarge;

    private WireException(String message, boolean tooLarge) {
        super(message);
        this.tooLarge = tooLarge;
    }

    /** What arrived is wrong; the message says where, what was found and what was expected. */
    public static WireException malformed(String message) {
        return new WireException(message, false);
    }

    /** What arrived is larger than the limit, both in bytes. */
    public static WireException tooLarge(long size, long limit) {
        return new WireException("message: " + size + " bytes or more (expected: <= " + limit + ")", true);
    }

    /**
     * Whether it was over the limit, for which both transports have an answer of their own (close 1009, status 413).
     */
    public boolean tooLarge() {
        return tooLarge;
    }
}
