// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.outbox;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** A disk that says it has everything at once. */
record UnforcedDisk(Disk disk) implements Disk {

    @Override
    public List<String> names() throws IOException {
        return disk.names();
    }

    @Override
    public DiskFile open(String name) throws IOException {
        return new Unforced(disk.open(name));
    }

    @Override
    public DiskFile openToRead(String name) throws IOException {
        return disk.openToRead(name);
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
    public void sync() {}

    private record Unforced(DiskFile file) implements DiskFile {

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            return file.read(into, position);
        }

        @Override
        public void write(ByteBuffer from, long position) throws IOException {
            file.write(from, position);
        }

        @Override
        public void force() {}

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
