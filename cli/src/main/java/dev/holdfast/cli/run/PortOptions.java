// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.server.ServerConfig;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a server is told to listen. */
final class PortOptions {

    private static final String[] KEYS = {"data", "listen", "admin"};

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            description = "Where agents connect (127.0.0.1:4320); port 0 takes a free one.")
    private @Nullable String listen;

    @Option(
            names = "--admin",
            paramLabel = "HOST:PORT",
            description = "Where operators connect (127.0.0.1:4321); port 0 takes a free one.")
    private @Nullable String admin;

    /** The flags of a command that starts a server, as the configuration wants them. */
    Map<String, List<String>> flags(@Nullable String data) {
        return RunOptions.flags(KEYS, data, listen, admin);
    }

    /** Both addresses must be of some host. */
    static void requireResolved(ServerConfig config) throws CommandException {
        requireResolved("listen", config.listen());
        requireResolved("admin", config.admin());
    }

    /**
     * Names are looked up when a configuration is read, so that one without an address is told before anything starts.
     */
    private static void requireResolved(String key, InetSocketAddress address) throws CommandException {
        if (address.isUnresolved()) {
            throw new CommandException(
                    ExitCode.USAGE,
                    key + ": " + address.getHostString() + ":" + address.getPort()
                            + " (expected: an address of this machine or a name that has one, such as 127.0.0.1:"
                            + address.getPort() + ")");
        }
    }
}
