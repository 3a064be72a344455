// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What is said of a fleet. */
@Command(
        name = "fleet",
        description = "Shows the agents that a server knows.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.VersionLine.class)
final class FleetCommand implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "fleet: nothing (expected: list or show)");
    }
}
