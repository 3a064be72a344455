// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.server.fleet.AgentRecord;
import dev.holdfast.server.fleet.FleetStore;
import dev.holdfast.server.fleet.FleetStoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;

/**
 * A fleet in one SQLite file.
 *
 * <p>Write-ahead log with {@code synchronous=NORMAL}: what was saved survives the death of the process at any instant.
 * A power loss may take the last batches, never the file; an agent that is unknown afterwards is asked for its full
 * state.
 *
 * <p>A damaged file is set aside and a new one begun, with what could still be read in it at the start, and empty later
 * on, when whoever saves knows better. A file that only cannot be used now, or that a newer version wrote, is an error
 * and is left as it is.
 */
public final class SqliteFleetStore implements FleetStore {

    private static final Logger log = LoggerFactory.getLogger(SqliteFleetStore.class);

    private static final SqliteFile.Kind KIND = new SqliteFile.Kind(
            "fleet",
            SQLiteConfig.SynchronousMode.NORMAL,
            1,
            SqliteRows::probe,
            "the agents will register anew",
            Long.MAX_VALUE);

    private final Path file;
    private final Supplier<Instant> clock;

    /** Null where a damaged one is set aside and a new one could not be begun yet. */
    private @Nullable SqliteFile open;

    /** Whether the file began anew and whoever saves was not told yet. */
    private boolean emptied;

    private SqliteFleetStore(Path file, Supplier<Instant> clock) {
        this.file = file;
        this.clock = clock;
    }

    /**
     * Opens the file, makes it if it is not there, and brings it to the newest layout.
     *
     * @param clock what a damaged file is dated by when it is set aside
     * @throws FleetStoreException if it cannot be opened, or a newer version wrote it
     */
    public static SqliteFleetStore open(Path file, Supplier<Instant> clock) throws FleetStoreException {
        SqliteFleetStore store = new SqliteFleetStore(file, clock);
        try {
            store.open = SqliteFile.open(file, KIND);
        } catch (SqliteFile.NewerException e) {
            throw new FleetStoreException(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            if (!SqliteFault.isDamage(e)) {
                throw store.unusable("opened", e);
            }
            store.restore(SqliteFault.reason(e));
        }
        return store;
    }

    @Override
    public List<AgentRecord> load() throws FleetStoreException {
        try {
            SqliteRows rows = opened().jdbi().withHandle(handle -> SqliteRows.read(handle.getConnection()));
            return rows.faults().isEmpty() ? rows.records() : withoutFaults(rows);
        } catch (RuntimeException | SQLException e) {
            if (!SqliteFault.isDamage(e)) {
                throw unusable("read", e);
            }
            return restore(SqliteFault.reason(e));
        }
    }

    @Override
    public void save(Collection<AgentRecord> records) throws FleetStoreException {
        if (records.isEmpty()) {
            return;
        }
        try {
            SqliteFile to = opened();
            if (!emptied) {
                to.jdbi().useTransaction(handle -> SqliteRows.save(handle, records));
                return;
            }
        } catch (RuntimeException e) {
            if (!SqliteFault.isDamage(e)) {
                throw new FleetStoreException(file + " cannot be written: " + SqliteFault.reason(e), e);
            }
            Path aside = setAside();
            emptied = true;
            log.error(
                    "{} was found damaged ({}) and is set aside as {}; all agents are saved anew from memory and nothing"
                            + " is lost (check the disk)",
                    file,
                    SqliteFault.reason(e),
                    aside);
            opened();
        }
        emptied = false;
        throw FleetStoreException.emptied(file + " began anew");
    }

    @Override
    public void close() {
        if (open != null) {
            open.close();
        }
    }

    private SqliteFile opened() throws FleetStoreException {
        if (open == null) {
            try {
                open = SqliteFile.open(file, KIND);
            } catch (SqliteFile.NewerException | RuntimeException e) {
                throw unusable("opened", e);
            }
        }
        return open;
    }

    /** The structure is sound, so those rows that can be read are as good as where all of them can. */
    private List<AgentRecord> withoutFaults(SqliteRows rows) throws FleetStoreException {
        String reason = rows.faults().size() + " of "
                + (rows.records().size() + rows.faults().size()) + " rows make no sense, the first because "
                + rows.faults().getFirst();
        Path aside = setAside();
        begin(reason, aside, rows.records());
        return rows.records();
    }

    private List<AgentRecord> restore(String reason) throws FleetStoreException {
        Path aside = setAside();
        List<AgentRecord> salvaged = SqliteFile.salvage(aside);
        begin(reason, aside, salvaged);
        return salvaged;
    }

    private void begin(String reason, Path aside, List<AgentRecord> salvaged) throws FleetStoreException {
        log.error(
                "{} was damaged ({}) and is set aside as {}; a new one begins with the {} agents that could be read in"
                        + " it, and any other is asked for its full state as it comes back (check the disk; remove the"
                        + " file set aside once nobody wants it)",
                file,
                reason,
                aside,
                salvaged.size());
        SqliteFile begun = opened();
        try {
            begun.jdbi().useTransaction(handle -> SqliteRows.save(handle, salvaged));
        } catch (RuntimeException e) {
            throw unusable("written", e);
        }
    }

    private Path setAside() throws FleetStoreException {
        SqliteFile damaged = open;
        open = null;
        try {
            return SqliteFile.setAside(file, damaged, clock.get());
        } catch (IOException e) {
            throw new FleetStoreException(String.valueOf(e.getMessage()), e);
        }
    }

    private FleetStoreException unusable(String what, Exception e) {
        return new FleetStoreException(
                file + " cannot be " + what + ": " + SqliteFault.reason(e)
                        + " (expected: a fleet database that this user may read and write, with space on its disk, and"
                        + " that no other program holds; nothing in it was changed)",
                e);
    }
}
