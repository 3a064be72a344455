// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.agent.websocket.Incoming.Event;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IncomingTest {

    private static final int LIMIT = 1 << 30;

    @Test
    void aMessageComesTogetherFromFragmentsWithControlFramesBetweenThem() throws IOException {
        Incoming incoming = incoming("02 01 61", "89 01 70", "00 00", "8a 00", "80 01 62", "82 00");
        assertThat(incoming.next()).isEqualTo(new Event.Ping(bytes("70")));
        assertThat(incoming.next()).isEqualTo(new Event.Pong());
        assertThat(incoming.next()).isEqualTo(new Event.Message(bytes("61 62")));
        assertThat(incoming.next()).isEqualTo(new Event.Message(bytes("")));
        assertThat(incoming.next()).isEqualTo(new Event.Close(1006, ""));
    }

    @ParameterizedTest
    @CsvSource({"88 00, 1005, ''", "88 02 03 e8, 1000, ''", "88 04 fc 15 68 69, 64533, hi", "'', 1006, ''"})
    void aCloseIsReadWithItsCode(String frame, int code, String reason) throws IOException {
        assertThat(incoming(frame).next()).isEqualTo(new Event.Close(code, reason));
    }

    @ParameterizedTest
    @CsvSource({
        "c2 00, reserved bits",
        "82 80 00 00 00 00, masked",
        "81 01 61, text",
        "80 00, where a message begins",
        "02 00 82 00, in the middle of a message",
        "83 00, type 3",
        "8b 00, type 11",
        "09 00, control frame",
        "89 7e 00 7e, control frame",
        "88 01 00, close of one byte",
        "82 7f 80 00 00 00 00 00 00 00, over the limit",
        "82 7f 7f ff ff ff ff ff ff ff, over the limit",
        "82 7f 00 00 00 00 40 00 00 01, over the limit",
        "02 01 61 80 7f 00 00 00 00 40 00 00 00, over the limit",
    })
    void whatIsAgainstTheProtocolIsRefused(String frames, String why) {
        Incoming incoming = incoming(frames);
        assertThatThrownBy(() -> {
                    while (true) {
                        incoming.next();
                    }
                })
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining(why);
    }

    /** A gigabyte is announced and within the limit: taking its memory at once would end this test's heap. */
    @Test
    void memoryIsTakenAsBytesComeAndNotAsTheyAreAnnounced() {
        for (int i = 0; i < 100; i++) {
            Incoming incoming = incoming("82 7f 00 00 00 00 3f ff ff ff", "61 62 63");
            assertThatThrownBy(incoming::next)
                    .isInstanceOf(EOFException.class)
                    .hasMessageContaining("middle of a frame");
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "125", "126", "65535", "65536", "200001"})
    void whatIsWrittenIsMaskedAndOfTheLengthItSays(int length) throws IOException {
        byte[] payload = new byte[length];
        new SplittableRandom(length).nextBytes(payload);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new FrameWriter(out, new SplittableRandom(1)).write(OpCode.BINARY, ByteBuffer.wrap(payload));

        ByteBuffer frame = ByteBuffer.wrap(out.toByteArray());
        assertThat(frame.get()).isEqualTo((byte) 0x82);
        int shortLength = frame.get() & 0xff;
        long said = switch (shortLength) {
            case 0xfe -> frame.getShort() & 0xffff;
            case 0xff -> frame.getLong();
            default -> shortLength - 0x80;
        };
        assertThat(said).isEqualTo(length);
        byte[] mask = new byte[4];
        frame.get(mask);
        byte[] masked = new byte[length];
        frame.get(masked);
        assertThat(frame.hasRemaining()).isFalse();
        for (int i = 0; i < length; i++) {
            masked[i] ^= mask[i % 4];
        }
        assertThat(masked).isEqualTo(payload);
    }

    private static Incoming incoming(String... frames) {
        return new Incoming(
                new ByteArrayInputStream(bytes(String.join(" ", frames)).array()), LIMIT);
    }

    private static ByteBuffer bytes(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
    }
}
