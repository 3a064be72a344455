// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

/** A value in force and what it was read from. */
record Setting<T>(T value, Given given, Layer layer) {

    /** Which of the places that a value may come from it came from; earlier ones come first. */
    enum Layer {
        FLAG,
        ROLE_VARIABLE,
        SHARED_VARIABLE,
        ROLE_SECTION,
        SHARED_KEY,
        DEFAULT
    }
}
