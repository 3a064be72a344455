// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import java.util.Collection;
import java.util.List;

/** A configuration with faults. The message has a line for each. */
public final class ConfigurationException extends CommandException {

    private static final long serialVersionUID = 1L;

    private final String[] faults;

    /** With what is wrong, one line each. */
    public ConfigurationException(Collection<String> faults) {
        super(ExitCode.USAGE, String.join(System.lineSeparator(), faults));
        this.faults = faults.toArray(String[]::new);
    }

    /** What is wrong, one line each, in the order in which it was found. */
    public List<String> faults() {
        return List.of(faults);
    }
}
