// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.OutboxMessage.Part;
import dev.holdfast.opamp.outbox.OutboxMessage.Refused;
import dev.holdfast.opamp.outbox.StreamId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AssemblyTest {

    private static final Duration LATER = Duration.ofSeconds(1);

    private final StreamId stream = Lanes.of(1, "a").stream();
    private final Budget budget = new Budget(20);
    private final Assembly assembly = new Assembly(12, budget, LATER);

    @Test
    void partsBecomeThePayloadOfTheirRecordOnce() {
        assembly.add(part(5, 0, 6, 1, 2, 3));
        assertThat(refused(5).detail()).as("not whole yet").contains("did not come whole");
        assembly.add(part(5, 3, 6, 4, 5, 6));
        assertThat(budget.held()).isEqualTo(6);
        assertThat(refused(6).why()).as("of another record").isEqualTo(Refused.Why.OVERLOAD);

        Batch whole = (Batch) assembly.complete(batch(5));

        Item.Data data = (Item.Data) whole.items().getFirst();
        assertThat(data.payload()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6}));
        assertThat(data.inParts()).isFalse();
        assertThat(whole.ask()).isEqualTo(9);
        assertThat(budget.held()).isZero();
        assertThat(refused(5).ask()).isEqualTo(9);
    }

    @Test
    void aBatchWithoutPartsIsWhole() {
        Batch batch = Lanes.of(1, "a").append(2).batch(0, 2);

        assertThat(assembly.complete(batch)).isSameAs(batch);
    }

    @Test
    void whatDoesNotFollowIsForgottenAndItsBatchIsTold() {
        for (Part wrong : List.of(part(5, 2, 6, 1), part(6, 3, 6, 1), part(5, 3, 7, 1), part(5, 4, 6, 1))) {
            assembly.add(part(5, 0, 6, 1, 2, 3));

            assembly.add(wrong);

            assertThat(budget.held()).isZero();
            assertThat(refused(5).why()).isEqualTo(Refused.Why.OVERLOAD);
        }
    }

    @Test
    void aFirstPartBeginsAnew() {
        assembly.add(part(5, 0, 6, 1, 2, 3));
        assembly.add(part(7, 0, 2, 8, 9));

        assertThat(assembly.complete(batch(7))).isInstanceOf(Batch.class);
        assertThat(budget.held()).isZero();
    }

    @Test
    void whatIsAnnouncedAsTooLargeIsNotKeptAndItsBatchIsTold() {
        assembly.add(part(5, 0, 13, 1, 2, 3));
        assembly.add(part(5, 3, 13, 1));

        assertThat(budget.held()).isZero();
        assertThat(refused(5))
                .isEqualTo(new Refused(
                        stream, 9, 5, 5, Refused.Why.TOO_LARGE, "record 5: 13 bytes (expected: <= 12)", Duration.ZERO));
    }

    @Test
    void allOfThemTogetherAreBounded() {
        Assembly other = new Assembly(12, budget, LATER);
        other.add(part(1, 0, 12, new byte[11]));
        assembly.add(part(5, 0, 12, new byte[9]));

        assembly.add(part(5, 9, 12, 1));

        assertThat(budget.held()).isEqualTo(11);
        assertThat(refused(5).detail()).contains("too much of other records");
        assertThat(refused(5).retryAfter()).isEqualTo(LATER);
        other.clear();
        assertThat(budget.held()).isZero();
    }

    private Refused refused(long sequence) {
        return (Refused) assembly.complete(batch(sequence));
    }

    private Part part(long sequence, long offset, long total, int... bytes) {
        byte[] data = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            data[i] = (byte) bytes[i];
        }
        return part(sequence, offset, total, data);
    }

    private Part part(long sequence, long offset, long total, byte[] data) {
        return new Part(stream, sequence, offset, total, ByteBuffer.wrap(data));
    }

    private Batch batch(long sequence) {
        Item.Data data =
                new Item.Data(new Point(sequence, 1), Lanes.TIME, "", Map.of(), "", ByteBuffer.allocate(0), true, 0);
        return new Batch(stream, 9, true, new Point(sequence - 1, 1), List.of(data));
    }
}
