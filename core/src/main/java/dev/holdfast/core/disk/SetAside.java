// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;

/**
 * Gives a damaged file another name, so that a new one can take its place and nothing of the old one is lost.
 *
 * <p>The name is {@code NAME.damaged-DATE}, with a number if that is taken. To be used by whoever holds the directory.
 */
public final class SetAside {

    /** Of more than so many, the disk is to blame and not the files: each new one would fill it further. */
    static final int MOST = 10;

    private static final String MARK = ".damaged-";

    /** The name of a copy that is not yet whole. */
    private static final String COPYING = "copying";

    private static final int PIECE = 64 << 10;

    /** Without colons, which not every file system takes. */
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH-mm-ss'Z'").withZone(ZoneOffset.UTC);

    private SetAside() {}

    /**
     * Renames a file and its companions, the companions first: while the file has its name, all of it counts as there.
     *
     * @param companions what the names of further files end with that belong to it; they need not be there
     * @param now the date to name it after
     * @return where the file is now; a companion's name begins with this one
     * @throws IOException if it cannot be renamed, or if {@value #MOST} were set aside already; the message says why
     */
    public static Path of(Path file, List<String> companions, Instant now) throws IOException {
        requireFew(file);
        Path aside = free(file, companions, now);
        try {
            for (String companion : companions) {
                Path from = suffixed(file, companion);
                if (Files.exists(from)) {
                    Files.move(from, suffixed(aside, companion));
                }
            }
            Files.move(file, aside);
        } catch (IOException e) {
            throw new IOException(file + " cannot be set aside as " + aside + ": " + Words.reason(e), e);
        }
        return aside;
    }

    /**
     * Copies a damaged file that is to be removed.
     *
     * @param now the date to name the copy after
     * @return the copy's name; it is there after a power loss
     * @throws IOException if there is no room for it, or the disk fails: then everything is as before
     */
    public static String copy(Disk disk, String name, Instant now) throws IOException {
        disk.delete(COPYING);
        try (DiskFile from = disk.openToRead(name);
                DiskFile into = disk.open(COPYING)) {
            ByteBuffer piece = ByteBuffer.allocate(PIECE);
            for (long at = 0; at < from.size(); at += PIECE) {
                from.read(piece.clear(), at);
                into.write(piece.flip(), at);
            }
            into.force();
        }
        return rename(disk, COPYING, name, now);
    }

    /** Gives a damaged file another name, and returns it. It has that after a power loss. */
    public static String rename(Disk disk, String name, Instant now) throws IOException {
        return rename(disk, name, name, now);
    }

    private static String rename(Disk disk, String from, String name, Instant now) throws IOException {
        String dated = name + MARK + DATE.format(now);
        String aside = dated;
        List<String> taken = disk.names();
        for (int number = 2; taken.contains(aside); number++) {
            aside = dated + "-" + number;
        }
        disk.rename(from, aside);
        disk.sync();
        return aside;
    }

    private static void requireFew(Path file) throws IOException {
        int count = 0;
        Path directory = file.toAbsolutePath().getParent();
        try (DirectoryStream<Path> there = Files.newDirectoryStream(directory, file.getFileName() + MARK + "*Z*")) {
            for (Path found : there) {
                if (found.toString().matches(".*Z(-[0-9]+)?")) {
                    count++;
                }
            }
        }
        if (count >= MOST) {
            throw new IOException(file + " is damaged, and " + count + " of its kind were set aside already as " + file
                    + MARK + "… (expected: fewer than " + MOST
                    + "; check the disk, then move those away that are no longer wanted)");
        }
    }

    private static Path free(Path file, List<String> companions, Instant now) {
        Path dated = suffixed(file, MARK + DATE.format(now));
        Path candidate = dated;
        for (int number = 2; taken(candidate, companions); number++) {
            candidate = suffixed(dated, "-" + number);
        }
        return candidate;
    }

    private static boolean taken(Path candidate, List<String> companions) {
        return Files.exists(candidate)
                || companions.stream().anyMatch(companion -> Files.exists(suffixed(candidate, companion)));
    }

    private static Path suffixed(Path file, String suffix) {
        return file.resolveSibling(file.getFileName() + suffix);
    }
}
