// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

/** How the command ends. */
final class ExitCode {

    /** Done. */
    static final int DONE = 0;

    /** Failed. */
    static final int FAILED = 1;

    /** Wrong usage or configuration; nothing was changed. */
    static final int USAGE = 2;

    /** Another process holds the data directory. */
    static final int HELD = 3;

    /** The other side cannot be reached. */
    static final int UNREACHABLE = 4;

    private ExitCode() {}
}
