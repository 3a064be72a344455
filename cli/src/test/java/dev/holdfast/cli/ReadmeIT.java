// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import java.io.File;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program in the README compiles, runs against a real server, and hears of its death and return. */
class ReadmeIT {

    @TempDir
    Path temp;

    @Test
    void theExampleAttachesAndSaysWhyItWaits() throws Exception {
        DocumentedProgram.compile("README.md", "Example", temp);
        Path serverLog = temp.resolve("server.log");
        String data = temp.resolve("server").toString();
        try (RunningCommand server = RunningCommand.start(
                serverLog, Map.of(), "server", "--data", data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")) {
            MatchResult listens =
                    server.awaitLines(1, "for agents on (127.0.0.1:[0-9]+)").getFirst();
            try (RunningCommand example = RunningCommand.startMain(
                    temp.resolve("example.log"),
                    Map.of(),
                    temp + File.pathSeparator + RunningCommand.CLASS_PATH,
                    "Example",
                    "ws://" + listens.group(1),
                    temp.resolve("agent").toString())) {
                example.awaitLines(1, "attached to ws://" + listens.group(1));
                server.kill();
                example.awaitLines(2, "waiting: cause=NETWORK attempt=");
            }
        }
    }
}
