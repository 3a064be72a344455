// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.StreamId;
import dev.holdfast.server.ingest.EventStore;
import dev.holdfast.server.ingest.EventStoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;

/**
 * Events in one SQLite file of their own.
 *
 * <p>Write-ahead log with {@code synchronous=FULL}: a transaction that returned survives a loss of power.
 *
 * <p>A file of more than 64 MiB that was closed in order is looked through while it is used, since that takes seconds
 * for each GiB; any other before.
 *
 * <p>A damaged file is set aside and a new one begun, empty: agents send what they still have, and are told that the
 * streams are not known. What had been stored stays in the file that was set aside, whose name is told.
 */
public final class SqliteEventStore implements EventStore {

    private static final Logger log = LoggerFactory.getLogger(SqliteEventStore.class);

    /** One that writes, and two for those who read meanwhile. */
    private static final int CONNECTIONS = 3;

    /** More events than are ever stored in a millisecond; the product has no more digits than JSON's numbers. */
    private static final long IDS_PER_MILLI = 1_000;

    private static final SqliteFile.Kind KIND = new SqliteFile.Kind(
            "ingest",
            SQLiteConfig.SynchronousMode.FULL,
            CONNECTIONS,
            SqliteEventReader::probe,
            "agents send what they still have",
            64 << 20);

    private final Path file;
    private final Supplier<Instant> clock;
    private final SqliteFile.Kind kind;

    /** Null where a damaged one is set aside and a new one could not be begun yet. Set by the writing thread. */
    private volatile @Nullable SqliteFile open;

    /** What somebody found who only read. */
    private volatile @Nullable Damage damage;

    /** Used by the writing thread alone. */
    private @Nullable SqliteEventWriter writer;

    /** Used by the writing thread alone. */
    private @Nullable SqliteCheck check;

    /** That a file is damaged, and how that showed. */
    private record Damage(SqliteFile file, Exception e) {}

    private SqliteEventStore(Path file, Supplier<Instant> clock, SqliteFile.Kind kind) {
        this.file = file;
        this.clock = clock;
        this.kind = kind;
    }

    /**
     * Opens the file, makes it if it is not there, and brings it to the newest layout.
     *
     * @param clock what a damaged file is dated by when it is set aside
     * @throws EventStoreException if it cannot be opened, or a newer version wrote it
     */
    public static SqliteEventStore open(Path file, Supplier<Instant> clock) throws EventStoreException {
        return open(file, clock, KIND);
    }

    /** The same where another size counts as large. */
    static SqliteEventStore open(Path file, Supplier<Instant> clock, long large) throws EventStoreException {
        SqliteFile.Kind kind = new SqliteFile.Kind(
                KIND.name(), KIND.synchronous(), KIND.connections(), KIND.probe(), KIND.remedy(), large);
        return open(file, clock, kind);
    }

    private static SqliteEventStore open(Path file, Supplier<Instant> clock, SqliteFile.Kind kind)
            throws EventStoreException {
        SqliteEventStore store = new SqliteEventStore(file, clock, kind);
        try {
            store.writer();
        } catch (SqliteFile.NewerException e) {
            throw new EventStoreException(String.valueOf(e.getMessage()), e);
        } catch (RuntimeException | SQLException e) {
            if (!SqliteFault.isDamage(e)) {
                throw store.unusable("opened", e);
            }
            store.beginAnew(e);
        }
        return store;
    }

    @Override
    public void write(Work work) throws EventStoreException {
        SqliteEventWriter to = ready("opened");
        boolean done = false;
        try {
            work.on(to);
            to.commit();
            done = true;
        } catch (SQLException e) {
            throw failed("written", e);
        } catch (EventStoreException e) {
            throw e.getCause() instanceof SQLException cause ? failed("written", cause) : e;
        } finally {
            if (!done) {
                rollback(to);
            }
        }
    }

    private void rollback(SqliteEventWriter used) {
        try {
            used.rollback();
        } catch (SQLException e) {
            SqliteFile from = open;
            // A file that was set aside meanwhile has taken its writer with it.
            if (from != null && used.equals(writer)) {
                from.pool().evictConnection(used.connection);
                writer = null;
            }
        }
    }

    /** What failed, on the writing thread; a damaged file gives way to a new one at once. */
    private EventStoreException failed(String what, SQLException e) throws EventStoreException {
        if (SqliteFault.isDamage(e)) {
            beginAnew(e);
        }
        return unusable(what, e);
    }

    @Override
    public Optional<Point> mark(StreamId stream) throws EventStoreException {
        return ask(from -> from.mark(stream));
    }

    @Override
    public long hash(StreamId stream, long sequence) throws EventStoreException {
        return ask(from -> from.hash(stream, sequence));
    }

    @Override
    public boolean has(OutboxId outbox, String lane, Point point) throws EventStoreException {
        return ask(from -> from.has(outbox, lane, point));
    }

    /** Something that the writing thread asks. */
    @FunctionalInterface
    private interface Question<T> {

        T to(SqliteEventWriter writer) throws EventStoreException;
    }

    private <T> T ask(Question<T> question) throws EventStoreException {
        SqliteEventWriter from = ready("opened");
        try {
            return question.to(from);
        } catch (EventStoreException e) {
            throw e.getCause() instanceof SQLException cause ? failed("read", cause) : e;
        } finally {
            rollback(from);
        }
    }

    @Override
    public Page<Event> events(Query query) throws EventStoreException {
        return read(connection -> SqliteEventReader.events(connection, query));
    }

    @Override
    public List<Push> pushes(InstanceUid agent) throws EventStoreException {
        return read(connection -> SqliteEventReader.pushes(connection, agent));
    }

    @Override
    public Page<Drop> drops(Query query) throws EventStoreException {
        return read(connection -> SqliteEventReader.drops(connection, query));
    }

    @Override
    public Totals totals() throws EventStoreException {
        return read(SqliteEventReader::totals);
    }

    @Override
    public void close() {
        SqliteFile closed = open;
        endCheck();
        if (writer != null) {
            writer.close();
        }
        if (closed != null) {
            closed.close();
        }
    }

    /** Something that reads. */
    @FunctionalInterface
    private interface Reading<T> {

        T from(Connection connection) throws SQLException;
    }

    private <T> T read(Reading<T> reading) throws EventStoreException {
        SqliteFile from = open;
        try {
            if (from == null) {
                throw new SQLException("it was damaged, and a new one could not be begun yet");
            }
            try (Connection connection = from.pool().getConnection()) {
                return reading.from(connection);
            }
        } catch (RuntimeException | SQLException e) {
            if (from != null && SqliteFault.isDamage(e)) {
                // The file is the writing thread's to set aside.
                damage = new Damage(from, e);
            }
            throw unusable("read", e);
        }
    }

    private SqliteEventWriter ready(String what) throws EventStoreException {
        Damage found = damage;
        damage = null;
        if (found != null && found.file().equals(open)) {
            beginAnew(found.e());
        }
        try {
            return writer();
        } catch (RuntimeException | SQLException | SqliteFile.NewerException e) {
            throw unusable(what, e);
        }
    }

    private SqliteEventWriter writer() throws SQLException, SqliteFile.NewerException {
        SqliteEventWriter ready = writer;
        if (ready == null) {
            SqliteFile opened = open == null ? SqliteFile.open(file, kind) : open;
            open = opened;
            if (!opened.isChecked() && check == null) {
                // The file is the writing thread's to set aside.
                check = SqliteCheck.start(opened.source(), found -> damage = new Damage(opened, found));
            }
            ready = new SqliteEventWriter(opened.pool().getConnection());
            writer = ready;
        }
        return ready;
    }

    private void endCheck() {
        if (check != null) {
            check.close();
        }
    }

    private void beginAnew(Exception damage) throws EventStoreException {
        SqliteFile damaged = open;
        endCheck();
        if (writer != null) {
            writer.close();
        }
        writer = null;
        open = null;
        try {
            Path aside = SqliteFile.setAside(file, damaged, clock.get());
            log.error(
                    "{} was damaged ({}) and is set aside as {}, with the events that were stored in it; a new one begins"
                            + " empty, and agents send what they still have (check the disk; remove the file set aside once"
                            + " nobody wants it)",
                    file,
                    SqliteFault.reason(damage),
                    aside);
            // Ids go on above those of the old file, for whoever goes on after one of them.
            writer().beginAfter(clock.get().toEpochMilli() * IDS_PER_MILLI);
        } catch (IOException e) {
            throw new EventStoreException(String.valueOf(e.getMessage()), e);
        } catch (RuntimeException | SQLException | SqliteFile.NewerException e) {
            throw unusable("opened", e);
        }
    }

    private EventStoreException unusable(String what, Exception e) {
        return new EventStoreException(
                file + " cannot be " + what + ": " + SqliteFault.reason(e)
                        + " (expected: a database of events that this user may read and write, with space on its disk, and"
                        + " that no other program holds)",
                e);
    }
}
