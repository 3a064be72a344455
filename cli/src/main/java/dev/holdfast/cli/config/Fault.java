// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

/** One thing that is wrong with a configuration, in one line. */
record Fault(String text) {

    /** A value that is not what the key takes. */
    static Fault of(String name, String value, String expected, Place place) {
        return new Fault(name + ": " + value + " (expected: " + expected + "), " + place.text());
    }
}
