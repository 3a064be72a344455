// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.Audit;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.segment.Frame;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * What the frames of an outbox mean. Numbers are big-endian; a text is its length in two bytes and modified UTF-8
 * ({@link DataOutputStream#writeUTF}); an instant is milliseconds of the Unix epoch.
 *
 * <pre>
 *  type        lane  sequence      hash            payload
 *  RECORD      lane  its own       chain hash      u8 flags (1 deflated, 2 replay), i64 time, [i64 replay of],
 *                                                  text content type, u16 headers, (text, text)*, i32 length, bytes
 *  MOVED       as RECORD: the same record again, from a segment that goes
 *  LANE        lane  0             epoch           text name; twice
 *  ACK         lane  acknowledged  chain hash      none
 *  GAP         lane  first         chain hash      i64 last, u8 why, text audit
 *  ATTEMPT     lane  its record    0               attempts
 *  EPOCH       lane  begins after  new epoch       none
 *  DEAD        lane  its own       dead letter id  attempts, i64 chain hash, payload of its RECORD
 *  PURGE       0     0             dead letter id  none
 *  GONE        0     segment       0               none: nothing in that segment is wanted any more
 *  CHECKPOINT  copy  part          parts           a part of everything; see Checkpoint
 *  CLOSED      0     0             0               u16 lanes, (i32 lane, i64 last sequence, i64 its hash)*; everything
 *                                                  before it was forced
 *  attempts are i64 sequence, i32 total, i32 alone, i64 first, i64 last, i64 delay in nanoseconds,
 *  u16 reasons, (text, i32 times)*
 * </pre>
 */
final class Codec {

    static final byte RECORD = 1;
    static final byte MOVED = 2;
    static final byte LANE = 3;
    static final byte ACK = 4;
    static final byte GAP = 5;
    static final byte ATTEMPT = 6;
    static final byte EPOCH = 7;
    static final byte DEAD = 8;
    static final byte PURGE = 9;
    static final byte GONE = 10;
    static final byte CHECKPOINT = 11;
    static final byte CLOSED = 12;

    /** By the number that stands for each. */
    private static final List<Why> WHYS = List.of(Why.DEAD, Why.DROPPED, Why.EXPIRED, Why.DAMAGED);

    static final byte[] NOTHING = {};

    /** Header and padding of a record, and the same of the name of its lane, twice. */
    static final int MOST_HEADERS = 384;

    /** Of more lanes it is not said how far they came, so that the word fits into any segment. */
    private static final int MOST_CLOSED = 1000;

    private static final int DEFLATED = 1;
    private static final int REPLAY = 2;

    private Codec() {}

    /** Something that writes itself. */
    @FunctionalInterface
    interface Body {
        void write(DataOutputStream out) throws IOException;
    }

    static byte[] bytes(Body body) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        try {
            body.write(new DataOutputStream(bytes));
        } catch (IOException never) {
            throw new UncheckedIOException(never);
        }
        return bytes.toByteArray();
    }

    static DataInputStream in(byte[] bytes) {
        return new DataInputStream(new ByteArrayInputStream(bytes));
    }

    static byte[] record(NewRecord record, OptionalLong replayOf, Instant now, int compressFrom) {
        byte[] payload = record.payload();
        byte[] smaller = payload.length >= compressFrom ? deflated(payload) : null;
        byte[] kept = smaller == null ? payload : smaller;
        int flags = (smaller == null ? 0 : DEFLATED) | (replayOf.isPresent() ? REPLAY : 0);
        return bytes(out -> {
            out.writeByte(flags);
            out.writeLong(now.toEpochMilli());
            if (replayOf.isPresent()) {
                out.writeLong(replayOf.getAsLong());
            }
            out.writeUTF(record.contentType());
            out.writeShort(record.headers().size());
            for (Map.Entry<String, String> header : record.headers().entrySet()) {
                out.writeUTF(header.getKey());
                out.writeUTF(header.getValue());
            }
            out.writeInt(payload.length);
            out.write(kept);
        });
    }

    static Stored stored(long sequence, long hash, byte[] payload) throws IOException {
        return stored(sequence, hash, in(payload));
    }

    static Stored stored(long sequence, long hash, DataInputStream in) throws IOException {
        int flags = in.readByte();
        Instant time = Instant.ofEpochMilli(in.readLong());
        OptionalLong replayOf = (flags & REPLAY) == 0 ? OptionalLong.empty() : OptionalLong.of(in.readLong());
        String contentType = in.readUTF();
        Map<String, String> headers = new LinkedHashMap<>();
        for (int left = in.readUnsignedShort(); left > 0; left--) {
            headers.put(in.readUTF(), in.readUTF());
        }
        int length = in.readInt();
        // Not readAllBytes, which takes 16 KiB of heap for each record, however small.
        byte[] kept = new byte[in.available()];
        in.readFully(kept);
        return new Stored(
                sequence,
                hash,
                time,
                contentType,
                headers,
                replayOf,
                (flags & DEFLATED) == 0 ? kept : inflated(kept, length));
    }

    /** A record as a dead letter, and the gap in its place. */
    static List<Frame> dead(long id, Attempts attempts, Frame record) throws IOException {
        Frame dead = new Frame(DEAD, record.lane(), record.sequence(), id, bytes(out -> {
            write(attempts, out);
            out.writeLong(record.hash());
            out.write(record.payload());
        }));
        return List.of(dead, gap(record.lane(), gapOf(dead)));
    }

    /** What a dead letter leaves in its lane. */
    static Gap gapOf(Frame dead) throws IOException {
        long sequence = dead.sequence();
        DataInputStream in = in(dead.payload());
        Attempts attempts = attempts(in);
        Stored record = stored(sequence, in.readLong(), in);
        String audit = Audit.dead(attempts, record.payload().length, record.contentType());
        return new Gap(sequence, sequence, Why.DEAD, record.hash(), audit);
    }

    /** Whether frames that are no records let go of nothing and so can wait: an attempt, or a dead letter. */
    static boolean isGrowth(List<Frame> frames) {
        return !frames.isEmpty()
                && (frames.getLast().type() == ATTEMPT
                        || (frames.getFirst().type() == DEAD && frames.getLast().type() == GAP));
    }

    /** When a record was appended, in milliseconds of the Unix epoch. */
    static long time(byte[] record) {
        return ByteBuffer.wrap(record).getLong(1);
    }

    /** That everything is on the disk, and how far each lane came: so what is lost of the newest records shows. */
    static Frame closed(Collection<Lane> lanes) {
        return new Frame(CLOSED, 0, 0, 0, bytes(out -> {
            out.writeShort(Math.min(MOST_CLOSED, lanes.size()));
            for (Lane lane : lanes.stream().limit(MOST_CLOSED).toList()) {
                out.writeInt(lane.id);
                out.writeLong(lane.next - 1);
                out.writeLong(lane.lastHash);
            }
        }));
    }

    static Frame gap(int lane, Gap gap) {
        return new Frame(GAP, lane, gap.first(), gap.hash(), bytes(out -> {
            out.writeLong(gap.last());
            out.writeByte(WHYS.indexOf(gap.why()));
            out.writeUTF(gap.audit());
        }));
    }

    static Gap gap(long first, long hash, DataInputStream in) throws IOException {
        long last = in.readLong();
        return new Gap(first, last, WHYS.get(in.readByte()), hash, in.readUTF());
    }

    static void write(Attempts attempts, DataOutputStream out) throws IOException {
        out.writeLong(attempts.sequence());
        out.writeInt(attempts.total());
        out.writeInt(attempts.alone());
        out.writeLong(attempts.first().toEpochMilli());
        out.writeLong(attempts.last().toEpochMilli());
        out.writeLong(attempts.delay().toNanos());
        out.writeShort(attempts.reasons().size());
        for (Map.Entry<String, Integer> reason : attempts.reasons().entrySet()) {
            out.writeUTF(reason.getKey());
            out.writeInt(reason.getValue());
        }
    }

    static Attempts attempts(DataInputStream in) throws IOException {
        long sequence = in.readLong();
        int total = in.readInt();
        int alone = in.readInt();
        Instant first = Instant.ofEpochMilli(in.readLong());
        Instant last = Instant.ofEpochMilli(in.readLong());
        Duration delay = Duration.ofNanos(in.readLong());
        Map<String, Integer> reasons = new LinkedHashMap<>();
        for (int left = in.readUnsignedShort(); left > 0; left--) {
            reasons.put(in.readUTF(), in.readInt());
        }
        return new Attempts(sequence, total, alone, first, last, reasons, delay);
    }

    /** Smaller, or null if that cannot be had. */
    private static byte @Nullable [] deflated(byte[] payload) {
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        try {
            deflater.setInput(payload);
            deflater.finish();
            byte[] smaller = new byte[payload.length];
            int length = deflater.deflate(smaller);
            return deflater.finished() && length < payload.length ? Arrays.copyOf(smaller, length) : null;
        } finally {
            deflater.end();
        }
    }

    private static byte[] inflated(byte[] kept, int length) throws IOException {
        if (length < 0 || length > NewRecord.MOST_PAYLOAD) {
            throw new IOException("length: " + length + " (expected: at most " + NewRecord.MOST_PAYLOAD + ")");
        }
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(kept);
            byte[] payload = new byte[length];
            int got = inflater.inflate(payload);
            if (got != length) {
                throw new IOException("inflated: " + got + " bytes (expected: " + length + ")");
            }
            return payload;
        } catch (DataFormatException e) {
            throw new IOException("a compressed payload that is none", e);
        } finally {
            inflater.end();
        }
    }
}
