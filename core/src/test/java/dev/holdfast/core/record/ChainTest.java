// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChainTest {

    /** Worked out with another program. Files and databases hold such hashes: these may never change. */
    @ParameterizedTest
    @CsvSource({
        "0000000000000000, 1,                   0,             '',                      '',    3d65e8a3d5175928",
        "3d65e8a3d5175928, 2,                   1790000000123, application/json,        '{}',  371724eafe64ae3f",
        "371724eafe64ae3f, 3,                   1790000000123, text/plain; charset=ü,   grüße, 9f631a0f0021daac",
        "ffffffffffffffff, 9223372036854775807, -1,            a,                       bc,    3275fcdf9c9b2570",
        "ffffffffffffffff, 9223372036854775807, -1,            ab,                      c,     a551ba0cb34d7a0"
    })
    void isWhatItAlwaysWas(String previous, long sequence, long millis, String type, String payload, String expected) {
        ByteBuffer bytes = ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8));

        long hash =
                Chain.next(Long.parseUnsignedLong(previous, 16), sequence, Instant.ofEpochMilli(millis), type, bytes);

        assertThat(Long.toUnsignedString(hash, 16)).isEqualTo(expected);
        assertThat(bytes.position()).isZero();
    }

    @Test
    void takesWhatRemainsOfAnyBuffer() {
        long expected = 0x672e5f1fbee886b2L;
        long previous = 0x9f631a0f0021daacL;
        String type = "application/octet-stream";
        Instant time = Instant.ofEpochSecond(1_790_000_000, 124_999_999);
        ByteBuffer within =
                ByteBuffer.allocateDirect((1 << 16) + 20).position(7).limit((1 << 16) + 7);

        assertThat(Chain.next(previous, 4, time, type, ByteBuffer.allocate(1 << 16)))
                .isEqualTo(expected);
        assertThat(Chain.next(previous, 4, time, type, within.asReadOnlyBuffer()))
                .isEqualTo(expected);
    }
}
