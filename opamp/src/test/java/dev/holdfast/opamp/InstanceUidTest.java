// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InstanceUidTest {

    private static final Instant NOW = Instant.parse("2026-11-22T07:08:09.123Z");
    private static final RandomGenerator ALL_ZEROS = () -> 0L;
    private static final RandomGenerator ALL_ONES = () -> -1L;

    @Test
    void aNewOneIsTheDateTheVersionTheVariantAndChance() {
        assertThat(InstanceUid.random(NOW, ALL_ZEROS)).hasToString("01a20215-7023-7000-8000-000000000000");
        assertThat(InstanceUid.random(NOW, ALL_ONES)).hasToString("01a20215-7023-7fff-bfff-ffffffffffff");
        for (RandomGenerator chance : List.of(ALL_ZEROS, ALL_ONES, new SplittableRandom(1))) {
            UUID uuid = InstanceUid.random(NOW, chance).value();
            assertThat(uuid.version()).isEqualTo(7);
            assertThat(uuid.variant()).isEqualTo(2);
            assertThat(uuid.getMostSignificantBits() >>> 16).isEqualTo(NOW.toEpochMilli());
        }
    }

    @Test
    void allSeventyFourRandomBitsVary() {
        SplittableRandom chance = new SplittableRandom(2);
        long high = 0;
        long low = 0;
        UUID first = InstanceUid.random(NOW, chance).value();
        for (int tries = 0; tries < 100; tries++) {
            UUID next = InstanceUid.random(NOW, chance).value();
            high |= next.getMostSignificantBits() ^ first.getMostSignificantBits();
            low |= next.getLeastSignificantBits() ^ first.getLeastSignificantBits();
        }
        assertThat(Long.bitCount(high) + Long.bitCount(low)).isEqualTo(74);
    }

    @Test
    void theySortByWhenTheyWereMade() {
        SplittableRandom chance = new SplittableRandom(3);
        List<InstanceUid> made = new ArrayList<>();
        for (int step = 0; step < 1_000; step++) {
            made.add(InstanceUid.random(NOW.plusMillis(step), chance));
            made.add(InstanceUid.random(NOW.plusSeconds(10L + step * 100_000L), chance));
        }
        List<InstanceUid> sorted = new ArrayList<>(made);
        Collections.sort(sorted);
        assertThat(sorted)
                .extracting(uid -> uid.value().getMostSignificantBits() >>> 16)
                .isSorted();
        assertThat(sorted).extracting(InstanceUid::toString).isSorted();
    }

    @Test
    void anyTwoCompareAsTheirTextDoes() {
        InstanceUid least = new InstanceUid(new UUID(0, 0));
        InstanceUid middle = new InstanceUid(new UUID(0, -1));
        InstanceUid most = new InstanceUid(new UUID(-1, 0));
        assertThat(List.of(least, middle, most)).isSorted();
        assertThat(middle).isEqualByComparingTo(new InstanceUid(new UUID(0, -1)));
    }

    @Test
    void textAndBytesGoBothWays() throws WireException {
        SplittableRandom chance = new SplittableRandom(4);
        for (int tries = 0; tries < 100; tries++) {
            InstanceUid uid = new InstanceUid(new UUID(chance.nextLong(), chance.nextLong()));
            assertThat(InstanceUid.parse(uid.toString())).isEqualTo(uid);
            assertThat(InstanceUid.ofBytes("uid", uid.bytes())).isEqualTo(uid);
        }
        assertThat(Samples.UID.bytes()).isEqualTo(ByteBuffer.wrap(Samples.UID_BYTES));
        assertThat(InstanceUid.parse("01996B8A-7C1E-7D3A-9B1F-012345678902")).isEqualTo(Samples.UID);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "1-1-1-1-1",
                "01996b8a7c1e7d3a9b1f012345678902",
                " 01996b8a-7c1e-7d3a-9b1f-012345678902",
                "01996b8a-7c1e-7d3a-9b1f-0123456789020",
                "{01996b8a-7c1e-7d3a-9b1f-012345678902}"
            })
    void badTextIsRefusedWithWhatWasFoundAndExpected(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> InstanceUid.parse(text))
                .withMessage("instance_uid: \"" + text
                        + "\" (expected: a UUID such as 01996b8a-7c1e-7d3a-9b1f-0123456789ab)");
    }
}
