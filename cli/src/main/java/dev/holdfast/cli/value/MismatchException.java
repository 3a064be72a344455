// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

/** A value is not of its type; the message says what was expected. */
public final class MismatchException extends Exception {

    private static final long serialVersionUID = 1L;

    MismatchException(String expected) {
        super(expected);
    }
}
