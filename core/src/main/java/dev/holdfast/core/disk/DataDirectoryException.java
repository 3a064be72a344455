// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import java.io.UncheckedIOException;

/** A data directory cannot be used. The message names the directory, the reason and the remedy. */
public sealed class DataDirectoryException extends Exception {

    private static final long serialVersionUID = 1L;

    DataDirectoryException(String message) {
        super(message);
    }

    DataDirectoryException(String message, Throwable cause) {
        super(message, cause);
    }

    /** What a {@link DataDirectory} threw of one of its files, for whoever cannot go on without that file. */
    public static DataDirectoryException of(UncheckedIOException failed) {
        return new DataDirectoryException(String.valueOf(failed.getMessage()), failed);
    }

    /** Another process holds it. */
    public static final class Held extends DataDirectoryException {

        private static final long serialVersionUID = 1L;

        private final String holder;

        Held(String message, String holder) {
            super(message);
            this.holder = holder;
        }

        /** Who does, with its pid if it is known, such as {@code another process (pid 12)}. */
        public String holder() {
            return holder;
        }
    }
}
