// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

/** A data directory cannot be used. The message names the directory, the reason and the remedy. */
public sealed class DataDirectoryException extends Exception {

    private static final long serialVersionUID = 1L;

    DataDirectoryException(String message) {
        super(message);
    }

    DataDirectoryException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Another process holds it. */
    public static final class Held extends DataDirectoryException {

        private static final long serialVersionUID = 1L;

        Held(String message) {
            super(message);
        }
    }
}
