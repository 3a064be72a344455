// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.record.Point;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxMessage.Batch;
import dev.holdfast.opamp.outbox.OutboxMessage.Mark;
import dev.holdfast.opamp.outbox.StreamId;
import dev.holdfast.server.ingest.EventStore.Query;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Agents that send batches in any order, twice, late, from copies of themselves and while the store fails, against a
 * model that goes through every record by itself.
 */
class IngestModelTest {

    private static final int STEPS = 300;

    private static final int LANES = 3;

    /** {@code -Dholdfast.seed=N} replays seed N alone. */
    static List<Long> seeds() {
        Long replayed = Long.getLong("holdfast.seed");
        if (replayed != null) {
            return List.of(replayed);
        }
        List<Long> seeds = new ArrayList<>();
        for (long seed = 0; seed < 50; seed++) {
            seeds.add(seed);
        }
        return seeds;
    }

    /** A server that looks at each item by itself, and has all of them in one list. */
    private static final class Model {

        private final Map<StreamId, Point> marks = new HashMap<>();
        private final List<Item> order = new ArrayList<>();

        /** The mark after it. */
        Optional<Point> take(Batch batch) {
            Point mark = marks.get(batch.stream());
            if (mark == null) {
                if (!batch.opens() || batch.items().isEmpty()) {
                    return Optional.empty();
                }
                mark = batch.follows();
            }
            for (Item item : batch.items()) {
                boolean isFirst = item.equals(batch.items().getFirst());
                boolean next = item.first() == mark.sequence() + 1
                        && (!isFirst
                                || batch.follows().hash() == mark.hash()
                                || batch.follows().hash() == 0
                                || mark.hash() == 0);
                if (next) {
                    order.add(item);
                    mark = item.last();
                } else {
                    break;
                }
            }
            marks.put(batch.stream(), mark);
            return Optional.of(mark);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void storesWhatTheModelStores(long seed) {
        SplittableRandom chance = new SplittableRandom(seed);
        VirtualTime time = new VirtualTime();
        FaultyEventStore store = new FaultyEventStore();
        Intake intake = Intake.open(store, time, IngestConfig.DEFAULT, new SimpleMeterRegistry());
        Inlet link = intake.inlet();
        Model model = new Model();
        List<Lanes> lanes = new ArrayList<>();
        for (int i = 0; i < LANES; i++) {
            lanes.add(Lanes.of(1, "lane" + i));
        }
        for (int step = 0; step < STEPS; step++) {
            Lanes lane = lanes.get(chance.nextInt(LANES));
            if (chance.nextInt(3) == 0) {
                lane.append(1 + chance.nextInt(3));
            }
            if (chance.nextInt(10) == 0) {
                lane.drop(1 + chance.nextInt(3));
            }
            store.full = chance.nextInt(10) == 0;
            Batch batch = batch(lane, store, chance);
            CompletableFuture<Optional<OutboxMessage>> answer =
                    link.received(Lanes.agent(1), batch).toCompletableFuture();
            time.advance(Duration.ofMillis(1));
            OutboxMessage said = answer.join().orElseThrow();
            if (store.full) {
                assertThat(said).isInstanceOf(OutboxMessage.Refused.class);
            } else {
                Mark mark = (Mark) said;
                Optional<Point> expected = model.take(batch);
                assertThat(mark.known()).as("seed %s, step %s", seed, step).isEqualTo(expected.isPresent());
                expected.ifPresent(point -> assertThat(mark.at()).isEqualTo(point));
            }
        }
        List<Item> expected =
                model.order.stream().filter(Item.Data.class::isInstance).toList();
        assertThat(store.events(Query.after(0, 10_000)).items().stream()
                        .map(event -> (Item) event.data())
                        .toList())
                .as("seed %s", seed)
                .isEqualTo(expected);
        assertThat(expected).as("seed %s", seed).isNotEmpty();
    }

    /** Mostly what is due next; else anything that the lane ever had, from a fork of it now and then. */
    private static Batch batch(Lanes lane, EventStore store, SplittableRandom chance) {
        try {
            long mark = store.mark(lane.stream()).map(Point::sequence).orElse(0L);
            long last = lane.last().sequence();
            long from = chance.nextInt(3) > 0 ? Math.min(mark, last) : boundary(lane, chance.nextLong(last + 1));
            long to = boundary(lane, Math.min(last, from + chance.nextInt(6)));
            Batch batch = lane.batch(from, Math.max(from, to), chance.nextInt(4) == 0 || from == 0);
            if (chance.nextInt(8) > 0) {
                return batch;
            }
            Point strange = new Point(batch.follows().sequence(), chance.nextInt(2) == 0 ? 0 : chance.nextLong());
            return new Batch(batch.stream(), batch.ask(), batch.opens(), strange, batch.items());
        } catch (EventStoreException e) {
            throw new AssertionError(e);
        }
    }

    /** The nearest end of an item at or below a sequence. */
    private static long boundary(Lanes lane, long sequence) {
        long at = sequence;
        while (at > 0 && lane.at(at).sequence() != at) {
            at--;
        }
        return at;
    }
}
