// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

/** A store failed. What was to be saved is not. */
public final class FleetStoreException extends Exception {

    private static final long serialVersionUID = 1L;

    /** A failure for this reason. */
    public FleetStoreException(String message) {
        super(message);
    }

    /** A failure for this reason. */
    public FleetStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
