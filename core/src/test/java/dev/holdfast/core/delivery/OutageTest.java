// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.delivery.DeliveryPolicy.Flight;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Long stretches of virtual time, with the server and the link as they should be. */
class OutageTest {

    private final VirtualTime time = new VirtualTime();
    private final ModelServer server = new ModelServer();
    private final List<Object> story = new ArrayList<>();

    private ModelAgent agent(DeliveryPolicy policy) {
        ModelAgent agent = new ModelAgent(time, new SplittableRandom(7), policy, server, story);
        agent.addLane(new ModelLane("events", 1));
        return agent;
    }

    @Test
    void twoHoursWithoutAServerDrainInOrderAndNoFasterThanItsFloor() {
        Duration floor = Duration.ofMillis(500);
        server.markFloor = floor;
        ModelAgent agent = agent(DeliveryPolicy.DEFAULT);
        agent.linkUp();
        int records = 10 * 7_200;
        for (int id = 1; id <= records; id++) {
            if (id == 100) {
                agent.linkDown();
            }
            time.advance(Duration.ofMillis(100));
            agent.append("events", id, 256);
        }
        assertThat(agent.all(Action.Attempted.class)).isEmpty();
        agent.linkUp();
        Duration up = time.elapsed();
        while (!agent.isDrained()) {
            time.advance(floor);
        }
        long batches = records / 500;
        assertThat(time.elapsed().minus(up))
                .isBetween(floor.multipliedBy(batches - 1), floor.multipliedBy(2 * batches));
        ModelServer.Kept kept = Objects.requireNonNull(server.disk.streams.get(new ModelServer.Key("events", 1)));
        assertThat(kept.sequences).hasSize(records).isSorted();
        assertThat(server.disk.storedById).hasSize(records);
        assertThat(agent.all(Action.Bury.class)).isEmpty();
    }

    @Test
    void aLinkThatTakesItsTimeForEachBatchIsNotTakenForDead() {
        Flight one = Flight.DEFAULT;
        ModelAgent agent = agent(
                DeliveryPolicy.DEFAULT.withFlight(new Flight(4, one.batchItems(), one.batchBytes(), one.maxBytes())));
        int records = 40 * 500;
        for (int id = 1; id <= records; id++) {
            agent.lane("events").append(id, 256);
        }
        agent.did(agent.machine.waiting("events", records, Moment.of(time)));
        // One after the other, however many are handed over at a time.
        Duration each = DeliveryPolicy.DEFAULT.answerTimeout().dividedBy(6);
        long[] busyUntil = {0};
        agent.latency = () -> {
            busyUntil[0] = Math.max(busyUntil[0], time.nanoTime()) + each.toNanos();
            return Duration.ofNanos(busyUntil[0] - time.nanoTime());
        };
        agent.linkUp();
        while (!agent.isDrained()) {
            time.advance(each);
        }
        assertThat(agent.all(Action.Resume.class)).as("only at the beginning").hasSize(1);
        assertThat(agent.all(Action.Send.class)).as("each is sent once").hasSize(records / 500);
        assertThat(server.disk.storedById).hasSize(records);
    }

    @Test
    void oneBadRecordInAThousandIsBuriedAndNothingElse() {
        int records = 20_000;
        for (boolean names : List.of(false, true)) {
            server.disk = new ModelServer.Disk();
            server.names = names;
            server.isBad = id -> id % 1_000 == 500;
            ModelAgent agent = agent(DeliveryPolicy.DEFAULT);
            for (int id = 1; id <= records; id++) {
                agent.lane("events").append(id, 256);
            }
            agent.did(agent.machine.waiting("events", records, Moment.of(time)));
            agent.linkUp();
            Duration begun = time.elapsed();
            time.advance(Duration.ofSeconds(5));
            assertThat(agent.isDrained()).isTrue();
            assertThat(time.elapsed().minus(begun)).isLessThanOrEqualTo(Duration.ofSeconds(5));
            TreeSet<Long> buried =
                    new TreeSet<>(agent.lane("events").deadLetters.keySet());
            assertThat(buried).hasSize(records / 1_000).allMatch(sequence -> sequence % 1_000 == 500);
            assertThat(server.disk.storedById).hasSize(records - buried.size());
            assertThat(agent.lane("events").deadLetters.values())
                    .allMatch(letter -> letter.alone() == 1
                            && letter.reasons()
                                    .keySet()
                                    .equals(Map.of("BAD_RECORD: said the model", 1)
                                            .keySet()));
        }
    }

    @Test
    void aHundredAttemptsTakeTheTimeOfTheirBackoff() {
        server.refuses = () -> Refusal.Why.STORAGE;
        ModelAgent agent = agent(DeliveryPolicy.DEFAULT);
        agent.append("events", 1, 256);
        agent.linkUp();
        time.advance(Duration.ofHours(2));
        Attempts letter = agent.lane("events").deadLetters.get(1L);
        assertThat(Objects.requireNonNull(letter).total()).isEqualTo(100);
        // 1 + 2 + 4 + 8 + 16 s and 94 times 30 s, ± 25 %.
        assertThat(Duration.between(letter.first(), letter.last()))
                .isBetween(Duration.ofSeconds(2_151), Duration.ofSeconds(3_590));
        assertThat(agent.isDrained()).isFalse();
        server.refuses = () -> null;
        time.advance(Duration.ofMinutes(1));
        assertThat(agent.isDrained()).as("the gap in its place is taken").isTrue();
        assertThat(server.disk.storedById).isEmpty();
    }
}
