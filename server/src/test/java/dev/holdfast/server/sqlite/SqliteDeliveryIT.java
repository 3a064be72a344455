// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.server.ingest.DeliveryContract;
import dev.holdfast.server.ingest.EventStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

class SqliteDeliveryIT extends DeliveryContract {

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir
    private Path directory;

    private int files;
    private Path file = Path.of("");

    @Override
    protected EventStore open() throws Exception {
        file = next();
        return SqliteEventStore.open(file, () -> NOW);
    }

    @Override
    protected Backup backUp(EventStore store) throws Exception {
        Path copy = next();
        copy(file, copy);
        return () -> {
            file = next();
            copy(copy, file);
            return SqliteEventStore.open(file, () -> NOW);
        };
    }

    @Override
    protected int runs() {
        return 2;
    }

    private Path next() {
        files++;
        return directory.resolve(files + ".db");
    }

    private static void copy(Path from, Path to) throws Exception {
        for (String companion : List.of("", "-wal")) {
            Path part = Path.of(from + companion);
            if (Files.exists(part)) {
                Files.copy(part, Path.of(to + companion));
            }
        }
    }
}
