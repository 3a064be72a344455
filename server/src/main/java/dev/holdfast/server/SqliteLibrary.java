// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import dev.holdfast.core.disk.DataDirectory;

/**
 * Where sqlite-jdbc unpacks its native library. Left to itself it takes the directory of all temporary files, and a
 * process that is killed leaves a megabyte there each time.
 */
final class SqliteLibrary {

    private static final String PLACE = "org.sqlite.tmpdir";

    private static final String NAME = "sqlite";

    private SqliteLibrary() {}

    /**
     * Names a place in a data directory, emptied of what a killed process left there. The place is the whole process's
     * and counts once, when SQLite is used first: what was named before stays.
     */
    static void unpackIn(DataDirectory data) {
        String place = data.emptied(NAME).toString();
        if (System.getProperty(PLACE) == null) {
            System.setProperty(PLACE, place);
        }
    }
}
