// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.command;

/** A command cannot do what it was asked. The message is for the person who asked; it is all there is to tell. */
public class CommandException extends Exception {

    private static final long serialVersionUID = 1L;

    private final int exitCode;

    /**
     * With what to tell.
     *
     * @param exitCode one of {@link ExitCode}
     * @param message one line: what is so, what was expected, and the remedy
     */
    public CommandException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** How the command is to end: one of {@link ExitCode}. */
    public int exitCode() {
        return exitCode;
    }
}
