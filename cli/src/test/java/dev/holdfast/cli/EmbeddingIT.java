// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import java.io.File;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program in {@code docs/embedding.md} hears whether a server that is back still knows it. */
class EmbeddingIT {

    @TempDir
    Path temp;

    @Test
    void theProgramSendsEverythingFirstAndWhatChangedAfterARestart() throws Exception {
        DocumentedProgram.compile("docs/embedding.md", "Resync", temp);
        try (RunningCommand server = server("first.log", "127.0.0.1:0")) {
            String listen = server.awaitLines(1, "for agents on (127.0.0.1:[0-9]+)")
                    .getFirst()
                    .group(1);
            try (RunningCommand program = RunningCommand.startMain(
                    temp.resolve("program.log"),
                    Map.of(),
                    temp + File.pathSeparator + RunningCommand.CLASS_PATH,
                    "Resync",
                    "ws://" + listen,
                    temp.resolve("agent").toString())) {
                program.awaitLines(1, "^sends everything$");
                server.kill();
                program.awaitLines(1, "^lost: NETWORK$");
                program.awaitLines(1, "^next try in PT");
                try (RunningCommand again = server("again.log", listen)) {
                    again.awaitLines(1, "for agents on");
                    program.awaitLines(1, "^sends what changed$");
                }
            }
        }
    }

    private RunningCommand server(String log, String listen) {
        String data = temp.resolve("server").toString();
        return RunningCommand.start(
                temp.resolve(log), Map.of(), "server", "--data", data, "--listen", listen, "--admin", "127.0.0.1:0");
    }
}
