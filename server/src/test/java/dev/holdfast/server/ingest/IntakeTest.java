// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxMessage.Mark;
import dev.holdfast.opamp.outbox.OutboxMessage.Refused;
import dev.holdfast.server.ingest.EventStore.Query;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class IntakeTest {

    /** Of which 31 records of 1 MiB may wait, and three of one link. */
    private static final IngestConfig CONFIG =
            new IngestConfig(IngestConfig.QUEUE_LIMIT, 1 << 20, Duration.ofDays(7), 1 << 20);

    private final VirtualTime time = new VirtualTime();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final FaultyEventStore store = new FaultyEventStore();
    private final Intake intake = Intake.open(store, time, CONFIG, meters);

    @Test
    void nothingIsAnsweredBeforeItIsDurableAndOneCommitServesAll() {
        List<Lanes> lanes = new ArrayList<>();
        List<CompletableFuture<Optional<OutboxMessage>>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            Lanes lane = Lanes.of(i, "a").append(4);
            lanes.add(lane);
            Inlet link = intake.inlet();
            answers.add(offer(link, lane.batch(0, 2)));
            answers.add(offer(link, lane.batch(2, 4)));
        }
        assertThat(answers).noneMatch(CompletableFuture::isDone);

        run();

        assertThat(store.commits).isEqualTo(1);
        assertThat(answers).allMatch(CompletableFuture::isDone);
        assertThat(lanes)
                .allSatisfy(lane -> assertThat(store.mark(lane.stream())).contains(lane.at(4)));
        assertThat(mark(answers.getFirst()).at()).isEqualTo(lanes.getFirst().at(2));
        assertThat(count("holdfast.ingest.records")).isEqualTo(200);
        assertThat(count("holdfast.ingest.batches")).isEqualTo(100);
    }

    @Test
    void whatComesTwiceIsStoredOnceAndGetsTheMark() {
        Lanes lane = Lanes.of(1, "a").append(4);
        Inlet link = intake.inlet();
        put(link, lane.batch(0, 3));
        CompletableFuture<Optional<OutboxMessage>> again = offer(link, lane.batch(0, 3));
        CompletableFuture<Optional<OutboxMessage>> older = offer(intake.inlet(), lane.batch(0, 2));
        CompletableFuture<Optional<OutboxMessage>> ahead = offer(link, lane.batch(3, 4));

        run();

        assertThat(mark(again).at()).isEqualTo(lane.at(3));
        assertThat(mark(older).at()).isEqualTo(lane.at(3));
        assertThat(mark(ahead).at()).isEqualTo(lane.at(4));
        assertThat(store.events(Query.after(0, 10)).items()).hasSize(4);
        assertThat(count("holdfast.ingest.batches.not.next")).isEqualTo(2);
        assertThat(count("holdfast.ingest.records")).isEqualTo(4);
    }

    @Test
    void beyondTheBoundItIsRefusedWithADelayAndNothingIsLost() {
        Lanes lane = Lanes.of(1, "a");
        for (int i = 0; i < 40; i++) {
            lane.append("", new byte[1 << 20]);
        }
        Inlet link = intake.inlet();
        List<CompletableFuture<Optional<OutboxMessage>>> answers = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            answers.add(offer(i < 5 ? link : intake.inlet(), lane.batch(i, i + 1)));
        }

        assertThat(refused(answers.get(3)).detail()).as("of one link").contains("this link");
        assertThat(refused(answers.get(39)).detail()).as("of all").isEqualTo("too much waits to be stored");
        assertThat(refused(answers.get(39)).why()).isEqualTo(Refused.Why.OVERLOAD);
        assertThat(refused(answers.get(39)).retryAfter()).isEqualTo(Intake.OVERLOADED);
        assertThat(count("holdfast.ingest.refused")).isGreaterThan(0);
        run();
        assertThat(mark(answers.getFirst()).retryAfter())
                .as("a floor while much waits")
                .isPositive();
        long stored = store.mark(lane.stream()).orElseThrow().sequence();
        assertThat(stored).isBetween(1L, 39L);
        for (long at = stored; at < 40; at++) {
            put(link, lane.batch(at, at + 1));
            run();
        }
        assertThat(store.totals().events()).isEqualTo(40);
        assertThat(held("holdfast.ingest.queued.bytes")).isZero();
    }

    @Test
    void aStoreThatCannotWriteRefusesAllOfItAndRecoversByItself() {
        Lanes lane = Lanes.of(1, "a").append(4);
        Inlet link = intake.inlet();
        put(link, lane.batch(0, 1));
        run();
        store.full = true;
        CompletableFuture<Optional<OutboxMessage>> failed = offer(link, lane.batch(1, 3));
        CompletableFuture<Optional<OutboxMessage>> resumed = offer(link, lane.resume(1));
        run();

        assertThat(refused(failed))
                .isEqualTo(new Refused(
                        lane.stream(),
                        Lanes.ask(1),
                        2,
                        3,
                        Refused.Why.STORAGE,
                        "the server cannot store it now",
                        Intake.UNSTORED));
        assertThat(mark(resumed).at()).as("what it has it can still tell").isEqualTo(lane.at(1));
        assertThat(store.mark(lane.stream())).contains(lane.at(1));
        store.full = false;
        CompletableFuture<Optional<OutboxMessage>> again = offer(link, lane.batch(1, 3));
        run();
        assertThat(mark(again).at()).isEqualTo(lane.at(3));
    }

    @Test
    void aBatchThatTheStoreChokesOnDoesNotCostTheOthers() {
        Lanes good = Lanes.of(1, "a").append(1);
        Lanes bad = Lanes.of(2, "a").append(1);
        Lanes fine = Lanes.of(3, "a").append(1);
        store.poison = bad.stream();
        List<CompletableFuture<Optional<OutboxMessage>>> answers = List.of(
                offer(intake.inlet(), good.batch(0, 1)),
                offer(intake.inlet(), bad.batch(0, 1)),
                offer(intake.inlet(), fine.batch(0, 1)));

        run();

        assertThat(mark(answers.get(0)).at()).isEqualTo(good.at(1));
        assertThat(refused(answers.get(1)).why()).isEqualTo(Refused.Why.STORAGE);
        assertThat(mark(answers.get(2)).at()).isEqualTo(fine.at(1));
        assertThat(store.totals().events()).isEqualTo(2);
    }

    @Test
    void aResumeSeesWhatWasOfferedBeforeIt() {
        Lanes lane = Lanes.of(1, "a").append(4);
        Lanes other = Lanes.of(1, "b");
        put(intake.inlet(), lane.batch(0, 4));
        CompletableFuture<Optional<OutboxMessage>> answer = offer(intake.inlet(), lane.resume(2, 4, 3));
        CompletableFuture<Optional<OutboxMessage>> unknown = offer(intake.inlet(), other.resume(0));
        run();

        assertThat(mark(answer)).isEqualTo(new Mark(lane.stream(), 4, true, lane.at(4), 4, Duration.ZERO));
        assertThat(mark(unknown)).isEqualTo(Mark.unknown(other.stream(), 0, 0));
    }

    @Test
    void whatWaitsIsStoredBeforeTheEndAndNothingAfterIt() {
        Lanes lane = Lanes.of(1, "a").append(2);
        Inlet link = intake.inlet();
        CompletableFuture<Optional<OutboxMessage>> last = offer(link, lane.batch(0, 1));

        intake.close();

        assertThat(mark(last).at()).isEqualTo(lane.at(1));
        assertThat(refused(offer(link, lane.batch(1, 2))).detail()).isEqualTo("the server stops");
        assertThat(held("holdfast.ingest.queued.bytes")).isZero();
    }

    @Test
    void whatComesBehindTheEndOfALinkIsNotKept() {
        Lanes lane = Lanes.of(1, "a");
        Inlet link = intake.inlet();
        put(link, new OutboxMessage.Part(lane.stream(), 1, 0, 100, ByteBuffer.allocate(10)));
        assertThat(held("holdfast.ingest.parts.bytes")).isEqualTo(10);

        link.close();
        put(link, new OutboxMessage.Part(lane.stream(), 1, 0, 100, ByteBuffer.allocate(10)));

        assertThat(held("holdfast.ingest.parts.bytes")).isZero();
    }

    @Test
    void eventsGoOnceTheirTimeIsOver() {
        Lanes lane = Lanes.of(1, "a").append(5_000);
        Inlet link = intake.inlet();
        for (int at = 0; at < 5_000; at += 1_000) {
            put(link, lane.batch(at, at + 1_000));
        }
        time.advance(Duration.ofDays(7).minusMinutes(1));
        assertThat(store.totals().events()).isEqualTo(5_000);

        time.advance(Duration.ofMinutes(2));

        assertThat(store.totals().events()).isZero();
        assertThat(store.mark(lane.stream())).contains(lane.at(5_000));
        assertThat(count("holdfast.ingest.retired")).isEqualTo(5_000);
    }

    private static CompletableFuture<Optional<OutboxMessage>> offer(Inlet link, OutboxMessage message) {
        return link.received(Lanes.agent(1), message).toCompletableFuture();
    }

    /** Where the store tells what became of it. */
    private static void put(Inlet link, OutboxMessage message) {
        var unused = offer(link, message);
    }

    private void run() {
        time.advance(Duration.ofMillis(1));
    }

    private static Optional<OutboxMessage> now(CompletableFuture<Optional<OutboxMessage>> answer) {
        assertThat(answer).isDone();
        return answer.join();
    }

    private static Mark mark(CompletableFuture<Optional<OutboxMessage>> answer) {
        return (Mark) now(answer).orElseThrow();
    }

    private static Refused refused(CompletableFuture<Optional<OutboxMessage>> answer) {
        return (Refused) now(answer).orElseThrow();
    }

    private double count(String name) {
        return meters.find(name).counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    private double held(String name) {
        return Objects.requireNonNull(meters.find(name).gauge()).value();
    }
}
