// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.command;

import dev.holdfast.core.Version;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: the version that was built. */
public final class VersionLine implements IVersionProvider {

    @Override
    public String[] getVersion() {
        return new String[] {"holdfast " + Version.current()};
    }
}
