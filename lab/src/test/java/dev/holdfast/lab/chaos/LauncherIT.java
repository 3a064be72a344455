// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A launcher, and a shell script in place of the command. */
class LauncherIT {

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    private Path directory;

    @Test
    void aLauncherEndsWhatItStartedAndStartsNothingAfterwards() throws Exception {
        Launcher launcher = launcher("while :; do read -r line; done\n");
        Child child = launcher.start(directory.resolve("log"), List.of());
        assertThat(child.isAlive()).isTrue();
        child.stop();
        launcher.close();
        assertThat(child.isAlive()).isFalse();
        assertThat(child.exitCode()).isEqualTo(128 + 9);
        assertThatThrownBy(() -> launcher.start(directory.resolve("log"), List.of()))
                .hasMessage("nothing is started any more");
    }

    @Test
    void aCommandThatFailsIsTold() throws Exception {
        try (Launcher launcher = launcher("echo sorry >&2; exit 3\n")) {
            assertThatThrownBy(() -> launcher.run(directory.resolve("out"), PATIENCE, List.of("stats")))
                    .isInstanceOf(ChaosException.class)
                    .hasMessage("stats: ended with exit code 3: sorry");
        }
    }

    private Launcher launcher(String script) throws IOException {
        Path file = Files.writeString(directory.resolve("script"), script);
        return new Launcher(List.of("sh", file.toString()));
    }
}
