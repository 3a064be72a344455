// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import org.jspecify.annotations.Nullable;

/** A store failed. What was to be saved is not. */
public final class FleetStoreException extends Exception {

    private static final long serialVersionUID = 1L;

    private final boolean emptied;

    /** A failure for this reason. */
    public FleetStoreException(String message) {
        this(message, null, false);
    }

    /** A failure for this reason. */
    public FleetStoreException(String message, Throwable cause) {
        this(message, cause, false);
    }

    private FleetStoreException(String message, @Nullable Throwable cause, boolean emptied) {
        super(message, cause);
        this.emptied = emptied;
    }

    /** A store that was damaged and has begun anew, empty. */
    public static FleetStoreException emptied(String message) {
        return new FleetStoreException(message, null, true);
    }

    /** Whether what was saved before is gone too: everything is to be saved again, and can be at once. */
    public boolean emptied() {
        return emptied;
    }
}
