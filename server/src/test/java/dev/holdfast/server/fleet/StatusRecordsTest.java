// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.StreamId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StatusRecordsTest {

    @Test
    void aRecordMayBeNestedDeepButNotWithoutEnd() {
        assertThat(fault("[".repeat(100) + "]".repeat(100))).isNull();
        assertThat(fault("[".repeat(101) + "]".repeat(101)))
                .startsWith("not JSON")
                .contains("100");
    }

    @Test
    void aRecordIsOneValueOfJson() {
        assertThat(fault("{\"load\": 0.5}")).isNull();
        assertThat(fault("")).isEqualTo("not JSON (empty)");
        assertThat(fault("{} {}")).startsWith("not JSON");
        assertThat(fault("\"" + "x".repeat(64 << 10) + "\"")).isEqualTo("65538 bytes (expected: <= 65536)");
    }

    @Test
    void theLastOfABatchIsTheOneUnlessItIsOfAnotherType() {
        Item.Data first = record(1, "application/json", "");
        Item.Data last = record(2, "application/json", "");
        Item.Gap gap = new Item.Gap(4, new Point(4, 1), Item.Gap.Why.DEAD, "");

        assertThat(StatusRecords.last(batch(first, last, record(3, "text/plain", ""), gap)))
                .contains(last);
        assertThat(StatusRecords.last(batch(first, last.withPayloadInParts()))).contains(first);
        assertThat(StatusRecords.last(batch(gap))).isEmpty();
    }

    @Test
    void whatIsCompressedIsReadAsItWasGivenAndNoFurtherThanOneMayBe() {
        Deflater deflater = new Deflater();
        deflater.setInput(new byte[1 << 20]);
        deflater.finish();
        byte[] bomb = new byte[2048];
        int length = deflater.deflate(bomb);
        deflater.end();
        Item.Data compressed = new Item.Data(
                new Point(1, 1),
                Instant.EPOCH,
                "application/json",
                Map.of(),
                Item.Data.DEFLATE,
                ByteBuffer.wrap(bomb, 0, length),
                false,
                0);

        assertThat(StatusRecords.plain(compressed).remaining()).isEqualTo((64 << 10) + 1);
        assertThat(StatusRecords.plain(record(1, "application/json", "deflate")).remaining())
                .isZero();
        assertThat(StatusRecords.plain(record(1, "application/json", ""))).isEqualTo(ByteBuffer.wrap(new byte[] {'1'}));
    }

    private static OutboxMessage.Batch batch(Item... items) {
        return new OutboxMessage.Batch(
                new StreamId(new OutboxId(1, 2), "status", 3), 1, true, Point.START, List.of(items));
    }

    private static Item.Data record(long sequence, String type, String encoding) {
        ByteBuffer payload = ByteBuffer.wrap(new byte[] {'1'});
        return new Item.Data(new Point(sequence, 1), Instant.EPOCH, type, Map.of(), encoding, payload, false, 0);
    }

    private static @Nullable String fault(String text) {
        return StatusRecords.fault(StandardCharsets.UTF_8.encode(text));
    }
}
