// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import static dev.holdfast.opamp.outbox.OutboxSamples.BATCH;
import static dev.holdfast.opamp.outbox.OutboxSamples.OUTBOX;
import static dev.holdfast.opamp.outbox.OutboxSamples.STREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
        String part = "0a10 0102030405060708090a0b0c0d0e0f10" // outbox_id
                + "1206 737461747573" // lane "status"
                + "19 1032547698badcfe" // epoch, little-endian
                + "2008 2802 3005" // sequence, offset, total
                + "3a02 0908"; // data
        OutboxMessage expected = OutboxSamples.ALL.get(3);

        assertThat(OutboxWire.read(message("part", part))).contains(expected);
        assertThat(HexFormat.of().formatHex(bytes(OutboxWire.write(expected)))).isEqualTo(part.replace(" ", ""));
    }

    @Test
    void whatIsUnknownIsPassedOver() throws Exception {
        String refused = "0a10 0102030405060708090a0b0c0d0e0f10 1206 737461747573 3063"; // why 99
        assertThat(OutboxWire.read(message("refused", refused + "f83f01")).orElseThrow())
                .isInstanceOfSatisfying(
                        OutboxMessage.Refused.class,
                        it -> assertThat(it.why()).isEqualTo(OutboxMessage.Refused.Why.UNKNOWN));
        String gap = "32 0a 12 08 0801 1202 0802 1863"; // item: gap 1 to 2, why 99
        OutboxMessage batch = OutboxWire.read(message("batch", id() + gap)).orElseThrow();
        assertThat(((OutboxMessage.Batch) batch).items())
                .containsExactly(new Item.Gap(1, new Point(2, 0), Item.Gap.Why.UNKNOWN, ""));
        assertThat(OutboxWire.read(message("gossip", "ffff"))).isEmpty();
        assertThat(OutboxWire.read(CustomMessage.ofText(Capabilities.STATUS, "part", "{}")))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "resume | ''                       | resume: version: 0 (expected: 1)",
                "resume | 0801                     | resume: outbox_id: 0 bytes (expected: 16)",
                "mark   | 0a0101                   | mark: outbox_id: 1 bytes (expected: 16)",
                "batch  | ID                       | batch: lane: \"\" (expected: [a-z0-9][a-z0-9._-]{0,63})",
                "batch  | ID12022e41               | batch: lane: \".A\" (expected: [a-z0-9][a-z0-9._-]{0,63})",
                "batch  | ID1201613200             | batch: item: of no known kind (expected: record or gap)",
                "batch  | ID12016132020a00         | batch: record.sequence: 0 (expected: >= 1)",
                "batch  | ID12016132021200         | batch: gap.first: 0 (expected: >= 1)",
                "batch  | ID1201613206120408051200 | batch: gap.last: 0 (expected: >= 5)",
                "part   | ID1201612001             | part: part.total: 0 (expected: 1 to 2147483647)",
                "part   | ID12016120012805 3005    | part: part.offset: 5 (expected: 0 to 4)",
                "part   | ID1201612001 3001        | part: part.data: 0 (expected: 1 to 1)",
                "part   | ID1201612001 3001 3a020102 | part: part.data: 2 (expected: 1 to 1)",
                "batch  | 0a                       | 'batch: not a protobuf'",
                "part   | 0a                       | 'part: not a protobuf'"
            })
    void whatIsWrongIsNamed(String type, String hex, String expected) {
        String bytes = hex.replace("ID", "0a10 0102030405060708090a0b0c0d0e0f10");

        assertThatThrownBy(() -> OutboxWire.read(message(type, bytes)))
                .isInstanceOf(WireException.class)
                .hasMessageStartingWith(expected);
    }

    @Test
    void limitsAreKeptBeforeAnythingIsMade() throws Exception {
        byte[] empties = new byte[OutboxWire.LIMIT];
        for (int at = 0; at + 1 < empties.length; at += 2) {
            empties[at] = 0x32;
        }
        assertThatThrownBy(() -> OutboxWire.read(
                        new CustomMessage(Capabilities.OUTBOX, "batch", ByteBuffer.wrap(empties, 0, 200_000))))
                .hasMessage("batch: items: 100000 (expected: 0 to 4096)");
        assertThatThrownBy(() -> OutboxWire.read(
                        new CustomMessage(Capabilities.OUTBOX, "batch", ByteBuffer.allocate(OutboxWire.LIMIT + 1))))
                .isInstanceOfSatisfying(
                        WireException.class, e -> assertThat(e.tooLarge()).isTrue());
        List<Item> many = Collections.nCopies(4097, OutboxSamples.GAP);
        assertThatThrownBy(() -> new OutboxMessage.Batch(STREAM, false, Point.START, many))
                .hasMessage("batch.items: 4097 (expected: 0 to 4096)");
        OutboxMessage.Resume.Lane lane = new OutboxMessage.Resume.Lane(STREAM, Point.START, 0, List.of());
        assertThatThrownBy(() -> new OutboxMessage.Resume(OUTBOX, Collections.nCopies(257, lane)))
                .hasMessage("resume.lanes: 257 (expected: 0 to 256)");
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

    private static String id() {
        return "0a10 0102030405060708090a0b0c0d0e0f10 1206 737461747573";
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
