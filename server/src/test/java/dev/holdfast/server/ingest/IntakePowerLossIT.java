// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.disk.Mount;
import dev.holdfast.core.time.SystemTime;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxMessage.Mark;
import dev.holdfast.server.ingest.EventStore.Query;
import dev.holdfast.server.sqlite.SqliteEventStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file system under the events goes as it does when the power is lost, while agents send. */
class IntakePowerLossIT {

    private static final int LANES = 4;
    private static final int BATCH = 3;

    /** The answers after which the power is lost, at the earliest. */
    private static final int ANSWERS = 60;

    @TempDir
    Path temp;

    @Test
    void whatWasAnsweredWithAMarkIsThereAfterAPowerLoss() throws Exception {
        try (Mount mount = Mount.ext4(temp, 64)) {
            mount.prepareShutdown();
            Path file = mount.directory().resolve("events.db");
            List<Lanes> lanes = new ArrayList<>();
            List<Long> answered = send(mount, file, lanes);
            mount.unmount();
            mount.mount();
            try (SqliteEventStore store = SqliteEventStore.open(file, () -> Instant.EPOCH)) {
                long events = 0;
                for (int n = 0; n < LANES; n++) {
                    long mark = store.mark(lanes.get(n).stream()).orElseThrow().sequence();
                    assertThat(mark).isGreaterThanOrEqualTo(answered.get(n));
                    assertThat(store.mark(lanes.get(n).stream()))
                            .contains(lanes.get(n).at(mark));
                    events += mark;
                }
                assertThat(store.totals().events()).isEqualTo(events);
                assertThat(store.events(Query.after(0, (int) events + 10)).items())
                        .hasSize((int) events);
            }
        }
    }

    /** Sends on several threads until the power is lost, and returns up to where each had a mark. */
    private static List<Long> send(Mount mount, Path file, List<Lanes> lanes) throws Exception {
        CountDownLatch answers = new CountDownLatch(ANSWERS);
        List<FutureTask<Long>> senders = new ArrayList<>();
        SqliteEventStore store = SqliteEventStore.open(file, () -> Instant.EPOCH);
        SystemTime loop = SystemTime.start("intake");
        Intake intake = Intake.open(store, loop, IngestConfig.DEFAULT, new SimpleMeterRegistry());
        for (int n = 0; n < LANES; n++) {
            Lanes lane = Lanes.of(n, "a");
            lanes.add(lane);
            FutureTask<Long> sender = new FutureTask<>(() -> send(intake.inlet(), lane, answers));
            senders.add(sender);
            Thread.ofPlatform().daemon().start(sender);
        }
        assertThat(answers.await(60, TimeUnit.SECONDS)).isTrue();
        mount.losePower();
        List<Long> answered = new ArrayList<>();
        for (FutureTask<Long> sender : senders) {
            answered.add(sender.get(60, TimeUnit.SECONDS));
        }
        loop.close();
        intake.close();
        store.close();
        return answered;
    }

    private static long send(Inlet inlet, Lanes lane, CountDownLatch answers) throws Exception {
        long sent = 0;
        while (true) {
            lane.append(BATCH);
            Optional<OutboxMessage> answer = inlet.received(Lanes.agent(1), lane.batch(sent, sent + BATCH))
                    .toCompletableFuture()
                    .get(60, TimeUnit.SECONDS);
            if (!(answer.orElseThrow() instanceof Mark mark)) {
                return sent;
            }
            sent = mark.at().sequence();
            answers.countDown();
        }
    }
}
