// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp.outbox;

import dev.holdfast.core.record.Point;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** One message of each type, with every field of it set. */
final class OutboxSamples {

    static final OutboxId OUTBOX = new OutboxId(0x0102030405060708L, 0x090a0b0c0d0e0f10L);

    static final StreamId STREAM = new StreamId(OUTBOX, "status", 0xfedcba9876543210L);

    static final Item.Data DATA = new Item.Data(
            new Point(8, -3),
            Instant.parse("2026-11-22T13:06:44.123456789Z"),
            "application/json",
            Map.of("k", "v"),
            Item.Data.DEFLATE,
            ByteBuffer.wrap(new byte[] {1, 2, 3}),
            true,
            5);

    static final Item.Gap GAP = new Item.Gap(9, new Point(12, 77), Item.Gap.Why.DEAD, "{\"attempts\":100}");

    static final OutboxMessage.Batch BATCH =
            new OutboxMessage.Batch(STREAM, 4, true, new Point(7, 99), List.of(DATA, GAP));

    static final List<OutboxMessage> ALL = List.of(
            new OutboxMessage.Resume(STREAM, 3, new Point(7, 99), 12, List.of(new Point(12, 77), new Point(8, -3))),
            new OutboxMessage.Mark(STREAM, -1, true, new Point(12, 77), 12, Duration.ofMillis(250)),
            BATCH,
            new OutboxMessage.Part(STREAM, 8, 2, 5, ByteBuffer.wrap(new byte[] {9, 8})),
            new OutboxMessage.Refused(
                    STREAM, 4, 8, 12, OutboxMessage.Refused.Why.STORAGE, "no space", Duration.ofSeconds(5)));

    private OutboxSamples() {}
}
