// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NotDirectoryException;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What went wrong on a disk, for the person who is to mend it, who may never have seen an errno or a class name. No
 * state; safe for use by any thread.
 */
public final class Words {

    private static final String NO_SPACE = "no space is left on its disk";
    private static final String READ_ONLY = "its file system is mounted read-only";
    private static final String BROKEN = "its disk fails";
    private static final String DENIED = "this user may not";

    /** What systems say, in the C locale that the JDK asks them in, and what it means. */
    private static final Map<String, String> MEANINGS = Map.of(
            "No space left on device", NO_SPACE,
            "Disk quota exceeded", NO_SPACE,
            "Read-only file system", READ_ONLY,
            "Not a directory", "a file is where a directory should be",
            "Is a directory", "a directory is where a file should be",
            "Permission denied", DENIED,
            "Operation not permitted", "the system does not permit it, as for a file that is marked immutable",
            "Input/output error", BROKEN);

    private Words() {}

    /** Why something failed, without the path, which the caller names. */
    public static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> DENIED;
            case FileAlreadyExistsException there -> "a file is where a directory should be";
            case NotDirectoryException file -> "a file is where a directory should be";
            case FileSystemException told -> meaning(told.getReason(), told);
            default -> meaning(e.getMessage(), e);
        };
    }

    /**
     * The same failure told with what it means for whoever runs this and what to do, where that is known; else as it
     * is.
     *
     * @param where the directory
     */
    public static IOException explained(String where, IOException e) {
        String expected = switch (reason(e)) {
            case NO_SPACE -> "free space there; make some, or allow less for it";
            case READ_ONLY -> "one that can be written; mount it so, or give another directory";
            case DENIED -> "a directory that this user may write; give it to this user, or give another";
            case BROKEN -> "one that works; look into the system's log, and give a directory on another";
            default -> "";
        };
        return expected.isEmpty()
                ? e
                : new IOException(where + " cannot be written: " + reason(e) + " (expected: " + expected + ")", e);
    }

    /** What was expected instead and what to do, where {@code otherwise} is that of anything but a full disk. */
    static String remedy(IOException e, String otherwise) {
        return reason(e).equals(NO_SPACE)
                ? "expected: free space there; make some, or give another directory with --data"
                : otherwise;
    }

    private static String meaning(@Nullable String said, IOException e) {
        String known = said == null ? null : MEANINGS.get(said);
        return known == null ? Objects.requireNonNullElse(said, e.getClass().getSimpleName()) : known;
    }
}
