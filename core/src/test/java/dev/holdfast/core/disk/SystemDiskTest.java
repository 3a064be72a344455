// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemDiskTest {

    @TempDir
    Path temp;

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void write(Disk disk, String name, String text) throws IOException {
        try (DiskFile file = disk.open(name)) {
            file.write(bytes(text), 0);
            file.force();
        }
    }

    @Test
    void whatIsMadeIsForItsOwnerAlone() throws Exception {
        SystemDisk disk = SystemDisk.of(temp.resolve("a/b"));
        write(disk, "one", "1");
        disk.sync();
        assertThat(mode(temp.resolve("a"))).isEqualTo("rwx------");
        assertThat(mode(temp.resolve("a/b"))).isEqualTo("rwx------");
        assertThat(mode(temp.resolve("a/b/one"))).isEqualTo("rw-------");
        assertThat(disk).hasToString(temp.resolve("a/b").toString());
    }

    @Test
    void aDirectoryThatIsThereIsLeftAsItIs() throws Exception {
        Path directory = Files.createDirectory(temp.resolve("open"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        write(SystemDisk.of(directory), "one", "1");
        assertThat(mode(directory)).isEqualTo("rwxr-xr-x");
        Path link = Files.createSymbolicLink(temp.resolve("link"), directory);
        assertThat(SystemDisk.of(link).names()).containsExactly("one");
    }

    @Test
    void aDirectoryThatCannotBeMade() throws Exception {
        Path file = Files.createFile(temp.resolve("file"));
        assertThatThrownBy(() -> SystemDisk.of(file)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> SystemDisk.of(file.resolve("below"))).isInstanceOf(IOException.class);
    }

    @Test
    void filesAloneHaveNames() throws Exception {
        SystemDisk disk = SystemDisk.of(temp);
        Files.createDirectory(temp.resolve("directory"));
        write(disk, "one", "1");
        assertThat(disk.names()).containsExactly("one");
        Files.delete(temp.resolve("one"));
        Files.delete(temp.resolve("directory"));
        Files.delete(temp);
        assertThatThrownBy(disk::names).isInstanceOf(IOException.class);
        assertThatThrownBy(disk::sync).isInstanceOf(IOException.class);
        Files.createDirectory(temp);
    }

    @Test
    void renamingTakesThePlaceOfWhatHadTheName() throws Exception {
        SystemDisk disk = SystemDisk.of(temp);
        write(disk, "old", "old");
        write(disk, "new", "new");
        try (DiskFile old = disk.open("old");
                DiskFile open = disk.open("new")) {
            disk.rename("new", "old");
            disk.sync();
            assertThat(disk.names()).containsExactly("old");
            assertThat(Files.readString(temp.resolve("old"))).isEqualTo("new");
            open.write(bytes("N"), 0);
            assertThat(Files.readString(temp.resolve("old"))).isEqualTo("New");
            assertThat(old.size()).as("who has it open can go on reading it").isEqualTo(3);
        }
        assertThatThrownBy(() -> disk.rename("new", "old")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void deletingWhatIsNotThereIsNoError() throws Exception {
        SystemDisk disk = SystemDisk.of(temp);
        write(disk, "one", "1");
        try (DiskFile open = disk.open("one")) {
            disk.delete("one");
            disk.delete("one");
            assertThat(disk.names()).isEmpty();
            assertThat(open.read(ByteBuffer.allocate(1), 0)).isEqualTo(1);
        }
    }

    @Test
    void readingEndsWhereTheFileDoes() throws Exception {
        SystemDisk disk = SystemDisk.of(temp);
        try (DiskFile file = disk.open("one")) {
            assertThat(file.read(ByteBuffer.allocate(4), 0)).isZero();
            file.write(bytes("abc"), 2);
            assertThat(file.size()).isEqualTo(5);
            ByteBuffer into = ByteBuffer.allocate(8).position(1).limit(7);
            assertThat(file.read(into, 1)).isEqualTo(4);
            assertThat(into.position()).isEqualTo(5);
            assertThat(into.limit()).isEqualTo(7);
            assertThat(into.array()).containsExactly(0, 0, 'a', 'b', 'c', 0, 0, 0);
            ByteBuffer large = ByteBuffer.allocate(300 << 10);
            assertThat(file.read(large, 0)).isEqualTo(5);
            assertThat(large.remaining()).isEqualTo(large.capacity() - 5);
            assertThat(file.read(ByteBuffer.allocate(4), 5)).isZero();
            assertThat(file.read(ByteBuffer.allocate(4), 100)).isZero();
        }
    }

    @Test
    void whatIsLargerThanAPieceIsWrittenAndReadWhole() throws Exception {
        byte[] large = new byte[(600 << 10) + 3];
        for (int at = 0; at < large.length; at++) {
            large[at] = (byte) ((at * 31) >> 5);
        }
        SystemDisk disk = SystemDisk.of(temp);
        try (DiskFile file = disk.open("one")) {
            file.write(ByteBuffer.wrap(large), 0);
            ByteBuffer direct = ByteBuffer.allocateDirect(large.length).put(large);
            file.write(direct.flip().position(1), large.length);
            ByteBuffer into = ByteBuffer.allocate(2 * large.length);
            assertThat(file.read(into, 0)).isEqualTo(2 * large.length - 1);
            assertThat(Arrays.equals(into.array(), 0, large.length, large, 0, large.length))
                    .isTrue();
            assertThat(Arrays.equals(into.array(), large.length, into.position(), large, 1, large.length))
                    .isTrue();
        }
    }

    @Test
    void aFileThatWasClosedSaysSo() throws Exception {
        DiskFile file = SystemDisk.of(temp).open("one");
        file.close();
        file.close();
        assertThatThrownBy(() -> file.read(ByteBuffer.allocate(1), 0)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(file::force).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void whatIsOpenedToReadIsThereAndIsNotWritten() throws Exception {
        SystemDisk disk = SystemDisk.of(temp);
        assertThatThrownBy(() -> disk.openToRead("one")).isInstanceOf(NoSuchFileException.class);
        write(disk, "one", "abc");
        DiskFile file = disk.openToRead("one");
        assertThat(file.size()).isEqualTo(3);
        assertThatThrownBy(() -> file.write(bytes("x"), 0)).hasMessageContaining("opened to be read alone");
        assertThatThrownBy(file::force).hasMessageContaining("opened to be read alone");
        file.close();
        assertThatThrownBy(() -> file.read(ByteBuffer.allocate(1), 0)).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void anInterruptedReaderReadsAndStaysInterrupted() throws Exception {
        SystemDisk disk = SystemDisk.of(temp);
        write(disk, "one", "abc");
        try (DiskFile file = disk.openToRead("one")) {
            Thread.currentThread().interrupt();
            assertThat(file.read(ByteBuffer.allocate(8), 0)).isEqualTo(3);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(file.read(ByteBuffer.allocate(8), 0)).isEqualTo(3);
        }
    }

    @Test
    void aReaderThatIsInterruptedWhileItReadsDisturbsNobody() throws Exception {
        SystemDisk disk = SystemDisk.of(temp);
        write(disk, "one", "x".repeat(1 << 20));
        try (DiskFile file = disk.openToRead("one")) {
            FutureTask<Integer> reading = new FutureTask<>(() -> {
                int read = 0;
                for (int round = 0; round < 100; round++) {
                    read += file.read(ByteBuffer.allocate(1 << 20), 0);
                }
                return read;
            });
            Thread reader = Thread.ofPlatform().start(reading);
            while (!reading.isDone()) {
                reader.interrupt();
                assertThat(file.read(ByteBuffer.allocate(1 << 20), 0)).isEqualTo(1 << 20);
            }
            assertThat(reading.get()).isEqualTo(100 << 20);
        }
    }
}
