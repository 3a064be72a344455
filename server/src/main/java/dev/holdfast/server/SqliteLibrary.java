// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import dev.holdfast.core.disk.DataDirectory;
import java.io.IOException;
import java.nio.file.Files;
import org.sqlite.SQLiteJDBCLoader;

/**
 * Where sqlite-jdbc unpacks its native library. Left to itself it takes the directory of all temporary files, and a
 * process that is killed leaves a megabyte there each time.
 */
final class SqliteLibrary {

    private static final String PLACE = "org.sqlite.tmpdir";

    private static final String NAME = "sqlite";

    /** More MiB than the library and a small fleet take. */
    private static final long ROOM = 4;

    private SqliteLibrary() {}

    /**
     * Names a place in a data directory, emptied of what a killed process left there. The place is the whole process's
     * and counts once, when SQLite is used first: what was named before stays.
     */
    static void unpackIn(DataDirectory data) throws ServerStartException {
        String place = data.emptied(NAME).toString();
        if (System.getProperty(PLACE) == null) {
            System.setProperty(PLACE, place);
        }
        try {
            SQLiteJDBCLoader.initialize();
        } catch (Exception e) {
            throw new ServerStartException(
                    "store: SQLite's native library cannot be unpacked into " + System.getProperty(PLACE)
                            + " and loaded from there: " + reason(data, e)
                            + " (expected: " + ROOM + " MiB of free space, on a file system that is not mounted noexec;"
                            + " another place is named by the system property " + PLACE + ")",
                    e);
        }
    }

    /** What SQLite's own loader says is no more than that it did not find one. */
    private static String reason(DataDirectory data, Exception e) {
        try {
            long free = Files.getFileStore(data.path()).getUsableSpace() >> 20;
            return free < ROOM ? "only " + free + " MiB of space are left there" : String.valueOf(e.getMessage());
        } catch (IOException untold) {
            return String.valueOf(e.getMessage());
        }
    }
}
