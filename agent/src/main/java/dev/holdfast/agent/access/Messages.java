// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import dev.holdfast.core.outbox.Outbox.Figures;
import dev.holdfast.core.outbox.Outbox.LaneFigures;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.record.Verification.Damage;
import dev.holdfast.core.record.Verification.Lost;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What is said on the socket, as bytes. Numbers are big-endian, a text is what {@link DataOutputStream#writeUTF} makes
 * of it, an instant is milliseconds of the Unix epoch, a list is its size in four bytes and its elements.
 */
final class Messages {

    /** What a record takes beside its texts and its payload. */
    private static final int FRAME = 64;

    /** What {@link DataOutputStream#writeUTF} takes at most for a character. */
    private static final int LETTER = 3;

    /** By the number that stands for each. */
    private static final List<Why> WHYS = List.of(Why.DEAD, Why.DROPPED, Why.EXPIRED, Why.DAMAGED);

    private Messages() {}

    /** Writes an element of a list. */
    @FunctionalInterface
    interface Writer<T> {
        void write(DataOutputStream out, T element) throws IOException;
    }

    /** Reads an element of a list. */
    @FunctionalInterface
    interface Reader<T> {
        T read(DataInputStream in) throws IOException;
    }

    static <T> void list(DataOutputStream out, List<T> list, Writer<T> writer) throws IOException {
        out.writeInt(list.size());
        for (T element : list) {
            writer.write(out, element);
        }
    }

    static <T> List<T> list(DataInputStream in, Reader<T> reader) throws IOException {
        List<T> list = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            list.add(reader.read(in));
        }
        return list;
    }

    /** How many bytes a record has at most when it is written. */
    static int mostBytes(NewRecord record) {
        int letters = record.lane().length() + record.contentType().length();
        for (Map.Entry<String, String> header : record.headers().entrySet()) {
            letters += header.getKey().length() + header.getValue().length() + 2;
        }
        return FRAME + LETTER * letters + record.payload().length;
    }

    static void newRecord(DataOutputStream out, NewRecord record) throws IOException {
        out.writeUTF(record.lane());
        out.writeUTF(record.contentType());
        headers(out, record.headers());
        payload(out, record.payload());
    }

    static NewRecord newRecord(DataInputStream in) throws IOException {
        return new NewRecord(in.readUTF(), in.readUTF(), headers(in), payload(in));
    }

    static void item(DataOutputStream out, Item item) throws IOException {
        switch (item) {
            case Stored stored -> {
                out.writeByte(-1);
                stored(out, stored);
            }
            case Gap gap -> {
                out.writeByte(WHYS.indexOf(gap.why()));
                out.writeLong(gap.first());
                out.writeLong(gap.last());
                out.writeLong(gap.hash());
                out.writeUTF(gap.audit());
            }
        }
    }

    static Item item(DataInputStream in) throws IOException {
        int kind = in.readByte();
        if (kind < 0) {
            return stored(in);
        }
        long first = in.readLong();
        long last = in.readLong();
        long hash = in.readLong();
        return new Gap(first, last, WHYS.get(Math.min(kind, WHYS.size() - 1)), hash, in.readUTF());
    }

    private static void stored(DataOutputStream out, Stored record) throws IOException {
        out.writeLong(record.sequence());
        out.writeLong(record.hash());
        out.writeLong(record.time().toEpochMilli());
        out.writeUTF(record.contentType());
        headers(out, record.headers());
        out.writeLong(record.replayOf().orElse(0));
        payload(out, record.payload());
    }

    private static Stored stored(DataInputStream in) throws IOException {
        long sequence = in.readLong();
        long hash = in.readLong();
        Instant time = Instant.ofEpochMilli(in.readLong());
        String contentType = in.readUTF();
        Map<String, String> headers = headers(in);
        long replayOf = in.readLong();
        return new Stored(
                sequence,
                hash,
                time,
                contentType,
                headers,
                replayOf == 0 ? OptionalLong.empty() : OptionalLong.of(replayOf),
                payload(in));
    }

    static void deadLetter(DataOutputStream out, DeadLetter letter) throws IOException {
        out.writeLong(letter.id());
        out.writeUTF(letter.lane());
        attempts(out, letter.attempts());
        stored(out, letter.record());
    }

    static DeadLetter deadLetter(DataInputStream in) throws IOException {
        return new DeadLetter(in.readLong(), in.readUTF(), attempts(in), stored(in));
    }

    static void figures(DataOutputStream out, Figures figures) throws IOException {
        out.writeLong(figures.bytes());
        out.writeLong(figures.quota());
        out.writeInt(figures.segments());
        out.writeInt(figures.dead());
        out.writeLong(figures.lost());
        out.writeLong(figures.dropped());
        out.writeLong(figures.expired());
        list(out, figures.lanes(), Messages::lane);
    }

    static Figures figures(DataInputStream in) throws IOException {
        return new Figures(
                in.readLong(),
                in.readLong(),
                in.readInt(),
                in.readInt(),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                list(in, Messages::lane));
    }

    private static void lane(DataOutputStream out, LaneFigures figures) throws IOException {
        LaneState lane = figures.state();
        out.writeUTF(lane.lane());
        out.writeLong(lane.epoch());
        out.writeLong(lane.epochAfter());
        out.writeLong(lane.acknowledged().sequence());
        out.writeLong(lane.acknowledged().hash());
        out.writeLong(lane.last());
        Attempts attempts = lane.attempts();
        out.writeBoolean(attempts != null);
        if (attempts != null) {
            attempts(out, attempts);
        }
        Instant oldest = figures.oldest();
        out.writeLong(oldest == null ? Long.MIN_VALUE : oldest.toEpochMilli());
    }

    private static LaneFigures lane(DataInputStream in) throws IOException {
        LaneState lane = new LaneState(
                in.readUTF(),
                in.readLong(),
                in.readLong(),
                new Point(in.readLong(), in.readLong()),
                in.readLong(),
                in.readBoolean() ? attempts(in) : null);
        long oldest = in.readLong();
        return new LaneFigures(lane, oldest == Long.MIN_VALUE ? null : Instant.ofEpochMilli(oldest));
    }

    static void verification(DataOutputStream out, Verification found) throws IOException {
        out.writeInt(found.segments());
        list(out, found.unreadable(), DataOutputStream::writeUTF);
        out.writeLong(found.frames());
        out.writeLong(found.records());
        out.writeLong(found.dead());
        out.writeLong(found.damagedBytes());
        list(out, found.damage(), (to, damage) -> {
            to.writeUTF(damage.file());
            to.writeLong(damage.from());
            to.writeLong(damage.to());
        });
        out.writeLong(found.lostRecords());
        list(out, found.lost(), (to, lost) -> {
            to.writeUTF(lost.lane());
            to.writeLong(lost.first());
            to.writeLong(lost.last());
            to.writeBoolean(lost.isNamed());
            to.writeUTF(lost.why());
        });
        list(out, found.lostDead(), DataOutputStream::writeLong);
        out.writeLong(found.unfinishedBytes());
        list(out, found.otherFiles(), DataOutputStream::writeUTF);
        out.writeBoolean(found.isRepairNeeded());
    }

    static Verification verification(DataInputStream in) throws IOException {
        return new Verification(
                in.readInt(),
                list(in, from -> from.readUTF()),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                list(in, from -> new Damage(from.readUTF(), from.readLong(), from.readLong())),
                in.readLong(),
                list(
                        in,
                        from -> new Lost(
                                from.readUTF(), from.readLong(), from.readLong(), from.readBoolean(), from.readUTF())),
                list(in, DataInputStream::readLong),
                in.readLong(),
                list(in, from -> from.readUTF()),
                in.readBoolean());
    }

    private static void attempts(DataOutputStream out, Attempts attempts) throws IOException {
        out.writeLong(attempts.sequence());
        out.writeInt(attempts.total());
        out.writeInt(attempts.alone());
        out.writeLong(attempts.first().toEpochMilli());
        out.writeLong(attempts.last().toEpochMilli());
        out.writeLong(attempts.delay().toMillis());
        out.writeInt(attempts.reasons().size());
        for (Map.Entry<String, Integer> reason : attempts.reasons().entrySet()) {
            out.writeUTF(reason.getKey());
            out.writeInt(reason.getValue());
        }
    }

    private static Attempts attempts(DataInputStream in) throws IOException {
        long sequence = in.readLong();
        int total = in.readInt();
        int alone = in.readInt();
        Instant first = Instant.ofEpochMilli(in.readLong());
        Instant last = Instant.ofEpochMilli(in.readLong());
        Duration delay = Duration.ofMillis(in.readLong());
        Map<String, Integer> reasons = new LinkedHashMap<>();
        for (int left = in.readInt(); left > 0; left--) {
            reasons.put(in.readUTF(), in.readInt());
        }
        return new Attempts(sequence, total, alone, first, last, reasons, delay);
    }

    private static void headers(DataOutputStream out, Map<String, String> headers) throws IOException {
        out.writeInt(headers.size());
        for (Map.Entry<String, String> header : headers.entrySet()) {
            out.writeUTF(header.getKey());
            out.writeUTF(header.getValue());
        }
    }

    private static Map<String, String> headers(DataInputStream in) throws IOException {
        Map<String, String> headers = new LinkedHashMap<>();
        for (int left = in.readInt(); left > 0; left--) {
            headers.put(in.readUTF(), in.readUTF());
        }
        return headers;
    }

    private static void payload(DataOutputStream out, byte[] payload) throws IOException {
        out.writeInt(payload.length);
        out.write(payload);
    }

    private static byte[] payload(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > NewRecord.MOST_PAYLOAD) {
            throw new RefusedException("payload: " + Integer.toUnsignedString(length) + " bytes (expected: at most "
                    + NewRecord.MOST_PAYLOAD + ")");
        }
        byte[] payload = new byte[length];
        in.readFully(payload);
        return payload;
    }
}
