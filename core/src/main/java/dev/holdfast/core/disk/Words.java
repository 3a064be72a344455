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

/** What went wrong on a disk, for the person who is to mend it, who may never have seen an errno or a class name. */
final class Words {

    private static final String NO_SPACE = "no space is left on its disk";

    /** What systems say, in the C locale that the JDK asks them in, and what it means. */
    private static final Map<String, String> MEANINGS = Map.of(
            "No space left on device", NO_SPACE,
            "Disk quota exceeded", NO_SPACE,
            "Read-only file system", "its file system is mounted read-only",
            "Not a directory", "a file is where a directory should be",
            "Is a directory", "a directory is where a file should be",
            "Permission denied", "this user may not",
            "Operation not permitted", "the system does not permit it, as for a file that is marked immutable",
            "Input/output error", "its disk fails");

    private Words() {}

    /** Why something failed, without the path, which the caller names. */
    static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> "this user may not";
            case FileAlreadyExistsException there -> "a file is where a directory should be";
            case NotDirectoryException file -> "a file is where a directory should be";
            case FileSystemException told -> meaning(told.getReason(), told);
            default -> meaning(e.getMessage(), e);
        };
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
