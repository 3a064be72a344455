// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.outbox.Lane.Run;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.segment.Frame;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All of an {@link Index} at the beginning of each segment, so that opening reads one segment however many there are.
 * It is there twice, in parts; what one copy lacks the other has.
 */
final class Checkpoint {

    private static final int VERSION = 1;
    private static final int COPIES = 2;
    private static final int PART = 256 << 10;

    private final List<@Nullable List<byte @Nullable []>> copies = new ArrayList<>();

    /** The frames of it. */
    static List<Frame> frames(Index index) {
        byte[] all = Codec.bytes(out -> write(index, out));
        int parts = Math.max(1, (all.length + PART - 1) / PART);
        List<Frame> frames = new ArrayList<>();
        for (int copy = 0; copy < COPIES; copy++) {
            for (int part = 0; part < parts; part++) {
                byte[] bytes = java.util.Arrays.copyOfRange(all, part * PART, Math.min(all.length, (part + 1) * PART));
                frames.add(new Frame(Codec.CHECKPOINT, copy, part, parts, bytes));
            }
        }
        return frames;
    }

    /** An index of its own that says the same. */
    static Index copy(Index index) throws IOException {
        return read(Codec.in(Codec.bytes(out -> write(index, out))));
    }

    private static void write(Index index, DataOutputStream out) throws IOException {
        out.writeByte(VERSION);
        out.writeLong(index.nextDead);
        out.writeLong(index.lost);
        out.writeLong(index.dropped);
        out.writeLong(index.expired);
        out.writeInt(index.segments.size());
        for (Map.Entry<Integer, Integer> segment : index.segments.entrySet()) {
            out.writeInt(segment.getKey());
            out.writeInt(segment.getValue());
        }
        out.writeInt(index.dead.size());
        for (Map.Entry<Long, Index.Dead> dead : index.dead.entrySet()) {
            out.writeLong(dead.getKey());
            out.writeLong(dead.getValue().position());
            out.writeInt(dead.getValue().size());
        }
        out.writeInt(index.lanes.size());
        for (Lane lane : index.all()) {
            write(lane, out);
        }
    }

    private static void write(Lane lane, DataOutputStream out) throws IOException {
        out.writeInt(lane.id);
        out.writeUTF(lane.name);
        out.writeLong(lane.epoch);
        out.writeLong(lane.epochAfter);
        out.writeLong(lane.next);
        out.writeLong(lane.lastHash);
        out.writeLong(lane.acked);
        out.writeLong(lane.ackedHash);
        Attempts attempts = lane.attempts;
        out.writeBoolean(attempts != null);
        if (attempts != null) {
            Codec.write(attempts, out);
        }
        out.writeInt(lane.gaps.size());
        for (Gap gap : lane.gaps.values()) {
            out.writeLong(gap.first());
            out.writeLong(gap.hash());
            byte[] rest = Codec.gap(0, gap).payload();
            out.writeShort(rest.length);
            out.write(rest);
        }
        out.writeInt(lane.past.size() + lane.runs.size());
        for (Run run : lane.past.values()) {
            write(run, out);
        }
        for (Run run : lane.runs.values()) {
            write(run, out);
        }
    }

    private static void write(Run run, DataOutputStream out) throws IOException {
        out.writeInt(run.segment());
        out.writeLong(run.first());
        out.writeLong(run.last());
        out.writeInt(run.offset());
        out.writeInt(run.end());
        out.writeLong(run.bytes());
        out.writeLong(run.newest());
    }

    /** Takes in a frame of one. */
    void add(Frame frame) {
        int parts = (int) frame.hash();
        while (copies.size() <= frame.lane()) {
            copies.add(null);
        }
        List<byte @Nullable []> copy = copies.get(frame.lane());
        if (copy == null) {
            copy = new ArrayList<>();
            for (int part = 0; part < parts; part++) {
                copy.add(null);
            }
            copies.set(frame.lane(), copy);
        }
        copy.set((int) frame.sequence(), frame.payload());
    }

    /** What it says, or null if parts are missing from all copies. */
    @Nullable
    Index read() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        int parts = 0;
        for (List<byte @Nullable []> copy : copies) {
            parts = copy == null ? parts : copy.size();
        }
        for (int part = 0; part < parts; part++) {
            byte[] found = null;
            for (List<byte @Nullable []> copy : copies) {
                found = copy == null || copy.get(part) == null ? found : copy.get(part);
            }
            if (found == null) {
                return null;
            }
            all.writeBytes(found);
        }
        return parts == 0 ? null : read(Codec.in(all.toByteArray()));
    }

    private static Index read(DataInputStream in) throws IOException {
        int version = in.readByte();
        if (version != VERSION) {
            throw new IOException("a checkpoint of version " + version + " (expected: " + VERSION
                    + "; run the Holdfast that wrote it, or a later one)");
        }
        Index index = new Index();
        index.nextDead = in.readLong();
        index.lost = in.readLong();
        index.dropped = in.readLong();
        index.expired = in.readLong();
        for (int left = in.readInt(); left > 0; left--) {
            index.segments.put(in.readInt(), in.readInt());
        }
        for (int left = in.readInt(); left > 0; left--) {
            index.dead.put(in.readLong(), new Index.Dead(in.readLong(), in.readInt()));
        }
        for (int left = in.readInt(); left > 0; left--) {
            index.add(lane(in));
        }
        return index;
    }

    private static Lane lane(DataInputStream in) throws IOException {
        Lane lane = new Lane(in.readInt(), in.readUTF(), in.readLong());
        lane.epochAfter = in.readLong();
        lane.next = in.readLong();
        lane.lastHash = in.readLong();
        lane.acked = in.readLong();
        lane.ackedHash = in.readLong();
        lane.attempts = in.readBoolean() ? Codec.attempts(in) : null;
        for (int left = in.readInt(); left > 0; left--) {
            long first = in.readLong();
            long hash = in.readLong();
            Gap gap = Codec.gap(first, hash, Codec.in(in.readNBytes(in.readUnsignedShort())));
            lane.gaps.put(first, gap);
        }
        for (int left = in.readInt(); left > 0; left--) {
            Run run = new Run(
                    in.readInt(),
                    in.readLong(),
                    in.readLong(),
                    in.readInt(),
                    in.readInt(),
                    in.readLong(),
                    in.readLong());
            (run.last() <= lane.acked ? lane.past : lane.runs).put(run.first(), run);
        }
        return lane;
    }
}
