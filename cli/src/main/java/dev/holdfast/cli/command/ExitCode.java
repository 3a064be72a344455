// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.command;

/** How the command ends. */
public final class ExitCode {

    /** Done. */
    public static final int DONE = 0;

    /** Failed. */
    public static final int FAILED = 1;

    /** Wrong usage or configuration; nothing was changed. */
    public static final int USAGE = 2;

    /** Another process holds the data directory. */
    public static final int HELD = 3;

    /** The other side cannot be reached. */
    public static final int UNREACHABLE = 4;

    private ExitCode() {}
}
