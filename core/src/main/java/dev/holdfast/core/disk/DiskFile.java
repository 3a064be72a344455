// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/** An open file. Reading and writing by position is safe for use by any thread. */
public interface DiskFile extends AutoCloseable {

    /** How many bytes it has. */
    long size() throws IOException;

    /**
     * Reads from {@code position} on until {@code into} is full or the file ends.
     *
     * @return how many bytes were read, 0 at the end
     */
    int read(ByteBuffer into, long position) throws IOException;

    /**
     * Writes all of {@code from}. What it wrote may be lost, in parts and in any order, until {@link #force} returns.
     *
     * @throws IOException if it could not; any part may have been written
     */
    void write(ByteBuffer from, long position) throws IOException;

    /**
     * Returns once everything that was written is on the disk.
     *
     * @throws IOException if that cannot be said: what was written since the last time may be lost though it can be
     *     read, and a later success says nothing about it
     */
    void force() throws IOException;

    @Override
    void close() throws IOException;
}
