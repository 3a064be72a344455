// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
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

    @Test
    void aFileThatCannotBeReadOrWrittenIsNamedWithTheReasonAndTheRemedyAndNoDraftIsLeft() throws Exception {
        try (DataDirectory data = DataDirectory.hold(temp.resolve("data"))) {
            Path there = data.path().resolve("token");
            Files.createDirectories(there.resolve("x"));

            for (ThrowingCallable use : List.<ThrowingCallable>of(
                    () -> data.read("token"), () -> data.write("token", "x"), () -> data.claim("token"))) {
                assertThatThrownBy(use)
                        .isInstanceOf(UncheckedIOException.class)
                        .hasMessageStartingWith(there + " cannot be ")
                        .hasMessageContaining("expected: what this user may read and write")
                        .hasMessageContaining("--data")
                        .hasMessageNotContaining("Exception");
            }
            assertThat(mode(there)).as("of what is no file").startsWith("rwx");
            try (var files = Files.list(data.path())) {
                assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("lock", "token");
            }
        }
    }

    @Test
    void reasonsAreGivenInWordsAndAFullDiskHasARemedyOfItsOwn() {
        IOException full = new FileSystemException("x", null, "No space left on device");
        assertThat(Words.reason(full)).isEqualTo("no space is left on its disk");
        assertThat(Words.remedy(full, "else")).startsWith("expected: free space there");
        assertThat(Words.reason(new IOException("No space left on device"))).isEqualTo(Words.reason(full));
        assertThat(Words.reason(new AccessDeniedException("x"))).isEqualTo("this user may not");
        assertThat(Words.reason(new IOException("what is new"))).isEqualTo("what is new");
        assertThat(Words.reason(new IOException())).isEqualTo("IOException");
        assertThat(Words.remedy(new IOException(), "else")).isEqualTo("else");
    }

    @Test
    void whetherADirectoryIsHeldIsNotToldByItsFiles() throws Exception {
        Path path = temp.resolve("data");
        assertThat(DataDirectory.isHeld(path)).isFalse();
        DataDirectory data = DataDirectory.hold(path);
        assertThat(DataDirectory.isHeld(path)).isTrue();
        assertThat(DataDirectory.isHeld(path)).as("after a look").isTrue();
        Path copy = Files.createDirectory(temp.resolve("copy"));
        Files.copy(path.resolve("lock"), copy.resolve("lock"));
        assertThat(DataDirectory.isHeld(copy)).isFalse();
        data.close();
        assertThat(path.resolve("lock")).exists();
        assertThat(DataDirectory.isHeld(path)).isFalse();
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
