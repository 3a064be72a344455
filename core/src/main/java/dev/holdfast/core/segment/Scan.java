// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The frames of a part of a segment, one after the other. Where there is none the next one is looked for, byte by byte
 * so to say, and what lies between counts as damaged. For use by one thread.
 */
public final class Scan {

    private static final int WINDOW = 256 << 10;

    private final OpenFiles files;
    private final SegmentFile segment;
    private final int limit;
    private final boolean isEndKnown;
    private final ByteBuffer window;
    private int windowStart;

    private int at;
    private int next;
    private @Nullable FrameHeader header;
    private int written;
    private long damaged;

    /**
     * @param from where to begin
     * @param limit where the frames end, or, if that is not known, where the file does
     */
    Scan(OpenFiles files, SegmentFile segment, int from, int limit, boolean isEndKnown) {
        this.files = files;
        this.segment = segment;
        this.limit = limit;
        this.isEndKnown = isEndKnown;
        this.window = ByteBuffer.allocate(Math.max(FrameHeader.SIZE, Math.min(WINDOW, limit - from)));
        this.windowStart = from;
        this.window.limit(0);
        this.next = from;
        this.written = from;
    }

    /** Goes on to the next frame. */
    public boolean next() throws IOException {
        int from = next;
        for (int offset = from; offset + FrameHeader.SIZE <= limit; offset += 8) {
            int index = index(offset, FrameHeader.SIZE);
            if (window.getLong(index) == 0) {
                continue;
            }
            FrameHeader found = FrameHeader.read(window, index, segment.salt(), offset, limit);
            if (found != null) {
                damaged += offset - from;
                header = found;
                at = offset;
                next = offset + found.size();
                written = next;
                return true;
            }
            written = offset + 8;
        }
        header = null;
        for (int offset = Math.max(from, limit - FrameHeader.SIZE + 8 & -8); offset + 8 <= limit; offset += 8) {
            if (window.getLong(index(offset, 8)) != 0) {
                written = offset + 8;
            }
        }
        damaged += Math.max(0, (isEndKnown ? limit : written) - from);
        next = Math.max(from, limit);
        return false;
    }

    /** Where the frame is, to be {@linkplain SegmentLog#read read} again by. */
    public long position() {
        return SegmentLog.position(segment.number(), at);
    }

    /** Where the frame ends in its segment. */
    public int end() {
        return at + header().size();
    }

    /** See {@link Frame}. */
    public byte type() {
        return header().type();
    }

    /** See {@link Frame}. */
    public int lane() {
        return header().lane();
    }

    /** See {@link Frame}. */
    public long sequence() {
        return header().sequence();
    }

    /** See {@link Frame}. */
    public long hash() {
        return header().hash();
    }

    /** How many bytes of a segment it takes. */
    public int size() {
        return header().size();
    }

    /** How many frames of the same group come after this one. */
    public int follow() {
        return header().follow();
    }

    /**
     * Whether a frame of the same group came before this one. A group is whole if its first frame continues none, each
     * further one begins where the one before ends and has one less to follow, and none follows the last.
     */
    public boolean continues() {
        return header().continues();
    }

    /** What it holds, or null if that does not verify. */
    public byte @Nullable [] payload() throws IOException {
        FrameHeader frame = header();
        byte[] payload = new byte[frame.length()];
        int from = at + FrameHeader.SIZE;
        if (frame.length() <= window.capacity()) {
            window.get(index(from, frame.length()), payload);
        } else {
            files.read(segment.name(), ByteBuffer.wrap(payload), from);
        }
        return frame.isOf(payload) ? payload : null;
    }

    /**
     * How many bytes so far belong to no frame. At the end those after the last frame are among them, but for the zeros
     * after everything that was ever written. A wrong byte among those zeros looks like the rest of a lost frame and
     * counts as one, with the zeros before it. A frame whose {@link #payload} alone does not verify is not among them.
     */
    public long damaged() {
        return damaged;
    }

    /** Where the zeros begin after which nothing was ever written; to be asked at the end. */
    public int written() {
        return written;
    }

    private FrameHeader header() {
        return Objects.requireNonNull(header, "no frame (expected: next() said there is one)");
    }

    /** Where in the window these bytes of the segment are, once they are there. */
    private int index(int offset, int length) throws IOException {
        if (offset < windowStart || offset + length > windowStart + window.limit()) {
            int filled = Math.min(window.capacity(), Math.max(length, limit - offset));
            // Nothing is in it if reading fails: a second try must not take bytes of another place for these.
            window.limit(0);
            int read = files.read(segment.name(), window.duplicate().clear().limit(filled), offset);
            window.limit(filled);
            windowStart = offset;
            // A file that was cut off: what is missing is as good as zeros.
            for (int index = read; index < window.limit(); index++) {
                window.put(index, (byte) 0);
            }
        }
        return offset - windowStart;
    }
}
