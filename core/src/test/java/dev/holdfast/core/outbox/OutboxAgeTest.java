// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.Audit;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Records that grow too old, and how many are being written at a time. */
class OutboxAgeTest extends OpenOutbox {

    private static final OutboxPolicy HOUR =
            OutboxPolicy.DEFAULT.withSegment(64 << 10).withMaxAge(Duration.ofHours(1));

    OutboxAgeTest() {
        super(HOUR);
    }

    /** Returns once everything that was asked for before is written. */
    private void settle() throws Exception {
        get(outbox.acknowledge("nobody", 1, 1));
    }

    @Test
    void whatIsTooOldIsAGapAtTheFrontAndWhatIsNotStays() throws Exception {
        append("a", 3, 10);
        time.advance(Duration.ofMinutes(40));
        append("a", 2, 10);
        append("b", 1, 10);
        time.advance(Duration.ofMinutes(21));
        settle();

        List<Item> items = outbox.read("a", 1, 10, 1 << 20);
        assertThat(items).hasSize(3);
        Gap gap = (Gap) items.getFirst();
        assertThat(gap.why()).isEqualTo(Why.EXPIRED);
        assertThat(gap.last()).isEqualTo(3);
        assertThat(gap.hash()).isNotZero();
        Audit.Sum sum = Audit.Sum.of(gap.audit()).orElseThrow();
        assertThat(sum.count()).isEqualTo(3);
        assertThat(sum.first()).isEqualTo(VirtualTime.BEGINNING);
        assertThat(items.get(1)).isInstanceOf(Stored.class);
        assertThat(outbox.read("b", 1, 10, 1 << 20)).first().isInstanceOf(Stored.class);
        assertThat(gone).containsExactly("a EXPIRED 1-3");
        assertThat(outbox.figures().expired()).isEqualTo(3);
        assertThat(outbox.points("a", List.of(2L, 3L, 4L)))
                .containsExactly(
                        Point.START,
                        new Point(3, gap.hash()),
                        new Point(4, items.get(1).hash()));
    }

    @Test
    void whatGrowsTooOldLaterJoinsTheSameGapAndIsToldOnce() throws Exception {
        for (int minute = 0; minute < 10; minute++) {
            append("a", 1, 10);
            time.advance(Duration.ofMinutes(1));
        }
        for (int minute = 0; minute < 60; minute++) {
            time.advance(Duration.ofMinutes(1));
            settle();
        }
        List<Item> items = outbox.read("a", 1, 10, 1 << 20);
        assertThat(items).hasSize(1);
        assertThat(items.getFirst().last()).isEqualTo(10);
        assertThat(Audit.Sum.of(((Gap) items.getFirst()).audit()).orElseThrow().count())
                .isEqualTo(10);
        assertThat(gone)
                .hasSize(10)
                .startsWith("a EXPIRED 1-1", "a EXPIRED 2-2")
                .endsWith("a EXPIRED 10-10");
        assertThat(outbox.figures().expired()).isEqualTo(10);
        reopen(HOUR);
        assertThat(outbox.figures().expired()).isEqualTo(10);
        assertThat(outbox.read("a", 1, 10, 1 << 20)).isEqualTo(items);
    }

    @Test
    void theSpaceOfWhatIsTooOldIsFreeForOthers() throws Exception {
        reopen(HOUR.withQuota(512 << 10, WhenFull.REJECT));
        append("a", 250, 1_000);
        time.advance(Duration.ofHours(2));
        settle();
        assertThat(outbox.figures().segments()).isEqualTo(1);
        append("a", 250, 1_000);
        List<Item> items = outbox.read("a", 1, 1_000, 1 << 20);
        assertThat(items.getFirst().last()).isEqualTo(250);
        assertThat(items).hasSize(251);
        reopen(HOUR);
        assertThat(outbox.read("a", 1, 1_000, 1 << 20)).hasSize(251);
    }

    @Test
    void aDeadLetterAmongThemStaysOne() throws Exception {
        append("a", 3, 10);
        get(outbox.bury("a", Attempts.none(2, time.instant()).plus("no", true, time.instant())));
        time.advance(Duration.ofHours(2));
        settle();
        assertThat(outbox.read("a", 1, 10, 1 << 20))
                .extracting(item -> ((Gap) item).why())
                .containsExactly(Why.EXPIRED, Why.DEAD, Why.EXPIRED);
        assertThat(outbox.dead(0, 10)).hasSize(1);
        assertThat(outbox.figures().expired()).isEqualTo(2);
        get(outbox.acknowledge("a", 3, 1));
        assertThat(outbox.read("a", 1, 10, 1 << 20)).isEmpty();
        assertThat(outbox.append(record("a", 10))).isEqualTo(4);
    }

    @Test
    void withoutAnAgeNothingIsTooOld() throws Exception {
        reopen(HOUR.withMaxAge(OutboxPolicy.NO_MAX_AGE));
        append("a", 3, 10);
        time.advance(Duration.ofDays(3_650));
        settle();
        assertThat(outbox.read("a", 1, 10, 1 << 20)).hasSize(3);
        for (Duration age : List.of(Duration.ZERO, OutboxPolicy.NO_MAX_AGE.plusNanos(1))) {
            assertThatThrownBy(() -> HOUR.withMaxAge(age)).hasMessageStartingWith("maxAge: " + age + " (expected: ");
        }
    }

    @Test
    void noMoreIsBeingWrittenThanThereIsMemoryFor() throws Exception {
        reopen(HOUR.withQuota(256 << 10, WhenFull.BLOCK));
        List<CompletableFuture<List<Long>>> taken = new ArrayList<>();
        CompletableFuture<List<Long>> next = outbox.appendAsync(List.of(record("a", 20_000)));
        while (!next.isCompletedExceptionally()) {
            taken.add(next);
            next = outbox.appendAsync(List.of(record("a", 20_000)));
        }
        assertThatThrownBy(next::get)
                .hasCauseInstanceOf(OutboxFullException.class)
                .hasMessageContaining("outbox busy: ")
                .hasMessageContaining("(expected: at most 8388608; ");
        assertThat(taken).hasSizeBetween((8 << 20) / 21_000, (8 << 20) / 20_000 + 20);

        CompletableFuture<Long> waiting = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return outbox.append(record("a", 20_000));
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                },
                task -> Thread.ofPlatform().daemon().start(task));
        while (!waiting.isDone()) {
            List<Item> items = outbox.read("a", 1, 1_000, 1 << 20);
            if (!items.isEmpty()) {
                get(outbox.acknowledge("a", items.getLast().last(), 1));
            }
        }
        assertThat(waiting.get()).isEqualTo(taken.size() + 1);
        assertThat(get(taken.getLast())).containsExactly((long) taken.size());
    }

    @Test
    void severalRecordsAreAppendedTogetherByOneWhoWaits() throws Exception {
        assertThat(outbox.append(List.of(record("a", 1), record("b", 1), record("a", 1))))
                .containsExactly(1L, 1L, 2L);
    }
}
