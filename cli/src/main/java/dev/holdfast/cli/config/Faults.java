// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import java.util.LinkedHashSet;
import java.util.Set;

/** The faults found so far, each once. Not safe for use by several threads. */
final class Faults {

    private final Set<Fault> found = new LinkedHashSet<>();

    void add(Fault fault) {
        found.add(fault);
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
