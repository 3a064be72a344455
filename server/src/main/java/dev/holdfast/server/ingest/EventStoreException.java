// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

/** A store of events failed. What was to be written is not; what was written before is, unless the message says so. */
public final class EventStoreException extends Exception {

    private static final long serialVersionUID = 1L;

    /** A failure for this reason, which is the disk's or the file's. */
    public EventStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
