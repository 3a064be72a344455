// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Frames, appended to the newest of several segments. One thread writes; any thread may {@linkplain #read read} and
 * {@linkplain #scan scan} meanwhile, and {@linkplain #prepare prepare} the next segment.
 *
 * <p>Frames are {@linkplain #put put} in groups, written together, and last once they were {@linkplain #force forced}.
 * After an {@link IOException} of either the segment takes nothing more: what was not forced before is to be put once
 * more, into a new one.
 */
public final class SegmentLog implements AutoCloseable {

    /** The least size of a segment, 64 KiB. One that begins with more than fits is made larger. */
    public static final int LEAST_SIZE = 64 << 10;

    /** 8 MiB. */
    public static final int SIZE = 8 << 20;

    /** Where the frames of a segment begin. */
    public static final int FIRST_FRAME = SegmentFile.FIRST_FRAME;

    /** What each of the two copies of a segment's header takes; they come first. */
    public static final int HEADER_SIZE = SegmentFile.COPY;

    private static final String SPARE = "spare";

    private final Disk disk;
    private final int size;
    private final UUID id;
    private final RandomGenerator chance;

    private final Segments segments;
    private final OpenFiles files;

    /** Guarded by the monitor of {@link #prepare}. */
    private boolean hasSpare;

    // Of the writing thread alone.
    private @Nullable SegmentFile current;
    private @Nullable DiskFile written;
    private ByteBuffer buffer = ByteBuffer.allocateDirect(64 << 10);
    private int end;
    private boolean isForced = true;

    private SegmentLog(Disk disk, int size, Segments segments, RandomGenerator chance) {
        this.disk = disk;
        this.size = size;
        this.segments = segments;
        this.files = new OpenFiles(disk);
        this.id = segments.id().orElseGet(() -> new UUID(chance.nextLong(), chance.nextLong()));
        this.chance = chance;
    }

    /**
     * Opens the segments that are there. Nothing can be put before {@link #resume} or {@link #begin}.
     *
     * @param size of new segments, in bytes, at least {@link #LEAST_SIZE}; a multiple of 4096
     * @param chance for salts, and for the id of a log that is not there yet
     */
    public static SegmentLog open(Disk disk, int size, RandomGenerator chance) throws IOException {
        if (size < LEAST_SIZE || size % 4096 != 0) {
            throw new IllegalArgumentException(
                    "size: " + size + " (expected: a multiple of 4096, at least " + LEAST_SIZE + ")");
        }
        return new SegmentLog(disk, size, Segments.of(disk), chance);
    }

    /** The name of a segment's file. */
    public static String name(int number) {
        return SegmentFile.name(number);
    }

    /** Where a frame is: the number of its segment, and its offset in it. */
    public static long position(int number, int offset) {
        return (long) number << 32 | offset;
    }

    /** The number of the segment that a position lies in. */
    public static int segment(long position) {
        return (int) (position >>> 32);
    }

    /** The offset in its segment. */
    public static int offset(long position) {
        return (int) position;
    }

    /** Drawn when the log was made, and in each of its segments. */
    public UUID id() {
        return id;
    }

    /** The numbers of the segments there are, in order. */
    public List<Integer> segments() {
        return segments.numbers();
    }

    /** Whether a segment is there that can be read. */
    public boolean has(int number) {
        return segments.find(number) != null;
    }

    /** How large the files of those that can be read are, together, in bytes. */
    public long bytes() {
        return segments.bytes();
    }

    /** The numbers of those that cannot be read since their header does not verify. */
    public List<Integer> unreadable() {
        return segments.unreadable();
    }

    /** The names of the files beside the segments. */
    public List<String> otherFiles() throws IOException {
        return disk.names().stream()
                .filter(name -> SegmentFile.number(name).isEmpty())
                .sorted()
                .toList();
    }

    /** The offsets of those of the two copies of a segment's header in which something is not as it was written. */
    public List<Integer> damagedHeaders(int number) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(FIRST_FRAME);
        files.read(segments.require(number).name(), header, 0);
        return SegmentFile.damagedCopies(header);
    }

    /** The frames of a segment, where its end is not known: as far as there are any. */
    public Scan scan(int number) throws IOException {
        SegmentFile segment = segments.require(number);
        return new Scan(files, segment, SegmentFile.FIRST_FRAME, segment.size(), false);
    }

    /** The frames of a segment between two offsets, the former of which is that of a frame, or 0. */
    public Scan scan(int number, int from, int end) throws IOException {
        return new Scan(files, segments.require(number), Math.max(from, SegmentFile.FIRST_FRAME), end, true);
    }

    /**
     * The frame at a position.
     *
     * @return nothing if it does not verify, or its segment is no longer there
     */
    public Optional<Frame> read(long position) throws IOException {
        SegmentFile segment = segments.find(segment(position));
        if (segment == null) {
            return Optional.empty();
        }
        try {
            return read(segment, offset(position));
        } catch (IOException e) {
            if (segments.find(segment.number()) == null) {
                // Deleted meanwhile.
                return Optional.empty();
            }
            throw e;
        }
    }

    private Optional<Frame> read(SegmentFile segment, int offset) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(FrameHeader.SIZE);
        files.read(segment.name(), head, offset);
        FrameHeader header = FrameHeader.read(head, 0, segment.salt(), offset, segment.size());
        if (header == null) {
            return Optional.empty();
        }
        byte[] payload = new byte[header.length()];
        files.read(segment.name(), ByteBuffer.wrap(payload), offset + FrameHeader.SIZE);
        return header.isOf(payload)
                ? Optional.of(new Frame(header.type(), header.lane(), header.sequence(), header.hash(), payload))
                : Optional.empty();
    }

    /**
     * Goes on writing in a segment that is there.
     *
     * @param end where nothing was ever written, see {@link Scan#written}: behind the last frame alone there may be
     *     parts of others, which would be found again behind what is put
     */
    public void resume(int number, int end) throws IOException {
        SegmentFile segment = segments.require(number);
        if (end < SegmentFile.FIRST_FRAME || end > segment.size() || end % 8 != 0) {
            throw new IllegalArgumentException("end: " + end + " (expected: a multiple of 8, from "
                    + SegmentFile.FIRST_FRAME + " to " + segment.size() + ")");
        }
        giveUp();
        writeTo(segment, disk.open(segment.name()));
        this.end = end;
        isForced = false;
    }

    private void writeTo(SegmentFile segment, DiskFile file) {
        current = segment;
        written = file;
        buffer.clear();
    }

    /** Nothing is written any more to the segment that was written to. */
    private void giveUp() throws IOException {
        DiskFile file = written;
        current = null;
        written = null;
        isForced = false;
        if (file != null) {
            file.close();
        }
    }

    /**
     * {@linkplain #force Forces} what was put into the segment so far, and begins the next one. It is there, with its
     * first frames, or not at all. If there is no file for it, as on a full disk, the log goes on in the one before.
     *
     * @param now its date
     * @param room how many bytes are to fit into it after those frames; it is made larger than others if need be
     * @return its number
     */
    public int begin(List<Frame> first, Instant now, int room) throws IOException {
        if (current != null) {
            force();
        }
        SegmentFile segment = next(first, now, room);
        segments.add(segment.number(), segment);
        return segment.number();
    }

    /** Not while the spare file is made anew: its name must not come to mean another file before it is given up. */
    private synchronized SegmentFile next(List<Frame> first, Instant now, int room) throws IOException {
        int number = segments.highest() + 1;
        DiskFile file = spare(Math.addExact(SegmentFile.FIRST_FRAME + size(first), room));
        try {
            giveUp();
            int bytes = (int) file.size();
            SegmentFile segment = SegmentFile.begin(file, number, chance.nextLong(), bytes, id, now);
            end = SegmentFile.FIRST_FRAME;
            writeTo(segment, file);
            put(first);
            force();
            disk.rename(SPARE, SegmentFile.name(number));
            disk.sync();
            return segment;
        } catch (IOException e) {
            current = null;
            written = null;
            OpenFiles.close(file, e);
            throw e;
        }
    }

    /** Makes the file of the next segment if that has not been done, so that nobody waits for it to be filled. */
    public synchronized void prepare() throws IOException {
        if (!hasSpare) {
            SegmentFile.fill(disk, SPARE, size);
            hasSpare = true;
        }
    }

    private synchronized DiskFile spare(int needed) throws IOException {
        if (needed > size) {
            hasSpare = false;
            SegmentFile.fill(disk, SPARE, Math.multiplyExact(size, needed / size + 1));
        } else {
            prepare();
        }
        hasSpare = false;
        return disk.open(SPARE);
    }

    /** Whether there is a segment that takes frames, and room in it for a group of so many bytes. */
    public boolean fits(long bytes) {
        return current != null && end + buffer.position() + bytes <= current.size();
    }

    /** How many bytes a group takes. */
    public static int size(List<Frame> group) {
        int size = 0;
        for (Frame frame : group) {
            size = Math.addExact(size, frame.size());
        }
        return size;
    }

    /**
     * Adds a group, to be written with the next {@link #flush}. After a power loss they are all there if they were
     * forced. If not, some may be, and {@link Scan#continues} and {@link Scan#follow} tell such a group from a whole
     * one.
     *
     * @return the position of the first one; the others follow each other without a gap
     * @throws IllegalStateException if it does not {@linkplain #fits fit}
     */
    public long put(List<Frame> group) {
        int bytes = size(group);
        SegmentFile segment = current;
        if (segment == null || !fits(bytes)) {
            throw new IllegalStateException("no room for " + bytes + " bytes (expected: fits(bytes))");
        }
        if (buffer.remaining() < bytes) {
            ByteBuffer larger = ByteBuffer.allocateDirect(Math.max(2 * buffer.capacity(), buffer.position() + bytes));
            buffer = larger.put(buffer.flip());
        }
        int offset = end + buffer.position();
        int follow = group.size();
        for (Frame frame : group) {
            boolean continues = follow < group.size();
            FrameHeader.write(frame, continues, --follow, buffer, segment.salt(), end + buffer.position());
        }
        return position(segment.number(), offset);
    }

    /** Writes what was put. It can be read then, and survives the end of this process, but no power loss. */
    public void flush() throws IOException {
        if (buffer.position() > 0) {
            DiskFile file = requireWritten();
            isForced = false;
            int bytes = buffer.position();
            try {
                file.write(buffer.flip(), end);
            } catch (IOException e) {
                failed(file, e);
                throw e;
            } finally {
                buffer.clear();
            }
            end += bytes;
        }
    }

    /** Writes what was put and returns once everything written is on the disk. */
    public void force() throws IOException {
        flush();
        if (!isForced) {
            DiskFile file = requireWritten();
            try {
                file.force();
            } catch (IOException e) {
                failed(file, e);
                throw e;
            }
            isForced = true;
        }
    }

    private void failed(DiskFile file, IOException why) {
        current = null;
        written = null;
        OpenFiles.close(file, why);
    }

    /** Where the newest segment ends that is written to. */
    public int end() {
        return end;
    }

    /**
     * Removes a segment if it is there. Until the next {@link #begin} a power loss may bring it back.
     *
     * @throws IllegalArgumentException if it is the one that is written to
     */
    public void delete(int number) throws IOException {
        if (current != null && current.number() == number) {
            throw new IllegalArgumentException(
                    "number: " + number + " (expected: another than that of the segment that is written to)");
        }
        disk.delete(SegmentFile.name(number));
        segments.remove(number);
        files.forget(SegmentFile.name(number));
    }

    /** Closes the files. What was put and not {@linkplain #flush flushed} is lost. */
    @Override
    public void close() throws IOException {
        buffer.clear();
        try (files) {
            giveUp();
        }
    }

    private DiskFile requireWritten() throws IOException {
        DiskFile file = written;
        if (file == null) {
            throw new IOException("no segment is written to, since an earlier write failed");
        }
        return file;
    }
}
