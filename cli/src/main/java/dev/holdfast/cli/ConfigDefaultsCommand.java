// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import dev.holdfast.cli.config.Reference;
import dev.holdfast.cli.config.Role;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the defaults. */
@Command(
        name = "defaults",
        description = "Prints every setting with its default, as a file of settings.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.VersionLine.class)
final class ConfigDefaultsCommand implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Option(names = "--role", paramLabel = "ROLE", description = "agent or server alone.")
    private @Nullable Role role;

    @Override
    public void run() {
        spec.commandLine().getOut().print(Reference.defaults(role));
    }
}
