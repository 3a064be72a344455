// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

/** How a result is printed. */
enum Format {
    /** For people. */
    TEXT,
    /** For programs. */
    JSON
}
