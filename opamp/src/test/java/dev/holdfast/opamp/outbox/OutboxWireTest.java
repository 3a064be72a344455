// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import static dev.holdfast.opamp.outbox.OutboxSamples.BATCH;
import static dev.holdfast.opamp.outbox.OutboxSamples.STREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.WireException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutboxWireTest {

    @Test
    void givesBackWhatWasWritten() throws Exception {
        for (OutboxMessage message : OutboxSamples.ALL) {
            CustomMessage written = OutboxWire.write(message);

            assertThat(OutboxWire.read(written)).contains(message);
            assertThat(written.data().remaining()).isEqualTo(OutboxWire.size(message));
        }
    }

    /** The bytes as another implementation would write them by the field numbers of the .proto. */
    @Test
    void readsAndWritesTheFieldsAtTheirNumbers() throws Exception {
        String part = "0a23" // stream
                + "0a10 0102030405060708090a0b0c0d0e0f10" // outbox_id
                + "1206 737461747573" // lane "status"
                + "19 1032547698badcfe" // epoch, little-endian
                + "1008 1802 2005" // sequence, offset, total
                + "2a02 0908"; // data
        OutboxMessage expected = OutboxSamples.ALL.get(3);

        assertThat(OutboxWire.read(message("part", part))).contains(expected);
        assertThat(HexFormat.of().formatHex(bytes(OutboxWire.write(expected)))).isEqualTo(part.replace(" ", ""));
    }

    @Test
    void aLongAuditIsCutAndNotRefused() {
        assertThat(new Item.Gap(1, new Point(2, 0), Item.Gap.Why.DEAD, "x".repeat(70_000)).audit())
                .isEqualTo("x".repeat(3_999) + "…");
    }

    @Test
    void whatIsUnknownIsPassedOver() throws Exception {
        String refused = stream() + "2863"; // why 99
        assertThat(OutboxWire.read(message("refused", refused + "f83f01")).orElseThrow())
                .isInstanceOfSatisfying(
                        OutboxMessage.Refused.class,
                        it -> assertThat(it.why()).isEqualTo(OutboxMessage.Refused.Why.UNKNOWN));
        String gap = "2a 0a 12 08 0801 1202 0802 1863"; // item: gap 1 to 2, why 99
        OutboxMessage batch = OutboxWire.read(message("batch", stream() + gap)).orElseThrow();
        assertThat(((OutboxMessage.Batch) batch).items())
                .containsExactly(new Item.Gap(1, new Point(2, 0), Item.Gap.Why.UNKNOWN, ""));
        assertThat(OutboxWire.read(message("gossip", "ffff"))).isEmpty();
        assertThat(OutboxWire.read(CustomMessage.ofText("com.example.other", "part", "{}")))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "resume | ''                     | resume: version: 0 (expected: 1)",
                "resume | 1801                   | resume: outbox_id: 0 bytes (expected: 16)",
                "mark   | 0a03 0a0101            | mark: outbox_id: 1 bytes (expected: 16)",
                "batch  | 0a12 ID                | batch: lane: \"\" (expected: [a-z0-9][a-z0-9._-]{0,63})",
                "batch  | 0a16 ID 1202 2e41      | batch: lane: \".A\" (expected: [a-z0-9][a-z0-9._-]{0,63})",
                "batch  | LANE 2a00              | batch: item: of no known kind (expected: record or gap)",
                "batch  | LANE 2a02 0a00         | batch: record.sequence: 0 (expected: >= 1)",
                "batch  | LANE 2a02 1200         | batch: gap.first: 0 (expected: >= 1)",
                "batch  | LANE 2a06 120408051200 | batch: gap.last: 0 (expected: >= 5)",
                "part   | LANE 1001              | part: part.total: 0 (expected: 1 to 2147483647)",
                "part   | LANE 1001 1805 2005    | part: part.offset: 5 (expected: 0 to 4)",
                "part   | LANE 1001 2001         | part: part.data: 0 (expected: 1 to 1)",
                "part   | LANE 1001 2001 2a020102 | part: part.data: 2 (expected: 1 to 1)",
                "batch  | 0a                     | 'batch: not a protobuf'",
                "part   | 0a                     | 'part: not a protobuf'"
            })
    void whatIsWrongIsNamed(String type, String hex, String expected) {
        String bytes = hex.replace("LANE", "0a15 ID 120161").replace("ID", "0a10 0102030405060708090a0b0c0d0e0f10");

        assertThatThrownBy(() -> OutboxWire.read(message(type, bytes)))
                .isInstanceOf(WireException.class)
                .hasMessageStartingWith(expected);
    }

    @Test
    void limitsAreKeptBeforeAnythingIsMade() throws Exception {
        byte[] empties = new byte[OutboxWire.LIMIT];
        for (int at = 0; at + 1 < empties.length; at += 2) {
            empties[at] = 0x2a;
        }
        assertThatThrownBy(() -> OutboxWire.read(
                        new CustomMessage(Capabilities.OUTBOX, "batch", ByteBuffer.wrap(empties, 0, 200_000))))
                .hasMessage("batch: items: 100000 (expected: 0 to 4096)");
        assertThatThrownBy(() -> OutboxWire.read(
                        new CustomMessage(Capabilities.OUTBOX, "batch", ByteBuffer.allocate(OutboxWire.LIMIT + 1))))
                .isInstanceOfSatisfying(
                        WireException.class, e -> assertThat(e.tooLarge()).isTrue());
        List<Item> many = Collections.nCopies(4097, OutboxSamples.GAP);
        assertThatThrownBy(() -> new OutboxMessage.Batch(STREAM, 1, false, Point.START, many))
                .hasMessage("batch.items: 4097 (expected: 0 to 4096)");
        List<Point> points = Collections.nCopies(33, Point.START);
        assertThatThrownBy(() -> new OutboxMessage.Resume(STREAM, 1, Point.START, 0, points))
                .hasMessage("resume.points: 33 (expected: 0 to 32)");
    }

    @Test
    void aRecordIsBoundedAsTheOutboxBoundsIt() {
        Map<String, String> headers = Map.of("name", "v".repeat(4096));
        byte[] largest = new byte[NewRecord.MOST_PAYLOAD];
        assertThat(record("t".repeat(255), headers, largest).payload().remaining())
                .isEqualTo(largest.length);

        assertThatThrownBy(() -> record("t".repeat(256), headers, largest))
                .hasMessage("record.contentType: 256 characters (expected: at most 255)");
        assertThatThrownBy(() -> record("", Map.of("n".repeat(129), ""), largest))
                .hasMessage("record.header name: 129 characters (expected: at most 128)");
        assertThatThrownBy(() -> record("", Map.of(), new byte[largest.length + 1]))
                .hasMessage("record.payload: 1048577 bytes (expected: at most 1048576)");
    }

    /** As a driver sends it: the payload in parts, then the batch of that one record. */
    @Test
    void aPayloadThatNoBatchHasRoomForGoesInPartsThatAreEachAMessage() throws Exception {
        byte[] payload = new byte[NewRecord.MOST_PAYLOAD];
        new SplittableRandom(1).nextBytes(payload);
        Map<String, String> headers = Map.of("a".repeat(128), "\u20ac".repeat(4096), "b", "\u20ac".repeat(4096));
        Item.Data whole = record("\u20ac".repeat(255), headers, payload);
        OutboxMessage.Batch alone = new OutboxMessage.Batch(STREAM, 1, false, new Point(0, 1), List.of(whole));
        assertThatThrownBy(() -> OutboxWire.write(alone))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("batch: ")
                .hasMessageEndingWith("(expected: <= 261120, with fewer items, or with a payload in parts)");

        ByteBuffer got = ByteBuffer.allocate(payload.length);
        List<OutboxMessage.Part> parts = OutboxMessage.Part.of(STREAM, 1, whole.payload(), Long.MAX_VALUE);
        for (OutboxMessage.Part part : parts) {
            assertThat(part.offset()).isEqualTo(got.position());
            OutboxMessage.Part read =
                    (OutboxMessage.Part) OutboxWire.read(OutboxWire.write(part)).orElseThrow();
            assertThat(read).isEqualTo(part);
            got.put(read.data());
        }
        Item.Data bare = whole.withPayloadInParts();
        OutboxMessage.Batch last = new OutboxMessage.Batch(STREAM, 1, false, new Point(0, 1), List.of(bare));

        assertThat(OutboxWire.read(OutboxWire.write(last))).contains(last);
        assertThat(parts).hasSize(5);
        assertThat(bare.withPayload(got.flip())).isEqualTo(whole);
        assertThat(OutboxMessage.Part.of(STREAM, 1, ByteBuffer.wrap(payload, 5, 3), Long.MAX_VALUE))
                .containsExactly(new OutboxMessage.Part(STREAM, 1, 0, 3, ByteBuffer.wrap(payload, 5, 3)));
    }

    private static Item.Data record(String type, Map<String, String> headers, byte[] payload) {
        return new Item.Data(new Point(1, 1), Instant.EPOCH, type, headers, "", ByteBuffer.wrap(payload), false, 0);
    }

    @Test
    void aMessageCannotBeChangedThroughWhatItWasMadeOf() {
        byte[] bytes = {1, 2};
        Item.Data data =
                new Item.Data(new Point(1, 1), Instant.EPOCH, "", Map.of(), "", ByteBuffer.wrap(bytes), false, 0);
        data.payload().get();

        assertThat(data.payload().remaining()).isEqualTo(2);
        assertThat(data.payload().isReadOnly()).isTrue();
        assertThat(BATCH.reaches()).isEqualTo(new Point(12, 77));
    }

    /** Fails with the seed in its name if anything but a message or a WireException comes of bytes gone wrong. */
    @Test
    void tornAndFlippedBytesGiveAMessageOrAnError() {
        for (long seed = 0; seed < 200; seed++) {
            SplittableRandom chance = new SplittableRandom(seed);
            for (OutboxMessage message : OutboxSamples.ALL) {
                CustomMessage written = OutboxWire.write(message);
                byte[] bytes = bytes(written);
                bytes[chance.nextInt(bytes.length)] ^= (byte) (1 << chance.nextInt(8));
                ByteBuffer torn = ByteBuffer.wrap(bytes, 0, chance.nextInt(bytes.length + 1));
                try {
                    OutboxWire.read(new CustomMessage(Capabilities.OUTBOX, written.type(), torn));
                } catch (WireException expected) {
                    assertThat(expected).as("seed %s", seed).hasMessageStartingWith(written.type());
                }
            }
        }
    }

    private static String stream() {
        return "0a1a 0a10 0102030405060708090a0b0c0d0e0f10 1206 737461747573";
    }

    private static CustomMessage message(String type, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replaceAll("\\s", ""));
        return new CustomMessage(Capabilities.OUTBOX, type, ByteBuffer.wrap(bytes));
    }

    private static byte[] bytes(CustomMessage message) {
        byte[] bytes = new byte[message.data().remaining()];
        message.data().get(bytes);
        return bytes;
    }
}
