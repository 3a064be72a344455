// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** A configuration with faults. The message has a line for each. */
public final class ConfigurationException extends Exception {

    private static final long serialVersionUID = 1L;

    private final String[] faults;

    ConfigurationException(Collection<Fault> faults) {
        super(faults.stream().map(Fault::text).collect(Collectors.joining(System.lineSeparator())));
        this.faults = faults.stream().map(Fault::text).toArray(String[]::new);
    }

    /** What is wrong, one line each, in the order in which it was found. */
    public List<String> faults() {
        return List.of(faults);
    }
}
