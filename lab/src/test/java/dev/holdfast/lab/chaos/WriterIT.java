// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.core.time.SystemTime;
import dev.holdfast.lab.check.Ledger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A writer, and a shell script in place of the command. */
class WriterIT {

    private static final Flow FLOW = new Flow("small", 20, 60, 200, 5, Duration.ofMillis(1), 4);

    private final Ledger ledger = new Ledger();
    private final SystemTime time = SystemTime.start("writer-test");

    @TempDir
    private Path directory;

    @AfterEach
    void end() {
        time.close();
    }

    @Test
    void whatIsAnsweredIsNotedAndWhatIsNotIsNeverHandedOverAgain() throws Exception {
        // Keeps each line; ends without an answer to the sixth of each process, which it keeps all the same.
        String script = """
                kept="$(dirname "$0")/kept"
                n=0
                while IFS= read -r line; do
                  n=$((n + 1))
                  printf '%s\\n' "$line" >> "$kept"
                  [ "$n" -eq 6 ] && exit 4
                  echo "{\\"lane\\":\\"small\\",\\"sequence\\":$(($(wc -l < "$kept")))}"
                done
                """;
        try (Launcher launcher = launcher(script)) {
            Writer writer = writer(launcher);
            writer.open();
            await().atMost(Writer.PATIENCE).until(() -> ledger.acknowledgedIn("small") > 12);
            writer.close();
        }
        List<String> kept = Files.readAllLines(directory.resolve("kept"));
        assertThat(kept).doesNotHaveDuplicates();
        List<Ledger.Line> answered = ledger.lines().stream()
                .filter(line -> line.sequence().isPresent())
                .toList();
        assertThat(answered)
                .hasSizeGreaterThan(12)
                .allSatisfy(line -> assertThat(kept.get((int) line.sequence().orElseThrow() - 1))
                        .startsWith(line.payload().id() + " "));
        assertThat(ledger.lines().size() - answered.size()).as("uncertain").isGreaterThanOrEqualTo(2);
    }

    @Test
    void noProcessIsBegunWhileItIsShutAndTheOneThatRunsGetsItsEnd() throws Exception {
        String script = """
                echo begun >> "$(dirname "$0")/begun"
                while IFS= read -r line; do echo '{"lane":"small","sequence":1}'; done
                """;
        try (Launcher launcher = launcher(script)) {
            Writer writer = writer(launcher);
            writer.open();
            await().atMost(Writer.PATIENCE).until(() -> ledger.acknowledgedIn("small") > 3);
            writer.shut();
            writer.finish();
            long before = ledger.acknowledgedIn("small");
            writer.close();
            assertThat(ledger.acknowledgedIn("small")).isEqualTo(before);
            assertThat(Files.readAllLines(directory.resolve("begun"))).hasSize(1);
        }
    }

    @Test
    void anAnswerToNothingIsAProblem() throws Exception {
        try (Launcher launcher = launcher("read -r line; echo '{\"lane\":\"other\",\"sequence\":1}'\n")) {
            Writer writer = writer(launcher);
            writer.open();
            await().atMost(Writer.PATIENCE).until(() -> !ledger.lines().isEmpty());
            assertThatThrownBy(writer::close)
                    .isInstanceOf(ChaosException.class)
                    .hasMessageContaining("--lane small: an answer to nothing: {\"lane\":\"other\"");
        }
    }

    @Test
    void aLauncherEndsWhatItStartedAndStartsNothingAfterwards() throws Exception {
        Launcher launcher = launcher("while :; do read -r line; done\n");
        Child child = launcher.speak(directory.resolve("errors"), List.of());
        assertThat(child.isAlive()).isTrue();
        child.stop();
        launcher.close();
        assertThat(child.isAlive()).isFalse();
        assertThat(child.exitCode()).isEqualTo(128 + 9);
        assertThatThrownBy(() -> launcher.speak(directory.resolve("errors"), List.of()))
                .hasMessage("nothing is started any more");
    }

    @Test
    void aCommandThatFailsIsTold() throws Exception {
        try (Launcher launcher = launcher("echo sorry >&2; exit 3\n")) {
            assertThatThrownBy(() -> launcher.run(directory.resolve("out"), Writer.PATIENCE, List.of("stats")))
                    .isInstanceOf(ChaosException.class)
                    .hasMessage("stats: ended with exit code 3: sorry");
        }
    }

    private Launcher launcher(String script) throws IOException {
        Path file = Files.writeString(directory.resolve("script"), script);
        return new Launcher(List.of("sh", file.toString()));
    }

    private Writer writer(Launcher launcher) {
        return new Writer(
                FLOW, launcher, directory, directory.resolve("errors"), ledger, time, new SplittableRandom(1));
    }
}
