// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SetAsideTest {

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.678Z");

    private static final List<String> COMPANIONS = List.of("-wal", "-shm");

    @TempDir
    Path directory;

    @Test
    void theFileAndWhatBelongsToItAreThereUnderOneNameWithTheDate() throws IOException {
        Path file = Files.writeString(directory.resolve("a.db"), "file");
        Files.writeString(directory.resolve("a.db-wal"), "log");

        Path aside = SetAside.of(file, COMPANIONS, NOW);

        assertThat(aside).hasFileName("a.db.damaged-2026-01-02T03-04-05Z").hasContent("file");
        assertThat(directory.resolve("a.db.damaged-2026-01-02T03-04-05Z-wal")).hasContent("log");
        assertThat(file).doesNotExist();
        assertThat(directory.resolve("a.db-wal")).doesNotExist();
    }

    @Test
    void anOlderOneIsNeverOverwrittenNorIsItsCompanion() throws IOException {
        Path file = directory.resolve("a.db");
        for (int i = 1; i <= 3; i++) {
            SetAside.of(Files.writeString(file, "file " + i), COMPANIONS, NOW);
        }
        Files.writeString(directory.resolve("a.db.damaged-2026-01-02T03-04-05Z-4-wal"), "somebody's");
        Path aside = SetAside.of(Files.writeString(file, "file 4"), COMPANIONS, NOW);

        Path first = directory.resolve("a.db.damaged-2026-01-02T03-04-05Z");
        assertThat(first).hasContent("file 1");
        assertThat(first.resolveSibling(first.getFileName() + "-2")).hasContent("file 2");
        assertThat(first.resolveSibling(first.getFileName() + "-3")).hasContent("file 3");
        assertThat(aside).hasFileName(first.getFileName() + "-5").hasContent("file 4");
    }

    @Test
    void aDiskThatDamagesOneAfterAnotherIsNotFilledWithThem() throws IOException {
        Path file = directory.resolve("a.db");
        for (int i = 0; i < SetAside.MOST; i++) {
            Files.writeString(directory.resolve("a.db-wal"), "log");
            SetAside.of(Files.writeString(file, "file " + i), COMPANIONS, NOW.plusSeconds(i));
        }
        Files.writeString(file, "one more");

        assertThatThrownBy(() -> SetAside.of(file, COMPANIONS, NOW.plusSeconds(99)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file + " is damaged, and 10 of its kind were set aside already")
                .hasMessageContaining("check the disk");
        assertThat(file).hasContent("one more");
    }
}
