// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteDataSource;

/**
 * Looks through all of a file, which takes seconds for each GiB: before anybody uses it, or meanwhile, on a connection
 * and a thread of its own. Safe for use by any thread.
 */
final class SqliteCheck implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SqliteCheck.class);

    private final CompletableFuture<Void> end = new CompletableFuture<>();

    /** Guarded by this. */
    private @Nullable Statement running;

    /** Guarded by this. */
    private boolean isClosed;

    private SqliteCheck() {}

    /** @throws RuntimeException if it cannot be read; {@link SqliteFault#isDamage} tells whether it is damaged */
    static void check(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            check(statement);
        }
    }

    private static void check(Statement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery("PRAGMA quick_check(1)")) {
            String found = rows.next() ? rows.getString(1) : "it says nothing of itself";
            if (!found.equals("ok")) {
                throw new SqliteFault.Damaged(found.replaceAll("\\s+", " "));
            }
        }
    }

    /**
     * Looks through a file that is in use.
     *
     * @param damage told, on a thread of its own, how it shows that the file is damaged
     */
    static SqliteCheck start(SQLiteDataSource source, Consumer<Exception> damage) {
        SqliteCheck check = new SqliteCheck();
        Thread.ofPlatform().daemon().name("holdfast-check").start(() -> check.run(source, damage));
        return check;
    }

    private void run(SQLiteDataSource source, Consumer<Exception> damage) {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            if (begin(statement)) {
                check(statement);
            }
        } catch (SQLException | RuntimeException e) {
            if (SqliteFault.isDamage(e)) {
                damage.accept(e);
            } else {
                log.debug("{} was not looked through: {}", source.getUrl(), SqliteFault.reason(e));
            }
        } finally {
            end.complete(null);
        }
    }

    private synchronized boolean begin(Statement statement) {
        running = statement;
        return !isClosed;
    }

    /** Ends it, wherever it is. */
    @Override
    public void close() {
        synchronized (this) {
            isClosed = true;
            try {
                if (running != null && !end.isDone()) {
                    running.cancel();
                }
            } catch (SQLException e) {
                log.debug("a look through a file cannot be ended early", e);
            }
        }
        end.join();
    }
}
