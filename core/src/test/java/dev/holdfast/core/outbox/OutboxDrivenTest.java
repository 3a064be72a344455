// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.outbox.OutboxPolicy.Durability;
import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

/** What whoever empties an outbox needs of it: points, bounded reads, news, figures. */
class OutboxDrivenTest extends OpenOutbox {

    private static final OutboxPolicy SMALL = OutboxPolicy.DEFAULT.withSegment(64 << 10);

    OutboxDrivenTest() {
        super(SMALL);
    }

    @Test
    void aPointIsTheNewestRecordAtOrBeforeASequence() throws Exception {
        append("other", 100, 10);
        append("a", 3_000, 10);
        LongFunction<Point> at = pointsOf("a");
        for (int round = 0; round < 2; round++) {
            assertThat(outbox.points("a", List.of(3_000L, 2_999L, 1_500L, 1L)))
                    .containsExactly(at.apply(3_000), at.apply(2_999), at.apply(1_500), at.apply(1));
            assertThat(outbox.points("a", List.of(9_999L, 0L))).containsExactly(at.apply(3_000), Point.START);
            assertThat(outbox.points("nobody", List.of(1L))).containsExactly(Point.START);
            reopen(SMALL);
        }
    }

    @Test
    void manyPointsAreFoundInOneLookAtEachSegment() throws Exception {
        append("a", 3_000, 10);
        LongFunction<Point> at = pointsOf("a");
        List<Long> wanted = new ArrayList<>();
        for (long sequence = 1; sequence < 2_900; sequence += 97) {
            wanted.add(sequence);
        }
        long before = disk.bytesRead();
        List<Point> found = outbox.points("a", wanted);
        assertThat(disk.bytesRead() - before).isLessThan(2 * disk.bytes());
        assertThat(found).isEqualTo(wanted.stream().map(at::apply).toList());
    }

    @Test
    void aPointInAGapIsItsEndOrWhatStandsBeforeIt() throws Exception {
        append("a", 5, 10);
        LongFunction<Point> at = pointsOf("a");
        get(outbox.bury("a", attempts(3)));
        assertThat(outbox.points("a", List.of(3L))).containsExactly(at.apply(3));

        reopen(SMALL.withQuota(256 << 10, WhenFull.DROP_OLDEST));
        append("b", 400, 1_000);
        Gap gap = (Gap) outbox.read("b", 1, 1, 1).getFirst();
        assertThat(gap.last()).isGreaterThan(10);
        assertThat(outbox.points("b", List.of(gap.last(), gap.last() - 1, gap.last() + 1)))
                .containsExactly(
                        new Point(gap.last(), gap.hash()),
                        Point.START,
                        pointsOf("b").apply(gap.last() + 1));
    }

    @Test
    void aPointOfWhatIsAcknowledgedIsKnownAsLongAsItIsThere() throws Exception {
        append("a", 200, 1_000);
        LongFunction<Point> at = pointsOf("a");
        acknowledge("a", 195, at.apply(195).hash());
        acknowledge("a", 198, at.apply(198).hash());
        Point acknowledged = at.apply(198);
        for (int round = 0; round < 2; round++) {
            assertThat(outbox.points("a", List.of(198L, 197L, 192L, 1L)))
                    .containsExactly(acknowledged, at.apply(197), at.apply(192), acknowledged);
            reopen(SMALL);
        }
    }

    @Test
    void aPointThatIsDamagedIsTheOneBeforeIt() throws Exception {
        append("a", 200, 1_000);
        LongFunction<Point> at = pointsOf("a");
        disk.flip("0000000001.log", 4096 + 600, 0xFF);
        int header = headerOf("0000000001.log", 10);
        disk.flip("0000000001.log", header + 8, 0xFF);
        assertThat(outbox.points("a", List.of(10L, 11L))).containsExactly(at.apply(9), at.apply(11));
    }

    /** Where the header of the n-th record of a segment is. */
    private int headerOf(String segment, int record) throws IOException {
        byte[] content = disk.content(segment);
        int found = 0;
        for (int at = 4096; ; at += 8) {
            boolean isHeader = content[at] == 0x48 && content[at + 1] == (byte) 0xF0 && content[at + 2] == 0x1D;
            if (isHeader && content[at + 32] == Codec.RECORD && ++found == record) {
                return at;
            }
        }
    }

    @Test
    void aReadEndsAtASequenceAndCutsAGapAtItsFrontAlone() throws Exception {
        append("a", 10, 10);
        assertThat(outbox.read("a", 3, 5, 100, 1 << 20)).extracting(Item::last).containsExactly(3L, 4L, 5L);
        reopen(SMALL.withQuota(256 << 10, WhenFull.DROP_OLDEST));
        append("a", 400, 1_000);
        Gap gap = (Gap) outbox.read("a", 1, 1, 1).getFirst();
        assertThat(outbox.read("a", 5, 7, 100, 1 << 20)).hasSize(1).first().satisfies(item -> {
            assertThat(item.first()).isEqualTo(5);
            assertThat(item.last()).isEqualTo(gap.last());
        });
        Item next = outbox.read("a", gap.last() + 1, 1, 1).getFirst();
        assertThat(outbox.read("a", 5, next.last(), 100, 1 << 20)).hasSize(2);
        assertThat(outbox.read("a", 5, next.last() - 1, 100, 1 << 20)).hasSize(1);
    }

    @Test
    void theSizeOfAReadCountsEverythingThatIsSent() throws Exception {
        NewRecord small = new NewRecord("a", "ü".repeat(100), Map.of("name", "€".repeat(100)), new byte[50]);
        for (int n = 0; n < 10; n++) {
            outbox.append(small);
        }
        Item first = outbox.read("a", 1, 1, 0).getFirst();
        assertThat(first.size()).isEqualTo(Item.RECORD_SIZE + 200 + Item.HEADER_SIZE + 4 + 300 + 50);
        assertThat(outbox.read("a", 1, 100, 3 * first.size())).hasSize(3);
        assertThat(outbox.read("a", 1, 100, 3 * first.size() - 1)).hasSize(2);
        assertThat(new Gap(1, 1, Why.DEAD, 0, "😀ü").size()).isEqualTo(Item.GAP_SIZE + 6);
    }

    @Test
    void whatIsOnTheDiskIsToldBeforeTheAppendIsOver() throws Exception {
        outbox.append(record("a", 10));
        assertThat(durable).containsExactly("a 1");
        get(outbox.appendAsync(List.of(record("a", 10), record("b", 10), record("a", 10))));
        assertThat(durable).containsExactly("a 1", "a 3", "b 1");
        get(outbox.bury("a", attempts(1)));
        long id = outbox.dead(0, 1).getFirst().id();
        outbox.replay(id);
        assertThat(durable).containsExactly("a 1", "a 3", "b 1", "a 4");
        assertThat(outbox.lanes().getFirst().last()).isEqualTo(4);
    }

    @Test
    void whatAPowerLossMayTakeIsToldOnceItMayNot() throws Exception {
        reopen(SMALL.withDurability(Durability.RELAXED));
        outbox.append(record("a", 10));
        outbox.append(record("b", 10));
        assertThat(durable).isEmpty();
        assertThat(outbox.lanes()).extracting(lane -> lane.last()).containsExactly(0L, 0L);

        time.awaitTask();
        time.advance(OutboxPolicy.RELAXED_FOR);
        // Behind the forced write.
        acknowledge("a", 9, 1);
        assertThat(durable).containsExactly("a 1", "b 1");
        assertThat(outbox.lanes()).extracting(lane -> lane.last()).containsExactly(1L, 1L);
        reopen(SMALL.withDurability(Durability.RELAXED));
        assertThat(outbox.lanes()).extracting(lane -> lane.last()).containsExactly(1L, 1L);
    }

    @Test
    void aListenerThatThrowsSpoilsNothing() throws Exception {
        outbox.listen(new Outbox.Listener() {
            @Override
            public void durable(String lane, long last) {
                throw new IllegalStateException("expected by this test");
            }
        });
        assertThat(outbox.append(record("a", 10))).isEqualTo(1);
        assertThat(outbox.append(record("a", 10))).isEqualTo(2);
    }

    @Test
    void whatIsDroppedIsToldAndCounted() throws Exception {
        reopen(SMALL.withQuota(256 << 10, WhenFull.DROP_OLDEST));
        append("a", 400, 1_000);
        Gap gap = (Gap) outbox.read("a", 1, 1, 1).getFirst();
        long dropped = gap.last();
        long expected = 1;
        for (String news : gone) {
            assertThat(news).startsWith("a DROPPED " + expected + "-");
            expected = Long.parseLong(news.substring(news.indexOf('-') + 1)) + 1;
        }
        assertThat(expected).isEqualTo(dropped + 1);
        assertThat(outbox.figures().dropped()).isEqualTo(dropped).isPositive();
        reopen(SMALL);
        assertThat(outbox.figures().dropped()).isEqualTo(dropped);
    }

    @Test
    void whatIsFoundDamagedIsToldAndCountedOnce() throws Exception {
        append("a", 5, 1_000);
        disk.flip("0000000001.log", headerOf("0000000001.log", 2) + 100, 0xFF);
        for (int round = 0; round < 3; round++) {
            List<Item> items = outbox.read("a", 1, 100, 1 << 20);
            assertThat(items).hasSize(5);
            assertThat(((Gap) items.get(1)).why()).isEqualTo(Why.DAMAGED);
            acknowledge("nobody", 1, 1);
        }
        assertThat(gone).containsOnlyOnce("a DAMAGED 2-2");
        assertThat(outbox.figures().lost()).isEqualTo(1);
        reopen(SMALL);
        outbox.read("a", 1, 100, 1 << 20);
        assertThat(outbox.figures().lost()).isEqualTo(1);
    }

    @Test
    void aSegmentThatCannotBeReadIsAGapAndNoObstacle() throws Exception {
        append("a", 150, 1_000);
        outbox.close();
        for (int at = 0; at < 4096; at += 8) {
            disk.flip("0000000001.log", at, 0xFF);
        }
        outbox = open(SMALL);
        List<Item> items = outbox.read("a", 1, 1_000, 1 << 20);
        assertThat(((Gap) items.getFirst()).why()).isEqualTo(Why.DAMAGED);
        assertThat(items.get(1)).isInstanceOf(Stored.class);
        assertThat(items.getLast().last()).isEqualTo(150);
        long lost = items.getFirst().last();
        acknowledge("nobody", 1, 1);
        assertThat(gone).contains("a DAMAGED 1-" + lost);
        assertThat(outbox.points("a", List.of(lost, lost + 1)))
                .containsExactly(Point.START, new Point(lost + 1, items.get(1).hash()));
        assertThat(disk.names()).as("it is kept for whoever repairs it").contains("0000000001.log");
    }

    @Test
    void figuresSayHowMuchThereIsAndHowOldItIs() throws Exception {
        append("a", 100, 1_000);
        time.advance(Duration.ofSeconds(5));
        outbox.append(record("b", 10));
        get(outbox.bury("a", attempts(1)));
        outbox.read("a", 1, 10, 1 << 20);
        Outbox.Figures figures = outbox.figures();
        assertThat(figures.segments()).isEqualTo(2);
        assertThat(figures.bytes()).isEqualTo(2 * (64 << 10));
        assertThat(figures.quota()).isEqualTo(SMALL.quota());
        assertThat(figures.dead()).isEqualTo(1);
        assertThat(figures.lanes()).extracting(lane -> lane.state().waiting()).containsExactly(100L, 1L);
        assertThat(figures.lanes().get(1).oldest()).isEqualTo(time.instant());
        acknowledge("b", 1, 1);
        assertThat(outbox.figures().lanes().get(1).oldest()).isNull();
        acknowledge("a", 1, 1);
        assertThat(outbox.figures().lanes().get(0).oldest()).isNull();
        outbox.read("a", 2, 10, 1 << 20);
        assertThat(outbox.figures().lanes().get(0).oldest()).isEqualTo(VirtualTime.BEGINNING);
    }

    private static Attempts attempts(long sequence) {
        return Attempts.none(sequence, VirtualTime.BEGINNING).plus("no", true, VirtualTime.BEGINNING);
    }

    private LongFunction<Point> pointsOf(String lane) throws IOException {
        Map<Long, Point> points = new HashMap<>();
        for (Item item : outbox.read(lane, 1, 10_000, 1 << 24)) {
            points.put(item.last(), new Point(item.last(), item.hash()));
        }
        return sequence -> Objects.requireNonNull(points.get(sequence));
    }
}
