// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import dev.holdfast.cli.config.ConfigurationException;
import dev.holdfast.cli.config.Reference;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Explains one setting. */
@Command(
        name = "explain",
        description = "Says what a setting is, what it takes, its default and where it can be set.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.VersionLine.class)
final class ConfigExplainCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything is run.
    private CommandSpec spec;

    @Parameters(paramLabel = "KEY", description = "The setting, such as reconnect.max_delay.")
    private String key = "";

    @Override
    public Integer call() throws ConfigurationException {
        spec.commandLine().getOut().print(Reference.explain(key));
        return ExitCode.DONE;
    }
}
