// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {

    @TempDir
    Path temp;

    @Test
    void thePartsOfAProcessExcludeEachOther() throws Exception {
        try (DataDirectory first = DataDirectory.hold(temp.resolve("data"))) {
            assertThatThrownBy(() -> DataDirectory.hold(first.path()))
                    .isInstanceOf(DataDirectoryException.Held.class)
                    .hasMessageContaining("another part of this process")
                    .hasMessageContaining("--data");
        }
        try (DataDirectory again = DataDirectory.hold(temp.resolve("data"))) {
            assertThat(again.path()).isAbsolute();
        }
    }

    @Test
    void filesAreWholeAndForTheirOwnerAlone() throws Exception {
        try (DataDirectory data = DataDirectory.hold(temp.resolve("a/b"))) {
            assertThat(data.read("token")).isEmpty();
            data.write("token", "one");
            data.write("token", "two");
            assertThat(data.read("token")).contains("two");
            assertThat(mode(data.path().resolve("token"))).isEqualTo("rw-------");
            assertThat(mode(data.path())).isEqualTo("rwx------");
            try (var files = Files.list(data.path())) {
                assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("lock", "token");
            }
            data.remove("token");
            assertThat(data.read("token")).isEmpty();
        }
    }

    @Test
    void filesAreForTheirOwnerAloneAlsoInADirectoryThatIsOpenToOthers() throws Exception {
        Path open = Files.createDirectory(temp.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path old = Files.writeString(open.resolve("old.db"), "kept");
        Files.setPosixFilePermissions(old, PosixFilePermissions.fromString("rw-r--r--"));

        try (DataDirectory data = DataDirectory.hold(open)) {
            assertThat(mode(open.resolve("lock"))).isEqualTo("rw-------");
            assertThat(mode(data.claim("new.db"))).isEqualTo("rw-------");
            assertThat(data.claim("new.db")).isEmptyFile();
            assertThat(mode(data.claim("old.db"))).isEqualTo("rw-------");
            assertThat(old).hasContent("kept");
        }
    }

    @Test
    void aDirectoryIsEmptiedOfWhatWasLeftInIt() throws Exception {
        try (DataDirectory data = DataDirectory.hold(temp.resolve("data"))) {
            Path made = data.emptied("library");
            assertThat(made).isEmptyDirectory();
            assertThat(mode(made)).isEqualTo("rwx------");
            Files.writeString(made.resolve("left.so"), "x");

            assertThat(data.emptied("library")).isEqualTo(made).isEmptyDirectory();
        }
    }

    @Test
    void aFileWhereTheDirectoryShouldBeIsSaid() throws IOException {
        Path file = Files.createFile(temp.resolve("file"));
        assertThatThrownBy(() -> DataDirectory.hold(file))
                .isInstanceOf(DataDirectoryException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("expected: a directory");
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
