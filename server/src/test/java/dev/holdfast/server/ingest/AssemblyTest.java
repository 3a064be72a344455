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
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AssemblyTest {

    private static final Duration LATER = Duration.ofSeconds(1);

    private final StreamId stream = Lanes.of(1, "a").stream();
    private final Budget budget = new Budget(20);
    private final Assembly assembly = new Assembly(12, budget, LATER);

    @Test
    void partsBecomeThePayloadOfTheirRecordOnce() {
        assertThat(assembly.add(part(5, 0, 6, 1, 2, 3))).isNull();
        assertThat(assembly.complete(batch(5))).as("not whole yet").isNull();
        assertThat(assembly.add(part(5, 3, 6, 4, 5, 6))).isNull();
        assertThat(budget.held()).isEqualTo(6);
        assertThat(assembly.complete(batch(6))).as("of another record").isNull();

        Item.Data data = (Item.Data)
                Objects.requireNonNull(assembly.complete(batch(5))).items().getFirst();

        assertThat(data.payload()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6}));
        assertThat(data.inParts()).isFalse();
        assertThat(budget.held()).isZero();
        assertThat(assembly.complete(batch(5))).isNull();
    }

    @Test
    void aBatchWithoutPartsIsWhole() {
        Batch batch = Lanes.of(1, "a").append(2).batch(0, 2);

        assertThat(assembly.complete(batch)).isSameAs(batch);
    }

    @Test
    void whatDoesNotFollowIsRefusedAndForgotten() {
        for (Part wrong : List.of(part(5, 2, 6, 1), part(6, 3, 6, 1), part(5, 3, 7, 1), part(5, 4, 6, 1))) {
            assembly.add(part(5, 0, 6, 1, 2, 3));

            assertThat(why(assembly.add(wrong))).isEqualTo(Refused.Why.OVERLOAD);
            assertThat(budget.held()).isZero();
        }
    }

    @Test
    void aFirstPartBeginsAnew() {
        assembly.add(part(5, 0, 6, 1, 2, 3));
        assembly.add(part(7, 0, 2, 8, 9));

        assertThat(assembly.complete(batch(7))).isNotNull();
        assertThat(budget.held()).isZero();
    }

    @Test
    void whatIsAnnouncedAsTooLargeIsRefusedBeforeItComes() {
        Refused refused = Objects.requireNonNull(assembly.add(part(5, 0, 13, 1)));

        assertThat(refused)
                .isEqualTo(new Refused(
                        stream, 5, 5, Refused.Why.TOO_LARGE, "record 5: 13 bytes (expected: <= 12)", Duration.ZERO));
    }

    @Test
    void allOfThemTogetherAreBounded() {
        Assembly other = new Assembly(12, budget, LATER);
        other.add(part(1, 0, 12, new byte[11]));
        assembly.add(part(5, 0, 12, new byte[9]));

        Refused refused = Objects.requireNonNull(assembly.add(part(5, 9, 12, 1)));

        assertThat(refused.why()).isEqualTo(Refused.Why.OVERLOAD);
        assertThat(refused.retryAfter()).isEqualTo(LATER);
        assertThat(budget.held()).isEqualTo(11);
        other.clear();
        assertThat(budget.held()).isZero();
    }

    private static Refused.Why why(@Nullable Refused refused) {
        return Objects.requireNonNull(refused).why();
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
        return new Batch(stream, true, new Point(sequence - 1, 1), List.of(data));
    }
}
