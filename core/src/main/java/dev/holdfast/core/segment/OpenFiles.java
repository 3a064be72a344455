// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Iterator;
import java.util.LinkedHashMap;

/**
 * The files that are read: opened when they are wanted, and closed again where more than a few are, since a process has
 * only so many. Safe for use by any thread.
 */
final class OpenFiles implements AutoCloseable {

    /** How many stay open, beside those that are being read at the same time. */
    static final int MOST = 16;

    private final Disk disk;

    /** By name, the one that was not read for the longest time first. */
    private final LinkedHashMap<String, Shared> open = new LinkedHashMap<>(MOST, 0.75f, true);

    private boolean isClosed;

    private static final class Shared {
        final DiskFile file;

        /** How many read it now. */
        int users;

        /** Whether it is to be closed once nobody reads it. */
        boolean isForgotten;

        Shared(DiskFile file) {
            this.file = file;
        }
    }

    OpenFiles(Disk disk) {
        this.disk = disk;
    }

    /**
     * Reads a file from {@code position} on until {@code into} is full or the file ends.
     *
     * @return how many bytes were read
     */
    int read(String name, ByteBuffer into, long position) throws IOException {
        Shared shared = take(name);
        try {
            return shared.file.read(into, position);
        } finally {
            giveBack(shared);
        }
    }

    private synchronized Shared take(String name) throws IOException {
        if (isClosed) {
            throw new ClosedChannelException();
        }
        Shared shared = open.get(name);
        if (shared == null) {
            shared = new Shared(disk.openToRead(name));
            open.put(name, shared);
        }
        shared.users++;
        return shared;
    }

    private void closeOldest() throws IOException {
        Iterator<Shared> oldest = open.values().iterator();
        while (open.size() > MOST && oldest.hasNext()) {
            Shared candidate = oldest.next();
            if (candidate.users == 0) {
                oldest.remove();
                candidate.file.close();
            }
        }
    }

    private synchronized void giveBack(Shared shared) throws IOException {
        shared.users--;
        if (shared.isForgotten && shared.users == 0) {
            shared.file.close();
        } else {
            closeOldest();
        }
    }

    /** The file is no longer of interest. */
    synchronized void forget(String name) throws IOException {
        Shared shared = open.remove(name);
        if (shared != null) {
            shared.isForgotten = true;
            if (shared.users == 0) {
                shared.file.close();
            }
        }
    }

    /** How many are open. */
    synchronized int size() {
        return open.size();
    }

    /** Closes all, and takes none any more. Who reads one just then is let finish. */
    @Override
    public synchronized void close() throws IOException {
        isClosed = true;
        IOException failed = new IOException("not all segments could be closed");
        for (Shared shared : open.values()) {
            shared.isForgotten = true;
            if (shared.users == 0) {
                close(shared.file, failed);
            }
        }
        open.clear();
        if (failed.getSuppressed().length > 0) {
            throw failed;
        }
    }

    /** Closes a file, and adds to {@code failed} what went wrong with that. */
    static void close(DiskFile file, IOException failed) {
        try {
            file.close();
        } catch (IOException e) {
            failed.addSuppressed(e);
        }
    }
}
