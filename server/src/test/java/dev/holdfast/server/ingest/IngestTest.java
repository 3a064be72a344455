// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.OutboxMessage.Mark;
import dev.holdfast.opamp.outbox.OutboxMessage.Refused;
import dev.holdfast.opamp.outbox.OutboxMessage.Resume;
import dev.holdfast.opamp.outbox.StreamId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IngestTest {

    private static final long ASK = 17;

    private final Lanes lane = Lanes.of(1, "a").append(9);

    /** The mark is at 5 with hash 50, or the stream is not known. */
    @ParameterizedTest
    @CsvSource({
        // mark, hash, opens, follows, its hash, verdict
        "5,  50, false, 5, 50, TAKE",
        "5,  50, true,  5, 50, TAKE",
        "5,  50, false, 5,  0, TAKE",
        "5,   0, false, 5, 51, TAKE",
        "5,  50, false, 5, 51, TELL",
        "5,  50, false, 4, 50, TELL",
        "5,  50, false, 6, 50, TELL",
        "5,  50, false, 0,  0, TELL",
        "5,  50, true,  0,  0, TELL",
        "0,   0, false, 0,  0, TAKE",
        "-1,  0, true,  0,  0, TAKE",
        "-1,  0, true,  7, 70, TAKE",
        "-1,  0, false, 0,  0, TELL",
        "-1,  0, false, 7, 70, TELL"
    })
    void takesWhatFollowsTheMarkAndNothingElse(
            long at, long hash, boolean opens, long follows, long followsHash, String verdict) {
        Point mark = at < 0 ? null : new Point(at, hash);
        Batch batch = new Batch(
                lane.stream(),
                ASK,
                opens,
                new Point(follows, followsHash),
                List.of(gap(follows + 1, follows + 2), gap(follows + 3, follows + 3)));

        Ingest.Verdict judged = Ingest.judge(batch, mark);

        assertThat(judged)
                .isEqualTo(
                        verdict.equals("TAKE")
                                ? new Ingest.Verdict.Take(batch)
                                : new Ingest.Verdict.Tell(told(mark, 0)));
    }

    @Test
    void anEmptyBatchGetsTheMark() {
        Batch empty = new Batch(lane.stream(), ASK, true, Point.START, List.of());

        assertThat(Ingest.judge(empty, null)).isEqualTo(new Ingest.Verdict.Tell(told(null, 0)));
        assertThat(Ingest.judge(empty, Point.START)).isEqualTo(new Ingest.Verdict.Tell(told(Point.START, 0)));
    }

    @Test
    void holesOverlapsAndStrangeEncodingsAreRefusedWhole() {
        for (List<Item> wrong : List.of(
                List.<Item>of(gap(2, 3)),
                List.<Item>of(gap(1, 3), gap(5, 5)),
                List.<Item>of(gap(1, 3), gap(3, 5)),
                List.<Item>of(gap(1, 1), record(2, "zstd")))) {
            Batch batch = new Batch(lane.stream(), ASK, true, Point.START, wrong);

            assertThat(Ingest.judge(batch, null)).isInstanceOfSatisfying(Ingest.Verdict.Refuse.class, refuse -> {
                assertThat(refuse.refused().why()).isEqualTo(Refused.Why.BAD_RECORD);
                assertThat(refuse.refused().ask()).isEqualTo(ASK);
                assertThat(refuse.refused().first()).isEqualTo(wrong.getFirst().first());
                assertThat(refuse.refused().last())
                        .isEqualTo(wrong.getLast().last().sequence());
            });
            assertThat(Ingest.judge(batch, new Point(9, 9)))
                    .as("what does not fit is not looked at")
                    .isInstanceOf(Ingest.Verdict.Tell.class);
        }
    }

    @Test
    void aLaneThatHasTooManyEpochsOpensNoMoreAndGoesOnInTheOthers() throws Exception {
        MemoryEventStore store = new MemoryEventStore();
        Lanes records = Lanes.of(1, "a").append(2);
        for (int epoch = 1; epoch <= Ingest.MOST_EPOCHS; epoch++) {
            Batch batch = records.inEpoch(epoch).batch(0, 1, true);
            store.write(tables -> tables.add(Lanes.agent(1), Instant.EPOCH, batch));
        }
        List<Ingest.Verdict> verdicts = new ArrayList<>();
        store.write(tables -> {
            verdicts.add(Ingest.decide(records.inEpoch(-1).batch(0, 1, true), tables));
            verdicts.add(Ingest.decide(records.inEpoch(7).batch(1, 2), tables));
        });

        assertThat(verdicts.getFirst()).isInstanceOfSatisfying(Ingest.Verdict.Refuse.class, refuse -> {
            assertThat(refuse.refused().why()).isEqualTo(Refused.Why.STORAGE);
            assertThat(refuse.refused().detail()).startsWith("lane a has 1000 epochs here (expected: fewer; ");
        });
        assertThat(verdicts.getLast()).isInstanceOf(Ingest.Verdict.Take.class);
    }

    @Test
    void aWrongRecordIsNamed() {
        Batch batch = new Batch(lane.stream(), ASK, true, Point.START, List.of(gap(1, 1), record(2, "zstd")));

        Ingest.Verdict.Refuse refuse = (Ingest.Verdict.Refuse) Ingest.judge(batch, null);

        assertThat(refuse.refused().detail()).isEqualTo("record 2: encoding zstd (expected: none, or deflate)");
        assertThat(Ingest.judge(new Batch(lane.stream(), ASK, true, Point.START, List.of(record(1, "deflate"))), null))
                .isInstanceOf(Ingest.Verdict.Take.class);
    }

    /** The server has 1 to 6 of the lane; what the agent names is the sequence, wrong with a minus. */
    @ParameterizedTest
    @CsvSource({
        "6, '',      6",
        "0, '6 3',   6",
        "3, '8 6 5', 6",
        "3, '8 7',   3",
        "3, '-6 5',  5",
        "3, '-6 -5', 3",
        "-3, '-6',   0",
        "0, '',      0",
        "9, '',      0"
    })
    void theNewestPointThatBothRememberAlikeIsMatched(long acknowledged, String candidates, long matched)
            throws Exception {
        List<Point> points = candidates.isEmpty()
                ? List.of()
                : List.of(candidates.split(" ")).stream()
                        .map(Long::valueOf)
                        .map(this::point)
                        .toList();
        Resume state = new Resume(lane.stream(), ASK, point(acknowledged), 9, points);

        assertThat(Ingest.answer(state, stored(6))).isEqualTo(told(lane.at(6), matched));
    }

    @Test
    void ofAStreamThatIsNotKnownTheOtherEpochsOfItsLaneAreAsked() throws Exception {
        StreamId renewed = lane.inEpoch(99).stream();
        Resume state = new Resume(renewed, ASK, lane.at(3), 9, List.of(lane.at(9), lane.at(6), lane.at(5)));

        assertThat(Ingest.answer(state, stored(6))).isEqualTo(Mark.unknown(renewed, ASK, 6));
        assertThat(Ingest.answer(state, stored(0))).isEqualTo(Mark.unknown(renewed, ASK, 0));
        StreamId other = Lanes.of(2, "a").stream();
        assertThat(Ingest.answer(new Resume(other, ASK, lane.at(3), 9, List.of()), stored(6)))
                .as("of another outbox")
                .isEqualTo(Mark.unknown(other, ASK, 0));
    }

    @Test
    void whatIsNotKnownProvesNothing() throws Exception {
        Point unknown = new Point(4, 0);
        Resume state = new Resume(lane.stream(), ASK, unknown, 9, List.of(unknown));
        MemoryEventStore store = new MemoryEventStore();
        Batch gap = new Batch(
                lane.stream(), ASK, true, Point.START, List.of(new Item.Gap(1, unknown, Item.Gap.Why.DAMAGED, "")));
        store.write(tables -> tables.add(Lanes.agent(1), Lanes.TIME, gap));

        assertThat(Ingest.answer(state, store)).isEqualTo(told(unknown, 0));
    }

    private MemoryEventStore stored(long to) throws EventStoreException {
        MemoryEventStore store = new MemoryEventStore();
        if (to > 0) {
            store.write(tables -> tables.add(Lanes.agent(1), Lanes.TIME, lane.batch(0, to)));
        }
        return store;
    }

    private Point point(long named) {
        return named < 0 ? new Point(-named, 4711) : lane.at(named);
    }

    private Mark told(@Nullable Point mark, long matched) {
        return mark == null
                ? Mark.unknown(lane.stream(), ASK, matched)
                : new Mark(lane.stream(), ASK, true, mark, matched, Duration.ZERO);
    }

    private static Item gap(long first, long last) {
        return new Item.Gap(first, new Point(last, last * 10), Item.Gap.Why.DROPPED, "");
    }

    private static Item record(long sequence, String encoding) {
        return new Item.Data(
                new Point(sequence, 1), Lanes.TIME, "", Map.of(), encoding, ByteBuffer.allocate(1), false, 0);
    }
}
