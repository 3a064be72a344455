// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChainTest {

    /** Worked out with another program. Files and databases hold such hashes: these may never change. */
    @ParameterizedTest
    @CsvSource({
        "0000000000000000, 1,                   '',                      '',    31736a8b5d336a7a",
        "31736a8b5d336a7a, 2,                   application/json,        '{}',  b175b66338559b66",
        "b175b66338559b66, 3,                   text/plain; charset=ü,   grüße, bf4c6ed7d167cff7",
        "ffffffffffffffff, 9223372036854775807, a,                       bc,    abcbee9b52462b90",
        "ffffffffffffffff, 9223372036854775807, ab,                      c,     2bfe0dbaeb898265"
    })
    void isWhatItAlwaysWas(String previous, long sequence, String type, String payload, String expected) {
        ByteBuffer bytes = ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8));

        long hash = Chain.next(Long.parseUnsignedLong(previous, 16), sequence, type, bytes);

        assertThat(Long.toUnsignedString(hash, 16)).isEqualTo(expected);
        assertThat(bytes.position()).isZero();
    }

    @Test
    void takesWhatRemainsOfAnyBuffer() {
        long expected = 0x12e62e5f66480c24L;
        long previous = 0xbf4c6ed7d167cff7L;
        String type = "application/octet-stream";
        ByteBuffer within =
                ByteBuffer.allocateDirect((1 << 16) + 20).position(7).limit((1 << 16) + 7);

        assertThat(Chain.next(previous, 4, type, ByteBuffer.allocate(1 << 16))).isEqualTo(expected);
        assertThat(Chain.next(previous, 4, type, within.asReadOnlyBuffer())).isEqualTo(expected);
    }
}
