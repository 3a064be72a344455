// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.record.Point;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.server.ingest.EventStore.Event;
import dev.holdfast.server.ingest.EventStore.Page;
import dev.holdfast.server.ingest.EventStore.Query;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store of events keeps to. */
public abstract class EventStoreContract {

    private static final Instant NOW = Instant.parse("2026-03-04T05:06:07.089Z");

    private EventStore store;

    /** Opens the store, or opens it again after it was closed. */
    protected abstract EventStore open() throws Exception;

    @BeforeEach
    void openFirst() throws Exception {
        store = open();
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void reopen() throws Exception {
        store.close();
        store = open();
    }

    private void add(int agent, Instant at, Batch batch) throws Exception {
        store.write(tables -> tables.add(Lanes.agent(agent), at, batch));
    }

    private List<Event> all(Query query) throws Exception {
        List<Event> all = new ArrayList<>();
        Page<Event> page = store.events(query);
        all.addAll(page.items());
        while (!page.end()) {
            page = store.events(new Query(
                    page.next(),
                    query.limit(),
                    query.agent(),
                    query.lane(),
                    query.since(),
                    query.until(),
                    query.type()));
            all.addAll(page.items());
        }
        return all;
    }

    @Test
    void isEmptyAtFirst() throws Exception {
        Lanes lane = Lanes.of(1, "a");

        assertThat(store.mark(lane.stream())).isEmpty();
        assertThat(store.hash(lane.stream(), 1)).isZero();
        assertThat(store.events(Query.after(0, 10))).isEqualTo(new Page<>(List.of(), 0, true));
        assertThat(store.totals()).isEqualTo(new EventStore.Totals(0, 0));
    }

    @Test
    void givesBackExactlyWhatWasStoredAlsoWhenOpenedAgain() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(2).drop(3).append("text/plain", new byte[] {0, -1});
        add(1, NOW, lane.batch(0, 6));
        Item.Data odd = new Item.Data(
                new Point(7, -7),
                Instant.parse("2500-01-01T00:00:00.000000001Z"),
                "",
                Map.of(),
                "deflate",
                ByteBuffer.allocate(0),
                false,
                4);
        add(2, NOW.plusMillis(1), new Batch(lane.stream(), 1, false, lane.at(6), List.of(odd)));

        for (int i = 0; i < 2; i++) {
            List<Event> events = store.events(Query.after(0, 10)).items();
            assertThat(events)
                    .extracting(Event::data)
                    .containsExactly(
                            (Item.Data) lane.batch(0, 2).items().get(0),
                            (Item.Data) lane.batch(0, 2).items().get(1),
                            (Item.Data) lane.batch(5, 6).items().get(0),
                            odd);
            assertThat(events).allSatisfy(event -> assertThat(event.stream()).isEqualTo(lane.stream()));
            assertThat(events.getLast().agent()).isEqualTo(Lanes.agent(2));
            assertThat(events.getLast().at()).isEqualTo(NOW.plusMillis(1));
            assertThat(store.mark(lane.stream())).contains(odd.point());
            assertThat(store.drops(Query.after(0, 10)).items()).singleElement().satisfies(drop -> {
                assertThat(drop.gap()).isEqualTo(lane.batch(2, 5).items().getFirst());
                assertThat(drop.agent()).isEqualTo(Lanes.agent(1));
                assertThat(drop.at()).isEqualTo(NOW);
            });
            assertThat(store.totals().events()).isEqualTo(4);
            reopen();
        }
    }

    @Test
    void remembersTheHashAtEachRecordAndAtTheEndOfGaps() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(2).drop(3).append(1);
        add(1, NOW, lane.batch(0, 6));

        assertThat(List.of(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L))
                .allSatisfy(sequence -> assertThat(store.hash(lane.stream(), sequence))
                        .isEqualTo(lane.at(sequence).hash()));
    }

    /** As after a server or an agent was restored: the agent sends again what another epoch brought already. */
    @Test
    void whatAnotherEpochOfTheLaneBroughtIsNotStoredAgain() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(2).drop(3).append(2);
        add(1, NOW, lane.batch(0, 6));
        Lanes again = lane.inEpoch(99).append(1);

        assertThat(stored(again.batch(1, 6))).isEmpty();
        assertThat(store.mark(again.stream())).contains(lane.at(6));
        assertThat(stored(again.batch(6, 8))).isEqualTo(again.batch(6, 8).items());

        assertThat(found(Query.after(0, 9))).isEqualTo("a1 a2 a6 a7 a8");
        assertThat(store.drops(Query.after(0, 9)).items()).hasSize(1);
        assertThat(store.totals().events()).isEqualTo(5);
        assertThat(store.pushes(Lanes.agent(1)).get(1)).isEqualTo(new EventStore.Push(NOW, again.stream(), 2, 6, 0, 0));
        for (long sequence = 2; sequence <= 8; sequence++) {
            assertThat(store.hash(again.stream(), sequence))
                    .as("the past of the new epoch at %s", sequence)
                    .isEqualTo(again.at(sequence).hash());
        }
        reopen();
        assertThat(stored(lane.inEpoch(100).append(1).batch(0, 8)))
                .as("a third one, also of what only the second stored")
                .isEmpty();
    }

    @Test
    void whatWentIsNotStoredAgainEither() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(5_000).drop(2).append(3);
        add(1, NOW, lane.batch(0, 2_500));
        add(1, NOW, lane.batch(2_500, 5_005));
        assertThat(retire(NOW.plusSeconds(1), Long.MAX_VALUE, 10_000)).isEqualTo(5_003);

        assertThat(stored(lane.inEpoch(99).batch(4_000, 5_005))).isEmpty();
        assertThat(stored(lane.inEpoch(98).batch(0, 100))).isEmpty();

        assertThat(store.totals().events()).isZero();
        assertThat(store.hash(lane.inEpoch(99).stream(), 4_321))
                .isEqualTo(lane.at(4_321).hash());
    }

    @Test
    void whatOnlyLooksTheSameIsStored() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(3);
        add(1, NOW, lane.batch(0, 2));
        Lanes other = Lanes.of(1, "b").append(3);
        Lanes fork = Lanes.of(1, "a").inEpoch(99).append("else").append(2);
        Lanes elsewhere = Lanes.of(2, "a").append(3);

        for (Lanes different : List.of(other, fork, elsewhere)) {
            assertThat(stored(different.batch(0, 3))).hasSize(3);
        }
        Item gap = new Item.Gap(3, lane.at(3), Item.Gap.Why.DEAD, "");
        Batch buried = new Batch(lane.inEpoch(97).stream(), 1, true, lane.at(2), List.of(gap));
        assertThat(stored(buried)).containsExactly(gap);
        assertThat(stored(lane.inEpoch(96).batch(2, 3, true)))
                .as("a record that was a gap in another epoch")
                .hasSize(1);
        retire(NOW.plusSeconds(1), Long.MAX_VALUE, 100);
        Lanes longer = lane.inEpoch(95).drop(2);
        assertThat(stored(longer.batch(3, 5, true))).hasSize(1);
        retire(NOW.plusSeconds(1), Long.MAX_VALUE, 100);
        Item late = new Item.Data(longer.at(5), NOW, "", Map.of(), "", ByteBuffer.allocate(1), false, 0);
        assertThat(stored(new Batch(lane.inEpoch(94).stream(), 1, true, new Point(4, 0), List.of(late))))
                .as("a record that was a gap, which went")
                .containsExactly(late);
    }

    @Test
    void tellsWhetherAnyEpochOfALaneHasAPoint() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(2).drop(3).append(2);
        add(1, NOW, lane.batch(0, 6));
        add(1, NOW, lane.inEpoch(99).append(1).batch(6, 8, true));

        for (int i = 0; i < 2; i++) {
            for (long sequence : List.of(1L, 2L, 5L, 6L, 7L, 8L)) {
                Point point = lane.inEpoch(99).append(1).at(sequence);
                assertThat(has(lane, point)).as("at %s", point).isTrue();
                assertThat(has(lane, new Point(sequence, 4711))).isFalse();
                assertThat(has(Lanes.of(1, "b"), point)).isFalse();
                assertThat(has(Lanes.of(2, "a"), point)).isFalse();
            }
            assertThat(has(lane, new Point(3, lane.at(5).hash()))).isFalse();
            assertThat(has(lane, new Point(9, 9))).isFalse();
            retire(NOW.plusSeconds(1), Long.MAX_VALUE, 100);
        }
    }

    private boolean has(Lanes lane, Point point) throws Exception {
        return store.has(lane.stream().outbox(), lane.stream().lane(), point);
    }

    private List<Item> stored(Batch batch) throws Exception {
        List<Item> stored = new ArrayList<>();
        store.write(tables -> stored.addAll(tables.add(Lanes.agent(1), NOW, batch)));
        return stored;
    }

    @Test
    void aTransactionIsThereWholeOrNotAtAll() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(4);
        add(1, NOW, lane.batch(0, 1));

        assertThatThrownBy(() -> store.write(tables -> {
                    tables.add(Lanes.agent(1), NOW, lane.batch(1, 2));
                    assertThat(tables.mark(lane.stream())).contains(lane.at(2));
                    throw new IllegalStateException("in the middle");
                }))
                .hasMessage("in the middle");

        assertThat(store.mark(lane.stream())).contains(lane.at(1));
        assertThat(all(Query.after(0, 10))).hasSize(1);
        add(1, NOW, lane.batch(1, 4));
        assertThat(all(Query.after(0, 10)))
                .extracting(event -> event.data().first())
                .containsExactly(1L, 2L, 3L, 4L);
        assertThat(store.totals().events()).isEqualTo(4);
    }

    @Test
    void pagesGoOnWhereTheLastOneEnded() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(25);
        add(1, NOW, lane.batch(0, 25));

        assertThat(all(Query.after(0, 10)))
                .extracting(event -> event.data().first())
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 25).boxed().toList());
        assertThat(store.events(Query.after(0, 10)).end()).isFalse();
        Page<Event> last =
                store.events(Query.after(store.events(Query.after(0, 20)).next(), 10));
        assertThat(last.items()).hasSize(5);
        assertThat(last.end()).isTrue();
        assertThat(store.events(Query.after(last.next(), 10)).items()).isEmpty();
    }

    @Test
    void aPageIsBoundedInBytesToo() throws Exception {
        Lanes lane = Lanes.of(1, "a");
        for (int i = 0; i < 10; i++) {
            lane.append("", new byte[1 << 20]);
        }
        add(1, NOW, lane.batch(0, 10));

        assertThat(store.events(Query.after(0, 10)).items()).hasSize(8);
        assertThat(all(Query.after(0, 10))).hasSize(10);
    }

    @Test
    void findsByAgentLaneTimeAndType() throws Exception {
        Lanes one = Lanes.of(1, "a").append(1).drop(1).append("text/plain", new byte[1]);
        Lanes other = Lanes.of(2, "b").append(2);
        add(1, NOW, one.batch(0, 3));
        add(2, NOW.plusSeconds(1), other.batch(0, 1));
        add(1, NOW.plusSeconds(2), other.batch(1, 2));

        assertThat(found(new Query(0, 9, Lanes.agent(1), null, null, null, null)))
                .isEqualTo("a1 a3 b2");
        assertThat(found(new Query(0, 9, Lanes.agent(9), null, null, null, null)))
                .isEmpty();
        assertThat(found(new Query(0, 9, null, "b", null, null, null))).isEqualTo("b1 b2");
        assertThat(found(new Query(0, 9, null, null, NOW.plusSeconds(1), null, null)))
                .isEqualTo("b1 b2");
        assertThat(found(new Query(0, 9, null, null, null, NOW.plusSeconds(1), null)))
                .isEqualTo("a1 a3");
        assertThat(found(new Query(0, 9, null, null, null, null, "text/plain"))).isEqualTo("a3");
        assertThat(found(new Query(0, 9, Lanes.agent(1), "b", NOW, NOW.plusSeconds(9), "application/json")))
                .isEqualTo("b2");
        assertThat(store.drops(new Query(0, 9, Lanes.agent(1), "a", NOW, null, "dead"))
                        .items())
                .hasSize(1);
        assertThat(store.drops(new Query(0, 9, null, null, null, null, "dropped"))
                        .items())
                .isEmpty();
    }

    private String found(Query query) throws Exception {
        return String.join(
                " ",
                all(query).stream()
                        .map(event -> event.stream().lane() + event.data().first())
                        .toList());
    }

    @Test
    void keepsTheLastPushesOfEachAgent() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(110);
        for (int i = 0; i < 109; i++) {
            add(1, NOW.plusSeconds(i), lane.batch(i, i + 1));
        }
        add(2, NOW, lane.batch(109, 110));

        List<EventStore.Push> pushes = store.pushes(Lanes.agent(1));
        assertThat(pushes).hasSize(100);
        assertThat(pushes.getFirst())
                .isEqualTo(new EventStore.Push(NOW.plusSeconds(108), lane.stream(), 109, 109, 1, 9));
        assertThat(pushes.getLast().first()).isEqualTo(10);
        assertThat(store.pushes(Lanes.agent(2))).hasSize(1);
        assertThat(store.pushes(Lanes.agent(3))).isEmpty();
    }

    @Test
    void oldEventsGoAndTheirHashesAndTheMarkStay() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(3).drop(2).append(7);
        add(1, NOW, lane.batch(0, 6));
        add(1, NOW.plusSeconds(10), lane.batch(6, 12));

        assertThat(retire(NOW.plusSeconds(5), Long.MAX_VALUE, 3)).isEqualTo(3);
        assertThat(retire(NOW.plusSeconds(5), Long.MAX_VALUE, 3)).isEqualTo(1);

        assertThat(found(Query.after(0, 9))).isEqualTo("a7 a8 a9 a10 a11 a12");
        assertThat(store.drops(Query.after(0, 9)).items()).isEmpty();
        reopen();
        assertThat(store.mark(lane.stream())).contains(lane.at(12));
        for (long sequence = 0; sequence <= 12; sequence++) {
            assertThat(store.hash(lane.stream(), sequence))
                    .as("at %s", sequence)
                    .isEqualTo(lane.at(sequence).hash());
        }
        add(1, NOW, lane.append(1).batch(12, 13));
        assertThat(found(Query.after(0, 9))).endsWith("a12 a13");
    }

    @Test
    void eventsGoForWantOfRoom() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(10);
        add(1, NOW, lane.batch(0, 10));
        long each = store.totals().bytes() / 10;

        assertThat(retire(NOW.minusSeconds(1), 4 * each + each / 2, 100)).isEqualTo(6);

        assertThat(store.totals().events()).isEqualTo(4);
        assertThat(found(Query.after(0, 9))).isEqualTo("a7 a8 a9 a10");
        assertThat(retire(NOW.minusSeconds(1), 4 * each + each / 2, 100)).isZero();
    }

    @Test
    void dropsGoForWantOfRoomToo() throws Exception {
        Lanes lane = Lanes.of(1, "a");
        for (int i = 0; i < EventStore.LEAST_DROPS + 100; i++) {
            lane.drop(1);
        }
        add(1, NOW, lane.batch(0, EventStore.LEAST_DROPS + 100));

        assertThat(isMoreToRetire(NOW.minusSeconds(1), 70)).isTrue();
        assertThat(isMoreToRetire(NOW.minusSeconds(1), 70)).isFalse();

        List<EventStore.Drop> left = store.drops(Query.after(0, 10_000)).items();
        assertThat(left).hasSize(EventStore.LEAST_DROPS);
        assertThat(left.getFirst().gap().first()).isEqualTo(101);
        assertThat(store.hash(lane.stream(), 100)).isEqualTo(lane.at(100).hash());
        assertThat(store.pushes(Lanes.agent(1))).hasSize(1);
        assertThat(isMoreToRetire(NOW.plusSeconds(1), 10_000)).isFalse();
        assertThat(store.drops(Query.after(0, 10_000)).items()).isEmpty();
        assertThat(store.pushes(Lanes.agent(1))).isEmpty();
    }

    private boolean isMoreToRetire(Instant before, int most) throws Exception {
        boolean[] isMore = {false};
        store.write(tables -> isMore[0] = tables.retire(before, 1, most).isMore());
        return isMore[0];
    }

    /** As where an agent's disk was restored that had dropped most of what the server has. */
    @Test
    void whatAnotherEpochHasIsKnownOnBothSidesOfAWideGap() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(3_000);
        add(1, NOW, lane.batch(0, 3_000));
        Item first = lane.batch(0, 1).items().getFirst();
        Item last = lane.batch(2_999, 3_000).items().getFirst();
        Item gap = new Item.Gap(2, new Point(2_999, 7), Item.Gap.Why.DROPPED, "");
        Batch batch = new Batch(lane.inEpoch(99).stream(), 1, true, Point.START, List.of(first, gap, last));

        assertThat(stored(batch)).containsExactly(gap);
        assertThat(stored(new Batch(lane.inEpoch(98).stream(), 1, true, Point.START, batch.items())))
                .isEmpty();
    }

    @Test
    void countsTheEpochsOfALane() throws Exception {
        Lanes lane = Lanes.of(1, "a").append(2);
        add(1, NOW, lane.batch(0, 1));
        add(1, NOW, lane.batch(1, 2));
        add(1, NOW, lane.inEpoch(99).batch(0, 2));
        add(1, NOW, Lanes.of(1, "b").append(1).batch(0, 1));
        long[] counts = new long[2];
        store.write(tables -> {
            counts[0] = tables.epochs(lane.inEpoch(5).stream());
            counts[1] = tables.epochs(Lanes.of(2, "a").stream());
        });
        assertThat(counts).containsExactly(2, 0);
    }

    private int retire(Instant before, long size, int most) throws Exception {
        int[] gone = {0};
        store.write(tables -> gone[0] = tables.retire(before, size, most).events());
        return gone[0];
    }
}
