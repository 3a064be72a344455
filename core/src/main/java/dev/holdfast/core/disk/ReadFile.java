// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file of a {@link SystemDisk} that is only read. The JDK closes a channel when a thread that reads it is
 * interrupted; this opens the file again then, for that thread and for all others. Safe for use by any thread.
 */
final class ReadFile implements DiskFile {

    private final Path path;
    private volatile FileChannel channel;

    /** Guarded by this. */
    private boolean isClosed;

    ReadFile(Path path) throws IOException {
        this.path = path;
        this.channel = open();
    }

    private FileChannel open() throws IOException {
        return FileChannel.open(path, StandardOpenOption.READ);
    }

    @Override
    public long size() throws IOException {
        return undisturbed(FileChannel::size);
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
        int start = into.position();
        return undisturbed(open -> SystemDisk.read(open, into.position(start), position));
    }

    private interface Reading<T> {
        T of(FileChannel channel) throws IOException;
    }

    /** What is read, whoever is interrupted meanwhile; an interrupt of the caller stays to be seen by it. */
    private <T> T undisturbed(Reading<T> reading) throws IOException {
        boolean wasInterrupted = false;
        try {
            while (true) {
                wasInterrupted |= Thread.interrupted();
                try {
                    return reading.of(channel);
                } catch (ClosedChannelException e) {
                    reopen(e);
                }
            }
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private synchronized void reopen(ClosedChannelException why) throws IOException {
        if (isClosed) {
            throw why;
        }
        if (!channel.isOpen()) {
            channel = open();
        }
    }

    /** @throws IOException always: it is only read */
    @Override
    public void write(ByteBuffer from, long position) throws IOException {
        throw new IOException(path + ": opened to be read alone");
    }

    /** @throws IOException always: it is only read */
    @Override
    public void force() throws IOException {
        throw new IOException(path + ": opened to be read alone");
    }

    @Override
    public synchronized void close() throws IOException {
        isClosed = true;
        channel.close();
    }
}
