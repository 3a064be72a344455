// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.cli.command.ExitCode;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecondSignalIT {

    @TempDir
    private Path directory;

    /** Hears that it should stop, and does not. */
    public static final class Stubborn {

        private Stubborn() {}

        /** Takes no arguments. */
        @SuppressWarnings("try") // It is only held open.
        public static void main(String[] arguments) {
            try (StopSignal stop = StopSignal.listen(null)) {
                System.out.println("listens");
                stop.await();
                System.out.println("hears");
                new CompletableFuture<Void>().join();
            }
        }
    }

    @Test
    void whoIsAskedTwiceEndsWithoutWaitingForWhatIsBeingClosed() throws Exception {
        Path errors = directory.resolve("errors");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Stubborn.class.getName()))
                .redirectError(errors.toFile())
                .start();
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("listens");
            // By its handle: Process.destroy would close what is read from as well.
            process.toHandle().destroy();
            assertThat(out.readLine()).isEqualTo("hears");
            process.toHandle().destroy();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(ExitCode.FAILED);
            assertThat(Files.readString(errors))
                    .as("what it says when it gives up waiting")
                    .isEmpty();
        } finally {
            process.destroyForcibly();
        }
    }
}
