// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.bench.outbox;

import dev.holdfast.lab.print.Row;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Something that keeps records. Safe for use by any thread. */
interface Keeper extends AutoCloseable {

    /** What each is called that is measured, and what makes it; ours first. */
    Map<String, Maker> SUBJECTS = subjects();

    /** What makes one, in an empty directory. */
    @FunctionalInterface
    interface Maker {

        /** Makes it. */
        Keeper make(Path directory) throws IOException;
    }

    /** Returns once the record is on the disk. */
    void keep(byte[] record) throws IOException, InterruptedException;

    @Override
    void close() throws IOException;

    private static Map<String, Maker> subjects() {
        Map<String, Maker> subjects = new LinkedHashMap<>();
        subjects.put(Row.OURS, Outboxes.Durable::new);
        subjects.put("group commit", PlainFile.Shared::new);
        subjects.put("each write forced", PlainFile.EachForced::new);
        subjects.put("SQLite", Databases.Sqlite::new);
        subjects.put("RocksDB", Databases.Rocks::new);
        subjects.put("Artemis journal", Journals.Artemis::new);
        subjects.put("H2 MVStore", Databases.MvStore::new);
        subjects.put("Chronicle Queue", Journals.Chronicle::new);
        subjects.put("Tape2", Journals.Tape::new);
        return Collections.unmodifiableMap(subjects);
    }
}
