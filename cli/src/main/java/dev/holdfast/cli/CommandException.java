// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

/** A command cannot do what it was asked. The message is for the person who asked. */
final class CommandException extends Exception {

    private static final long serialVersionUID = 1L;

    private final int exitCode;

    CommandException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
