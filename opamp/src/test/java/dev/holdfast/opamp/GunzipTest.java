// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GunzipTest {

    private static final int MIB = 1 << 20;
    private static final ThreadMXBean MEMORY = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void whatWasCompressedComesBack() throws WireException {
        byte[] body = Wire.body(Samples.agentMessage());
        ByteBuffer compressed = ByteBuffer.wrap(gzip(body));
        ByteBuffer plain = Wire.gunzip(compressed, Wire.LIMIT);
        assertThat(compressed.position()).isZero();
        assertThat(Wire.readAgentBody(plain)).isEqualTo(Samples.agentMessage());
        assertThat(Wire.gunzip(ByteBuffer.wrap(gzip(new byte[0])), 1).remaining())
                .isZero();
    }

    @Test
    void severalMembersAreOneBody() throws WireException {
        ByteBuffer both = ByteBuffer.wrap(concat(gzip(random(5_000)), gzip(new byte[0]), gzip(new byte[] {1, 2})));
        byte[] expected = concat(random(5_000), new byte[] {1, 2});
        assertThat(Wire.gunzip(both, Wire.LIMIT)).isEqualTo(ByteBuffer.wrap(expected));
    }

    @Test
    void membersWithNothingInThemAreMalformedOnceTheyAreManyAndOverflowNoStack() throws WireException {
        byte[] empty = gzip(new byte[0]);
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        for (int member = 0; member < 50; member++) {
            many.writeBytes(empty);
        }
        byte[] few = concat(many.toByteArray(), gzip(new byte[] {1}));
        assertThat(Wire.gunzip(ByteBuffer.wrap(few), Wire.LIMIT).remaining()).isEqualTo(1);
        while (many.size() < MIB) {
            many.writeBytes(empty);
        }
        assertMalformed(many.toByteArray());
    }

    @Test
    void exactlyTheLimitPassesAndOneByteMoreDoesNot() throws WireException {
        byte[] body = random(100_000);
        ByteBuffer compressed = ByteBuffer.wrap(gzip(body));
        assertThat(Wire.gunzip(compressed, body.length)).isEqualTo(ByteBuffer.wrap(body));
        assertTooLarge(compressed, body.length - 1);
        assertTooLarge(compressed, 0);
        assertThat(Wire.gunzip(compressed, Integer.MAX_VALUE)).isEqualTo(ByteBuffer.wrap(body));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 10, 1_000})
    void whatIsNotGzipIsMalformed(int length) {
        assertMalformed(new byte[length]);
    }

    @Test
    void gzipCutAtAnyLengthIsMalformed() {
        byte[] compressed = gzip(Wire.body(Samples.agentMessage()));
        for (int length = 0; length < compressed.length; length++) {
            assertMalformed(Arrays.copyOf(compressed, length));
        }
    }

    @Test
    void aSecondMemberCutAtAnyLengthIsMalformedAndNotPassedOver() {
        byte[] first = gzip(random(300));
        byte[] both = concat(first, gzip(random(300)));
        for (int length = first.length + 1; length < both.length; length++) {
            assertMalformed(Arrays.copyOf(both, length));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 18, 19, 500, 100_000})
    void garbageBehindTheEndIsMalformed(int length) {
        assertMalformed(concat(gzip(new byte[] {1, 2, 3}), new byte[length]));
        assertMalformed(concat(gzip(random(50_000)), random(length)));
    }

    @Test
    void eachFlippedBitIsMalformedOrHarmless() {
        byte[] body = Wire.body(Samples.agentMessage());
        byte[] compressed = gzip(body);
        for (int bit = 0; bit < compressed.length * Byte.SIZE; bit++) {
            byte[] flipped = compressed.clone();
            flipped[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            try {
                assertThat(Wire.gunzip(ByteBuffer.wrap(flipped), Wire.LIMIT))
                        .as("bit %d", bit)
                        .isEqualTo(ByteBuffer.wrap(body));
            } catch (WireException expected) {
                assertThat(expected).hasMessageStartingWith("body: ");
            }
        }
    }

    @Test
    void aBombStopsAtTheLimitAndNoMoreIsHeld() {
        ByteBuffer bomb = ByteBuffer.wrap(gzipOfZeros(1024));
        // What loading the classes takes is none of it.
        assertTooLarge(ByteBuffer.wrap(gzip(new byte[2])), 1);
        long before = MEMORY.getCurrentThreadAllocatedBytes();
        assertTooLarge(bomb, MIB);
        long used = MEMORY.getCurrentThreadAllocatedBytes() - before;
        // What is compressed is held twice; what comes out doubles up to the limit and is then copied once.
        assertThat(used).isLessThan(2L * bomb.remaining() + 5L * MIB);
    }

    private static void assertTooLarge(ByteBuffer compressed, int limit) {
        assertThatExceptionOfType(WireException.class)
                .isThrownBy(() -> Wire.gunzip(compressed, limit))
                .matches(WireException::tooLarge)
                .withMessageMatching("message: \\d+ bytes or more \\(expected: <= " + limit + "\\)");
    }

    private static void assertMalformed(byte[] compressed) {
        assertThatExceptionOfType(WireException.class)
                .as("%d bytes", compressed.length)
                .isThrownBy(() -> Wire.gunzip(ByteBuffer.wrap(compressed), Wire.LIMIT))
                .matches(e -> !e.tooLarge())
                .withMessageStartingWith("body: " + compressed.length + " bytes that are not gzip: ")
                .withMessageNotContaining("null")
                .withMessageEndingWith("(expected: gzip, as announced)");
    }

    private static byte[] gzip(byte[] plain) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return out.toByteArray();
    }

    private static byte[] gzipOfZeros(int mebibytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out, MIB) {
            {
                def.setLevel(Deflater.BEST_SPEED);
            }
        }) {
            byte[] zeros = new byte[MIB];
            for (int written = 0; written < mebibytes; written++) {
                gzip.write(zeros);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return out.toByteArray();
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
