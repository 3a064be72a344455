// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.sqlite;

import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** What a failure of SQLite means: whether the file is damaged or only cannot be used now, and why, in words. */
final class SqliteFault {

    private SqliteFault() {}

    /** A file of which we found ourselves that it is damaged. */
    static final class Damaged extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Damaged(String message) {
            super(message);
        }

        Damaged(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Whether it comes from what is in the file, so that no try later and no mending around it can help. A full disk, a
     * lock, a missing permission or a disk that does not answer are not of that kind.
     */
    static boolean isDamage(Throwable e) {
        return causes(e).anyMatch(cause -> cause instanceof Damaged)
                || code(e).filter(SqliteFault::tellsOfDamage).isPresent();
    }

    /** Whether SQLite or its driver said it, or only what stands above them. */
    static boolean isOfSqlite(Throwable e) {
        return causes(e).anyMatch(cause -> cause instanceof SQLException);
    }

    /** Whether a row was refused for what is in it. */
    static boolean isConstraint(Throwable e) {
        return code(e).filter(code -> isKind(code, SQLiteErrorCode.SQLITE_CONSTRAINT))
                .isPresent();
    }

    /** Why, in one line. */
    static String reason(Throwable e) {
        Throwable root = causes(e).reduce(e, (outer, inner) -> inner);
        String message = Objects.requireNonNullElse(root.getMessage(), root.toString())
                .lines()
                .findFirst()
                .orElse("");
        SQLiteErrorCode code = code(e).orElse(SQLiteErrorCode.UNKNOWN_ERROR);
        if (isKind(code, SQLiteErrorCode.SQLITE_FULL)) {
            return "no space is left for it on its disk";
        }
        if (isKind(code, SQLiteErrorCode.SQLITE_READONLY)) {
            return "this user may only read it, or its directory";
        }
        if (isKind(code, SQLiteErrorCode.SQLITE_CANTOPEN)) {
            return "this user may not open it, or may not write to its directory";
        }
        return isKind(code, SQLiteErrorCode.SQLITE_BUSY) ? "another program holds it locked" : message;
    }

    private static boolean tellsOfDamage(SQLiteErrorCode code) {
        return isKind(code, SQLiteErrorCode.SQLITE_CORRUPT)
                || isKind(code, SQLiteErrorCode.SQLITE_NOTADB)
                || code == SQLiteErrorCode.SQLITE_IOERR_SHORT_READ;
    }

    /** An extended code has its kind in the lowest byte. */
    private static boolean isKind(SQLiteErrorCode code, SQLiteErrorCode kind) {
        return (code.code & 0xff) == kind.code;
    }

    private static Optional<SQLiteErrorCode> code(Throwable e) {
        return causes(e)
                .filter(SQLiteException.class::isInstance)
                .map(cause -> ((SQLiteException) cause).getResultCode())
                .findFirst();
    }

    private static Stream<Throwable> causes(Throwable e) {
        return Stream.iterate(e, Objects::nonNull, Throwable::getCause);
    }
}
