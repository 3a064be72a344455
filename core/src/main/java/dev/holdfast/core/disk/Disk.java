// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import java.io.IOException;
import java.util.List;

/**
 * The files of one directory, as a log needs them; a seam where tests let a disk fail, tear writes and lose power.
 * Files are named, not nested. Safe for use by any thread as far as different files are concerned.
 */
public interface Disk {

    /** The names of the files there are, in no order. */
    List<String> names() throws IOException;

    /**
     * Opens a file for reading and writing, an empty one if there is none of that name.
     *
     * @throws IOException if it cannot be opened or made
     */
    DiskFile open(String name) throws IOException;

    /**
     * Opens a file that is there, to be read alone. A thread that is interrupted while it reads disturbs no other, and
     * reads what it wanted.
     *
     * @throws IOException if there is none, or it cannot be opened
     */
    DiskFile openToRead(String name) throws IOException;

    /** Gives a file another name, at once or not at all, in place of whatever had that name. */
    void rename(String from, String to) throws IOException;

    /** Removes a file if it is there. Who has it open can go on reading it. */
    void delete(String name) throws IOException;

    /** Returns once the names are on the disk as they are now: after a power loss no file of before is missing. */
    void sync() throws IOException;
}
