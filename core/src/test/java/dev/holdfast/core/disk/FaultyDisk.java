// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that fails when it is told to and loses power as a real one may. What it does follows from what is
 * done to it and from the generators it is given, so a run can be repeated. Safe for use by any thread.
 *
 * <p>Each file that is made, write, force, rename, deletion and sync is an operation, with an index. Reads are none.
 */
public final class FaultyDisk implements Disk {

    /** How much of an operation is done though it fails. */
    public enum Done {
        NOTHING,
        /** A beginning of a write; some pages of a force; some names of a sync; else nothing. */
        PART,
        ALL
    }

    /** What a power loss leaves of what was written and not forced, or of names that were not synced. */
    public enum Kept {
        NOTHING,
        EVERYTHING,
        /** Any of the sectors of 512 bytes, each as it was after any of the writes to it; any of the names. */
        SECTORS,
        /** The same of pages of 4 KiB; and the names up to any one of them. */
        PAGES
    }

    public static final String FULL = "No space left on device";
    public static final String READ_ONLY = "Read-only file system";
    public static final String BROKEN = "Input/output error";

    private record Failure(int at, Done done, boolean lasts, String message) {}

    /** A name that came to mean a file, and one that no longer does. */
    private record Naming(@Nullable String lost, @Nullable String gained, FaultyFile file) {}

    private final RandomGenerator chance;
    private final Map<String, FaultyFile> names;
    private final Map<String, FaultyFile> lastingNames;
    private final List<Naming> namings = new ArrayList<>();
    private final List<String> operations = new ArrayList<>();
    private @Nullable Failure failure;
    private long capacity = Long.MAX_VALUE;
    private boolean isReadOnly;
    private int failingReads;
    private long bytesRead;

    public FaultyDisk(RandomGenerator chance) {
        this(chance, new HashMap<>());
    }

    private FaultyDisk(RandomGenerator chance, Map<String, FaultyFile> names) {
        this.chance = chance;
        this.names = names;
        this.lastingNames = new HashMap<>(names);
    }

    /** Lets the operation of that index fail, and, if that lasts, all after it, nothing of which is done. */
    public synchronized void fail(int at, Done done, boolean lasts, String message) {
        failure = new Failure(at, done, lasts, message);
    }

    /** Files together have at most so many bytes: a write that needs more writes what fits, and fails. */
    public synchronized void limit(long bytes) {
        capacity = bytes;
    }

    /** From now on nothing can be changed. */
    public synchronized void readOnly() {
        isReadOnly = true;
    }

    /** Lets that many reads fail. */
    public synchronized void failReads(int reads) {
        failingReads = reads;
    }

    /** How many bytes were read so far. */
    public synchronized long bytesRead() {
        return bytesRead;
    }

    /** How large all files are together. */
    public synchronized long bytes() {
        return names.values().stream().distinct().mapToLong(FaultyFile::size).sum();
    }

    /** From now on nothing fails any more. */
    public synchronized void heal() {
        failure = null;
        capacity = Long.MAX_VALUE;
        isReadOnly = false;
        failingReads = 0;
    }

    /** What was done so far, in order, failed or not, as {@code force 0000000001.log}. */
    public synchronized List<String> operations() {
        return List.copyOf(operations);
    }

    /** The disk as it may be found after a power loss now; this one is left as it is. */
    public FaultyDisk powerLoss(RandomGenerator how) {
        Kept[] kinds = Kept.values();
        return powerLoss(kinds[how.nextInt(kinds.length)], kinds[how.nextInt(kinds.length)], how);
    }

    /** The same, where it is known what is left. */
    public synchronized FaultyDisk powerLoss(Kept ofWrites, Kept ofNames, RandomGenerator how) {
        Map<String, FaultyFile> found = new HashMap<>(lastingNames);
        int until = ofNames == Kept.PAGES ? how.nextInt(namings.size() + 1) : namings.size();
        for (Naming naming : namings.subList(0, until)) {
            if (ofNames != Kept.NOTHING && (ofNames != Kept.SECTORS || how.nextBoolean())) {
                apply(naming, found);
            }
        }
        Map<FaultyFile, FaultyFile> left = new HashMap<>();
        // In the order of their names, since the generator is drawn from.
        found.keySet().stream()
                .sorted()
                .forEach(name -> found.computeIfPresent(
                        name, (same, file) -> left.computeIfAbsent(file, one -> one.powerLoss(ofWrites, how))));
        return new FaultyDisk(how, found);
    }

    /** What can be read of a file. */
    public synchronized byte[] content(String name) throws IOException {
        return find(name).content();
    }

    /** Puts a file there whole. */
    public synchronized void put(String name, byte[] content) {
        FaultyFile file = new FaultyFile(content);
        names.put(name, file);
        lastingNames.put(name, file);
    }

    /** Flips bits of a byte of a file, in what can be read and on the disk. */
    public synchronized void flip(String name, int offset, int mask) throws IOException {
        find(name).flip(offset, mask);
    }

    @Override
    public synchronized List<String> names() {
        return names.keySet().stream().sorted().toList();
    }

    @Override
    public synchronized DiskFile open(String name) throws IOException {
        FaultyFile file = names.get(name);
        if (file == null) {
            FaultyFile made = new FaultyFile(new byte[0]);
            carryOut("make", name, done -> {
                if (done == Done.ALL) {
                    rename(new Naming(null, name, made));
                }
            });
            file = made;
        }
        return new Opened(name, file);
    }

    @Override
    public synchronized DiskFile openToRead(String name) throws IOException {
        return new Opened(name, find(name));
    }

    @Override
    public synchronized void rename(String from, String to) throws IOException {
        FaultyFile file = find(from);
        carryOut("rename", from, done -> {
            if (done == Done.ALL) {
                rename(new Naming(from, to, file));
            }
        });
    }

    @Override
    public synchronized void delete(String name) throws IOException {
        FaultyFile file = names.get(name);
        if (file != null) {
            carryOut("delete", name, done -> {
                if (done == Done.ALL) {
                    rename(new Naming(name, null, file));
                }
            });
        }
    }

    @Override
    public synchronized void sync() throws IOException {
        carryOut("sync", ".", done -> {
            int until = done == Done.PART ? chance.nextInt(namings.size() + 1) : namings.size();
            if (done != Done.NOTHING) {
                namings.subList(0, until).forEach(naming -> apply(naming, lastingNames));
            }
            // Whether it failed or not: the system does not try again.
            namings.clear();
        });
    }

    @Override
    public String toString() {
        return "memory";
    }

    private void rename(Naming naming) {
        apply(naming, names);
        namings.add(naming);
    }

    private static void apply(Naming naming, Map<String, FaultyFile> names) {
        if (naming.lost != null) {
            names.remove(naming.lost, naming.file);
        }
        if (naming.gained != null) {
            names.put(naming.gained, naming.file);
        }
    }

    private FaultyFile find(String name) throws NoSuchFileException {
        FaultyFile file = names.get(name);
        if (file == null) {
            throw new NoSuchFileException(name);
        }
        return file;
    }

    private interface Operation {
        void run(Done done) throws IOException;
    }

    private void carryOut(String kind, String name, Operation operation) throws IOException {
        int index = operations.size();
        operations.add(kind + " " + name);
        if (isReadOnly) {
            throw new FileSystemException(name, null, READ_ONLY);
        }
        Failure due = failure;
        if (due == null || index < due.at || (index > due.at && !due.lasts)) {
            operation.run(Done.ALL);
            return;
        }
        operation.run(index == due.at ? due.done : Done.NOTHING);
        // As the JDK says it: with the name where there is one, without it for an open file.
        throw kind.equals("write") || kind.equals("force")
                ? new IOException(due.message)
                : new FileSystemException(name, null, due.message);
    }

    private int room(FaultyFile file, long position, int bytes) {
        if (capacity == Long.MAX_VALUE) {
            return bytes;
        }
        long free = capacity - bytes();
        return (int) Math.max(0, Math.min(bytes, file.size() + free - position));
    }

    private final class Opened implements DiskFile {

        private final String name;
        private final FaultyFile file;
        private boolean isClosed;

        Opened(String name, FaultyFile file) {
            this.name = name;
            this.file = file;
        }

        @Override
        public long size() throws IOException {
            synchronized (FaultyDisk.this) {
                requireOpen();
                return file.size();
            }
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            synchronized (FaultyDisk.this) {
                requireOpen();
                if (failingReads > 0) {
                    failingReads--;
                    throw new IOException(BROKEN);
                }
                int read = file.read(into, position);
                bytesRead += Math.max(0, read);
                return read;
            }
        }

        @Override
        public void write(ByteBuffer from, long position) throws IOException {
            synchronized (FaultyDisk.this) {
                requireOpen();
                carryOut("write", name, done -> {
                    byte[] bytes = new byte[from.remaining()];
                    from.get(bytes);
                    int whole = done == Done.NOTHING ? 0 : bytes.length;
                    int wanted = done == Done.PART && whole > 0 ? chance.nextInt(whole) : whole;
                    int written = room(file, position, wanted);
                    file.write(bytes, written, (int) position);
                    if (written < wanted) {
                        throw new IOException(FULL);
                    }
                });
            }
        }

        @Override
        public void force() throws IOException {
            synchronized (FaultyDisk.this) {
                requireOpen();
                carryOut("force", name, done -> file.force(done, chance));
            }
        }

        @Override
        public void close() {
            synchronized (FaultyDisk.this) {
                isClosed = true;
            }
        }

        private void requireOpen() throws ClosedChannelException {
            if (isClosed) {
                throw new ClosedChannelException();
            }
        }
    }
}
