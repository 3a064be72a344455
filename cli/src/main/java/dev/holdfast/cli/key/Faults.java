// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.cli.value.Place;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What is wrong with a configuration: the faults found so far, each once and in one line. Not safe for use by several
 * threads.
 */
public final class Faults {

    private final Set<String> found = new LinkedHashSet<>();

    /** Adds one, in words. */
    public void add(String fault) {
        found.add(fault);
    }

    /** Adds a value that is not what the key takes. */
    public void add(String name, String value, String expected, Place place) {
        add(name + ": " + value + " (expected: " + expected + "), " + place.text());
    }

    /** Adds those of another. */
    public void addAll(Faults others) {
        found.addAll(others.found);
    }

    /**
     * Tells what was found, if anything was.
     *
     * @throws ConfigurationException if there are any
     */
    public void raise() throws ConfigurationException {
        if (!found.isEmpty()) {
            throw new ConfigurationException(found);
        }
    }
}
