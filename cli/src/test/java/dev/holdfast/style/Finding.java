// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

/**
 * A place where a rule is broken.
 *
 * @param file its path, with slashes
 * @param line from 1; what concerns the file as a whole is found in line 1
 * @param what what is wrong, and what was expected
 */
record Finding(String file, int line, String what) {

    String place() {
        return file + ":" + line;
    }

    @Override
    public String toString() {
        return place() + ": " + what;
    }
}
