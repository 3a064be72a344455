// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.command;

/** How a result is printed. */
public enum Format {
    /** For people. */
    TEXT,
    /** For programs. */
    JSON
}
