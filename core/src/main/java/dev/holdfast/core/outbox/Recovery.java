// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.disk.Disk;
import dev.holdfast.core.disk.Words;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.Scan;
import dev.holdfast.core.segment.SegmentLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the index of a log that is there: the newest checkpoint that verifies, and all frames after it. */
final class Recovery {

    private static final Logger logger = LoggerFactory.getLogger(Outbox.class);

    private final SegmentLog log;
    private Index index = new Index();
    private final List<Part> group = new ArrayList<>();
    private long damaged;
    private long unfinished;
    private int end;
    private boolean isClean = true;
    private boolean isClosed;

    private record Part(Frame frame, boolean isWhole, boolean continues, long position, int size, int follow) {}

    /**
     * What was found.
     *
     * @param end where the newest segment ends
     * @param isClean whether it was closed in good order, and nothing but zeros comes after that
     * @param damaged bytes that are no frame, in the segments that were read
     * @param unfinished bytes at the end that were being written when everything stopped
     */
    record Found(Index index, int newest, int end, boolean isClean, long damaged, long unfinished) {}

    private Recovery(SegmentLog log) {
        this.log = log;
    }

    /** Reads a log, be there any segment or none. */
    static Found read(SegmentLog log) throws IOException {
        return log.segments().isEmpty() ? new Found(new Index(), 0, 0, true, 0, 0) : new Recovery(log).read();
    }

    /** Goes on writing where it was found to have ended, and removes what is of no use. */
    static void resume(Found found, SegmentLog segments, Writer writer, Disk disk) throws IOException {
        if (found.damaged() > 0
                || found.unfinished() > 0
                || !segments.unreadable().isEmpty()) {
            logger.warn(
                    "outbox in {}: {} bytes do not verify, {} more at the end were being written when it stopped,"
                            + " {} segments cannot be read, {} records are lost so far; the rest is kept and delivered",
                    disk,
                    found.damaged(),
                    found.unfinished(),
                    segments.unreadable().size(),
                    found.index().lost);
        }
        boolean isResumed = resume(found, segments);
        if (!isResumed || !found.isClean()) {
            begin(isResumed && found.unfinished() == 0, segments, writer);
        }
        List<Integer> leftOver = new ArrayList<>(segments.segments());
        leftOver.removeAll(writer.index.segments.keySet());
        for (int segment : leftOver) {
            segments.delete(segment);
        }
    }

    /** Puts what was written last on the disk, and is ready to go on after it; whether that could be done. */
    private static boolean resume(Found found, SegmentLog segments) throws IOException {
        if (found.end() < SegmentLog.FIRST_FRAME) {
            return false;
        }
        try {
            segments.resume(found.newest(), found.end());
            segments.force();
            return true;
        } catch (IOException e) {
            if (found.isClean()) {
                throw e;
            }
            logger.warn("what the outbox wrote last before it was killed cannot be forced: {}", Words.reason(e));
            return false;
        }
    }

    /**
     * Goes on in a new segment: nobody can say what the old one has of a write that failed, and nothing is overwritten
     * there that somebody may want to see.
     *
     * @param isOptional whether nothing was cut off, so that the old one will do if there is no room for another
     */
    private static void begin(boolean isOptional, SegmentLog segments, Writer writer) throws IOException {
        try {
            writer.begin(0);
        } catch (IOException e) {
            if (!isOptional || !segments.fits(0)) {
                throw e;
            }
            logger.warn("the outbox goes on in the segment it has, since there is no room for another");
        }
    }

    private Found read() throws IOException {
        List<Integer> segments = log.segments();
        int from = segments.size() - 1;
        Index checkpoint = checkpoint(segments.get(from));
        while (checkpoint == null && from > 0) {
            from--;
            checkpoint = checkpoint(segments.get(from));
        }
        index = checkpoint == null ? index : checkpoint;
        int newest = segments.getLast();
        for (int number : segments.subList(from, segments.size())) {
            replay(number, number == newest);
        }
        List<Integer> gone = new ArrayList<>(index.segments.keySet());
        gone.removeAll(segments);
        gone.removeAll(log.unreadable());
        gone.forEach(index::lose);
        index.letGo.clear();
        index.all().forEach(lane -> lane.durable = lane.next - 1);
        return new Found(index, newest, end, isClean, damaged, unfinished);
    }

    private @Nullable Index checkpoint(int number) throws IOException {
        Checkpoint checkpoint = new Checkpoint();
        Scan scan = log.scan(number);
        while (scan.next() && scan.type() == Codec.CHECKPOINT) {
            byte[] payload = scan.payload();
            if (payload != null) {
                checkpoint.add(frame(scan, payload));
            }
        }
        return checkpoint.read();
    }

    private void replay(int number, boolean isNewest) throws IOException {
        Integer known = isNewest ? null : index.segments.get(number);
        Scan scan = known == null ? log.scan(number) : log.scan(number, 0, known);
        int last = 0;
        int follow = Integer.MAX_VALUE;
        boolean isBeginning = true;
        while (scan.next()) {
            isBeginning &= last == 0 || (scan.continues() && scan.follow() < follow);
            follow = scan.follow();
            byte[] payload = scan.payload();
            Frame frame = frame(scan, payload == null ? Codec.NOTHING : payload);
            damaged += payload == null ? scan.size() : 0;
            if (!group.isEmpty() && !(scan.continues() && group.getLast().follow == scan.follow() + 1)) {
                applyGroup();
            }
            group.add(new Part(frame, payload != null, scan.continues(), scan.position(), scan.size(), scan.follow()));
            last = scan.end();
            isClosed = scan.type() == Codec.CLOSED;
        }
        // The frames that a segment begins with were on the disk before it had its name.
        end(scan, isNewest && !isBeginning && isUnfinished(), isNewest, last);
    }

    private void end(Scan scan, boolean isUnfinished, boolean isNewest, int last) throws IOException {
        if (isUnfinished) {
            end = SegmentLog.offset(group.getFirst().position);
            unfinished += scan.written() - end;
            isClean = false;
            group.clear();
            return;
        }
        applyGroup();
        end = last;
        if (isNewest) {
            isClean = isClosed && scan.written() == last;
            unfinished += Math.max(0, scan.written() - last);
            damaged += scan.damaged() - Math.max(0, scan.written() - last);
        } else {
            damaged += scan.damaged();
        }
    }

    /**
     * Whether frames of the group are missing or damaged. At the end of a log it was being written: none of it counts.
     */
    private boolean isUnfinished() {
        return !group.isEmpty()
                && (group.getFirst().continues
                        || group.getLast().follow > 0
                        || (group.size() > 1 && !group.stream().allMatch(Part::isWhole)));
    }

    /**
     * Takes in a group that something came after, so that it may well have been on the disk whole, and damaged since.
     */
    private void applyGroup() throws IOException {
        boolean isWhole = !isUnfinished();
        for (Part part : group) {
            if (isWhole || holdsAlone(part.frame)) {
                index.apply(part.frame, part.isWhole, part.position, part.size);
            }
        }
        group.clear();
    }

    /**
     * Whether a frame is to be believed though others of its group are not there: what lets go of something is not,
     * as long as there is something to be let go of.
     */
    private boolean holdsAlone(Frame frame) {
        return switch (frame.type()) {
            case Codec.GAP, Codec.PURGE -> false;
            case Codec.GONE -> !log.segments().contains((int) frame.sequence());
            default -> true;
        };
    }

    private static Frame frame(Scan scan, byte[] payload) {
        return new Frame(scan.type(), scan.lane(), scan.sequence(), scan.hash(), payload);
    }
}
