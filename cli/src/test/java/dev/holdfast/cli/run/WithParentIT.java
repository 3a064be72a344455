// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WithParentIT {

    @TempDir
    Path directory;

    @Test
    void aChildStopsWhenItsStandardInputEndsThoughItsParentRuns() throws Exception {
        Process child = start();
        try {
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> Files.exists(directory.resolve("data/instance_uid")) || !child.isAlive());
            assertThat(child.isAlive()).isTrue();

            child.outputWriter().close();

            assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(child.exitValue()).isZero();
        } finally {
            child.destroyForcibly();
        }
    }

    private Process start() throws IOException {
        return new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "agent",
                        "--data",
                        directory.resolve("data").toString(),
                        "--server",
                        "ws://127.0.0.1:1",
                        "--with-parent",
                        Long.toString(ProcessHandle.current().pid())))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
    }
}
