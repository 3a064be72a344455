// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.DiskFile;
import dev.holdfast.core.disk.FaultyDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OpenFilesTest {

    private static final int FILES = 3 * OpenFiles.MOST;

    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
    private final Counting counting = new Counting(disk);
    private final OpenFiles files = new OpenFiles(counting);

    /** A disk that counts the files that are open, and lets one read wait. */
    private static final class Counting implements Disk {
        private final Disk disk;
        final AtomicInteger open = new AtomicInteger();
        final CountDownLatch reads = new CountDownLatch(1);
        final CountDownLatch mayRead = new CountDownLatch(1);

        Counting(Disk disk) {
            this.disk = disk;
        }

        @Override
        public List<String> names() throws IOException {
            return disk.names();
        }

        @Override
        public DiskFile open(String name) throws IOException {
            return disk.open(name);
        }

        @Override
        public DiskFile openToRead(String name) throws IOException {
            DiskFile file = disk.openToRead(name);
            open.incrementAndGet();
            return new Counted(name, file);
        }

        @Override
        public void rename(String from, String to) throws IOException {
            disk.rename(from, to);
        }

        @Override
        public void delete(String name) throws IOException {
            disk.delete(name);
        }

        @Override
        public void sync() throws IOException {
            disk.sync();
        }

        private final class Counted implements DiskFile {
            private final String name;
            private final DiskFile file;

            Counted(String name, DiskFile file) {
                this.name = name;
                this.file = file;
            }

            @Override
            public long size() throws IOException {
                return file.size();
            }

            @Override
            public int read(ByteBuffer into, long position) throws IOException {
                if (name.equals("slow")) {
                    reads.countDown();
                    try {
                        mayRead.await();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                }
                return file.read(into, position);
            }

            @Override
            public void write(ByteBuffer from, long position) throws IOException {
                file.write(from, position);
            }

            @Override
            public void force() throws IOException {
                file.force();
            }

            @Override
            public void close() throws IOException {
                open.decrementAndGet();
                file.close();
            }
        }
    }

    @BeforeEach
    void write() {
        for (int n = 0; n < FILES; n++) {
            disk.put("file " + n, new byte[] {(byte) n});
        }
        disk.put("slow", new byte[] {1});
    }

    private int read(String name) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(1);
        assertThat(files.read(name, into, 0)).isEqualTo(1);
        return into.get(0);
    }

    @Test
    void fewStayOpenHoweverManyAreRead() throws Exception {
        for (int round = 0; round < 2; round++) {
            for (int n = 0; n < FILES; n++) {
                assertThat(read("file " + n)).isEqualTo(n);
                assertThat(counting.open.get()).isEqualTo(files.size()).isLessThanOrEqualTo(OpenFiles.MOST);
            }
        }
        files.close();
        assertThat(counting.open.get()).isZero();
        assertThatThrownBy(() -> read("file 1")).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void whatIsReadIsNotClosedBeforeItIsOver() throws Exception {
        FutureTask<Integer> slow = new FutureTask<>(() -> read("slow"));
        Thread.ofPlatform().start(slow);
        counting.reads.await();
        for (int n = 0; n < FILES; n++) {
            read("file " + n);
        }
        files.forget("slow");
        disk.delete("slow");
        files.close();
        assertThat(counting.open.get()).isEqualTo(1);
        counting.mayRead.countDown();
        assertThat(slow.get()).isEqualTo(1);
        assertThat(counting.open.get()).isZero();
    }

    @Test
    void whatIsForgottenIsOpenedAnewIfItIsThere() throws Exception {
        read("file 1");
        files.forget("file 1");
        files.forget("file 1");
        assertThat(counting.open.get()).isZero();
        assertThat(read("file 1")).isEqualTo(1);
        disk.delete("file 2");
        assertThatThrownBy(() -> read("file 2")).isInstanceOf(IOException.class);
    }
}
