// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.outbox.OutboxPolicy.Durability;
import dev.holdfast.core.record.Chain;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.segment.Frame;
import dev.holdfast.core.segment.SegmentLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/** Something to be written. */
abstract class Request<T> {
    final CompletableFuture<T> done = new CompletableFuture<>();

    /** What is being written of it, and where. */
    List<Frame> written = List.of();

    long position;

    private Runnable then = () -> {};

    /** How many bytes its frames take at most, if it is to be refused when the quota is used up; else 0. */
    abstract int appends();

    final boolean isAppend() {
        return appends() > 0;
    }

    /** Whether it is over only when it is on the disk. */
    abstract boolean isDurable();

    /** The frames of it, now that its turn has come; none if there is nothing to be done. */
    abstract List<Frame> frames(Writer writer) throws IOException;

    /** What the asker is told once they are written. */
    abstract T result();

    /** Something to be done just before whoever asks is told that it is over. */
    final void whenOver(Runnable work) {
        then = work;
    }

    final void complete() {
        over();
        done.complete(result());
    }

    final void fail(Throwable why) {
        over();
        done.completeExceptionally(why);
    }

    private void over() {
        Runnable work = then;
        then = () -> {};
        work.run();
    }

    /** What there is to write about a lane, now. */
    @FunctionalInterface
    interface LaneFrames {
        List<Frame> of(Lane lane) throws IOException;
    }

    /** A request about a lane; nothing is done if there is none of that name. */
    static Request<Boolean> about(boolean isDurable, String lane, LaneFrames frames) {
        NewRecord.requireLane(lane);
        return new Control<>(
                isDurable,
                any -> {
                    Lane known = any.index.lanes.get(lane);
                    return known == null ? List.of() : frames.of(known);
                },
                true);
    }

    /** Records to be appended, encoded by whoever asks for it. */
    static final class Append extends Request<List<Long>> {
        private final List<NewRecord> records;
        private final Instant now;
        private final List<byte[]> payloads = new ArrayList<>();
        private final List<Frame> after;
        private final List<Long> sequences = new ArrayList<>();
        private final boolean isDurable;
        private int size;

        Append(OutboxPolicy policy, Instant now, List<NewRecord> records, OptionalLong replayOf, List<Frame> after) {
            this.records = List.copyOf(records);
            this.now = now;
            this.after = after;
            this.isDurable = policy.durability() == Durability.DURABLE;
            for (NewRecord record : records) {
                byte[] payload = Codec.record(record, replayOf, now, policy.compressFrom());
                payloads.add(payload);
                size += payload.length + Codec.MOST_HEADERS;
            }
            size += SegmentLog.size(after);
            if (size > policy.segment() / 2) {
                throw new IllegalArgumentException("records: " + size + " bytes together (expected: at most "
                        + policy.segment() / 2 + ", half a segment)");
            }
        }

        @Override
        int appends() {
            return size;
        }

        @Override
        boolean isDurable() {
            return isDurable;
        }

        @Override
        List<Frame> frames(Writer writer) throws IOException {
            for (NewRecord record : records) {
                writer.draft(record.lane());
            }
            List<Frame> frames = new ArrayList<>();
            for (int n = 0; n < records.size(); n++) {
                NewRecord record = records.get(n);
                Lane.Draft lane = writer.draft(record.lane());
                if (lane.isNew) {
                    lane.isNew = false;
                    Frame name = new Frame(
                            Codec.LANE, lane.id, 0, lane.epoch, Codec.bytes(out -> out.writeUTF(record.lane())));
                    // Twice, as whatever all records of a lane depend on.
                    frames.add(name);
                    frames.add(name);
                }
                long sequence = lane.next++;
                lane.hash =
                        Chain.next(lane.hash, sequence, now, record.contentType(), ByteBuffer.wrap(record.payload()));
                sequences.add(sequence);
                frames.add(new Frame(Codec.RECORD, lane.id, sequence, lane.hash, payloads.get(n)));
            }
            frames.addAll(after);
            return frames;
        }

        @Override
        List<Long> result() {
            return List.copyOf(sequences);
        }
    }

    /** A request that is no append. */
    static final class Control<T> extends Request<T> {
        private final boolean isDurable;
        private final Frames frames;
        private final T result;

        /** What there is to write, now. */
        @FunctionalInterface
        interface Frames {
            List<Frame> of(Writer writer) throws IOException;
        }

        Control(boolean isDurable, Frames frames, T result) {
            this.isDurable = isDurable;
            this.frames = frames;
            this.result = result;
        }

        @Override
        int appends() {
            return 0;
        }

        @Override
        boolean isDurable() {
            return isDurable;
        }

        @Override
        List<Frame> frames(Writer writer) throws IOException {
            return frames.of(writer);
        }

        @Override
        T result() {
            return result;
        }
    }
}
