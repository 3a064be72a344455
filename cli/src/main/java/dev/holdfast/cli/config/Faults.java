// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.cli.value.Place;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What is wrong with a configuration: the faults found so far, each once and in one line. Not safe for use by several
 * threads.
 */
final class Faults {

    private final Set<String> found = new LinkedHashSet<>();

    void add(String fault) {
        found.add(fault);
    }

    /** Adds a value that is not what the key takes. */
    void add(String name, String value, String expected, Place place) {
        add(name + ": " + value + " (expected: " + expected + "), " + place.text());
    }

    void addAll(Faults others) {
        found.addAll(others.found);
    }

    /** @throws ConfigurationException if there are any */
    void raise() throws ConfigurationException {
        if (!found.isEmpty()) {
            throw new ConfigurationException(found);
        }
    }
}
