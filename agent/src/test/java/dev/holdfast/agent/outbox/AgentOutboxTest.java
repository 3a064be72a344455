// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.link.Link;
import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.LinkListener;
import dev.holdfast.agent.link.LinkPhase;
import dev.holdfast.agent.link.SimulatedServer;
import dev.holdfast.agent.link.SimulatedServer.Condition;
import dev.holdfast.agent.link.TestAgent;
import dev.holdfast.core.delivery.DeliveryPolicy;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.outbox.OutboxPolicy;
import dev.holdfast.core.outbox.OutboxPolicy.Durability;
import dev.holdfast.core.policy.Failure;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxMessage;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shipped outbox, delivery and link in virtual time, against a simulated server. */
class AgentOutboxTest {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private static final OutboxConfig CONFIG =
            new OutboxConfig(OutboxPolicy.DEFAULT.withDurability(Durability.RELAXED), DeliveryPolicy.DEFAULT);

    private final VirtualTime time = new VirtualTime();
    private final SplittableRandom chance = new SplittableRandom(7);
    private final SimulatedIngest ingest = new SimulatedIngest();
    private final SimulatedServer server = new SimulatedServer(time);
    private final List<String> appended = new ArrayList<>();

    @TempDir
    private Path data;

    private AgentOutbox outbox;
    private Link link;

    @AfterEach
    void close() {
        outbox.close();
    }

    @Test
    void whatIsRecordedArrivesInOrder() {
        attach();
        append(1_000);
        time.advance(SECOND.multipliedBy(5));
        assertThat(ingest.stored).isEqualTo(appended);
    }

    @Test
    void afterTwoHoursWithoutAServerEverythingArrivesInOrderAtTheServersPaceAndHeartbeatsAreOnTime() {
        attach();
        server.crash();
        for (int second = 0; second < 7_200; second++) {
            append(10);
            time.advance(SECOND);
        }
        server.bytesPerSecond = 1_000_000;
        ingest.floor = SECOND;
        server.be(Condition.UP);
        while (link.phase() != LinkPhase.ATTACHED) {
            time.advance(SECOND);
        }
        server.arrivals.clear();
        int before = ingest.batches.size();
        int seconds = 0;
        while (ingest.stored.size() < appended.size() && seconds < 1_000) {
            time.advance(SECOND);
            seconds++;
        }
        assertThat(ingest.stored).isEqualTo(appended);
        assertThat(ingest.batches.size() - before)
                .as("one batch a second at most")
                .isLessThanOrEqualTo(seconds + 1);
        assertThat(seconds).as("not much slower than it may").isLessThan(250);
        for (int i = 1; i < server.arrivals.size(); i++) {
            assertThat(server.arrivals.get(i).minus(server.arrivals.get(i - 1))).isLessThan(Duration.ofMillis(5_300));
        }
        assertThat(server.dials).as("no connection was lost").isLessThan(700);
    }

    @Test
    void heartbeatsPassBatchesThatFillASlowLink() {
        server.bytesPerSecond = 60_000;
        attach();
        appendLarge(20, 200_000);
        server.arrivals.clear();
        time.advance(Duration.ofMinutes(2));
        assertThat(ingest.stored).isEqualTo(appended);
        assertThat(server.dials).isEqualTo(1);
    }

    @Test
    void aLinkTooSlowForAWholeBatchGetsSmallerOnes() {
        server.bytesPerSecond = 12_000;
        attach();
        append(5_000);
        appendLarge(1, 600_000);
        time.advance(Duration.ofMinutes(20));
        assertThat(ingest.stored).isEqualTo(appended);
    }

    @Test
    void aRecordThatTheServerWillNeverTakeBecomesADeadLetterAndTheRestArrives() throws Exception {
        ingest.isBad = text -> text.endsWith("7 of a thousand");
        attach();
        for (int n = 0; n < 10_000; n++) {
            append(n % 1_000 == 77 ? n + " is 7 of a thousand" : "record " + n);
        }
        time.advance(Duration.ofMinutes(2));

        List<String> good = appended.stream().filter(ingest.isBad.negate()).toList();
        assertThat(ingest.stored).isEqualTo(good).hasSize(9_990);
        assertThat(ingest.gaps).hasSize(10);
        assertThat(dead())
                .extracting(AgentOutboxTest::text)
                .allMatch(ingest.isBad)
                .hasSize(10);
    }

    @Test
    void aRestartInTheMiddleOfABackoffSendsNothingEarlyAndAClockSetBackMakesNobodyWaitLonger() {
        ingest.refuses = OutboxMessage.Refused.Why.STORAGE;
        attach();
        append(1);
        time.advance(Duration.ofMinutes(3));
        int refused = ingest.batches.size();
        assertThat(refused).isBetween(8, 14);

        restart();
        assertThat(ingest.batches).as("sent before its time was over").hasSize(refused);
        time.advance(Duration.ofSeconds(38));
        assertThat(ingest.batches).as("waits no longer than the cap").hasSize(refused + 1);

        time.shiftWallClock(Duration.ofHours(-1));
        restart();
        time.advance(Duration.ofSeconds(38));
        assertThat(ingest.batches).hasSize(refused + 2);
        ingest.refuses = null;
        time.advance(Duration.ofSeconds(38));
        assertThat(ingest.stored).isEqualTo(appended);
    }

    @Test
    void afterAHundredRefusalsTheAuditSaysHowOftenWhenAndWhyOverRestarts() throws Exception {
        ingest.refuses = OutboxMessage.Refused.Why.STORAGE;
        attach();
        append(1);
        for (int hour = 0; hour < 2; hour++) {
            time.advance(Duration.ofMinutes(40));
            restart();
        }
        assertThat(ingest.batches.stream()
                        .filter(batch -> batch.items().getFirst() instanceof Item.Data)
                        .count())
                .isEqualTo(100);
        DeadLetter letter = dead().getFirst();
        assertThat(letter.attempts().total()).isEqualTo(100);
        assertThat(letter.attempts().reasons()).containsEntry("STORAGE: said the simulation", 100);
        assertThat(Duration.between(letter.attempts().first(), letter.attempts().last()))
                .isBetween(Duration.ofMinutes(40), Duration.ofMinutes(60));
        assertThat(text(letter)).isEqualTo(appended.getFirst());
        ingest.refuses = null;
        append(1);
        time.advance(Duration.ofSeconds(38));
        assertThat(ingest.stored).containsExactly(appended.getLast());
        assertThat(ingest.gaps)
                .singleElement()
                .satisfies(gap -> assertThat(gap.audit()).contains("100"));
    }

    @Test
    void timeWithoutAServerBurnsNoAttempts() throws Exception {
        attach();
        server.crash();
        append(1);
        time.advance(Duration.ofDays(2));
        assertThat(dead()).isEmpty();
        server.be(Condition.UP);
        time.advance(Duration.ofMinutes(1));
        assertThat(ingest.stored).isEqualTo(appended);
    }

    @Test
    void anAgentLivesWithoutAnOutboxThatCannotBeOpenedAndOpensItWhenItCan() {
        outbox.close();
        boolean[] isBroken = {true};
        openThrough(directory -> {
            if (isBroken[0]) {
                throw new IOException("the disk is on fire");
            }
            return open(directory);
        });
        attach();
        NewRecord record = NewRecord.of("events", "text/plain", "lost".getBytes(StandardCharsets.UTF_8));
        assertThat(outbox.append(List.of(record)))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("the disk is on fire");
        time.advance(Duration.ofMinutes(5));
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
        assertThat(server.dials).isEqualTo(1);

        isBroken[0] = false;
        time.advance(AgentOutbox.REOPEN);
        append(3);
        time.advance(SECOND);
        assertThat(ingest.stored).isEqualTo(appended);
    }

    @Test
    void anOutboxThatEndsByADefectIsOpenedAnewAndWhatWasKeptArrives() {
        outbox.close();
        boolean[] isShort = {true};
        openThrough(directory -> open(directory, CONFIG.keeping().withSegment(64 << 10), shortOfThreads(isShort)));
        time.advance(SECOND);
        appendLarge(7, 8_000);
        NewRecord record = NewRecord.of("events", "text/plain", new byte[10_000]);
        assertThat(outbox.append(List.of(record))).isCompletedExceptionally();
        time.advance(SECOND);
        assertThat(outbox.append(List.of(record)))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("it ended by a defect and is opened anew within 30s");

        isShort[0] = false;
        time.advance(AgentOutbox.REOPEN);
        append(3);
        attach();
        assertThat(ingest.stored).isEqualTo(appended);
    }

    /** What cannot begin a segment in the background, for want of memory, after the first. */
    private static Outbox.Threads shortOfThreads(boolean[] isShort) {
        int[] begun = {0};
        return new Outbox.Threads(
                task -> {
                    try {
                        task.run();
                    } catch (OutOfMemoryError told) {
                        assertThat(isShort[0]).isTrue();
                    }
                },
                task -> {
                    if (begun[0]++ > 0 && isShort[0]) {
                        throw new OutOfMemoryError("unable to create native thread");
                    }
                    task.run();
                },
                () -> {});
    }

    @Test
    void aServerThatTakesNoOutboxIsSentNothing() {
        server.offered = List.of();
        attach();
        append(3);
        time.advance(Duration.ofMinutes(5));
        assertThat(server.records).isEmpty();
        assertThat(server.dials).isEqualTo(1);
        server.offered = List.of(Capabilities.OUTBOX);
        server.crash();
        server.be(Condition.UP);
        time.advance(Duration.ofMinutes(1));
        assertThat(ingest.stored).isEqualTo(appended);
    }

    private void attach() {
        time.advance(SECOND.multipliedBy(10));
        assertThat(link.phase()).isEqualTo(LinkPhase.ATTACHED);
    }

    @BeforeEach
    void start() {
        server.custom = ingest::take;
        link = new Link(
                LinkConfig.of(URI.create("ws://server.example")),
                TestAgent.state(time, chance),
                "cafe",
                new Ears(),
                time,
                chance.split(),
                server);
        openThrough(this::open);
        link.start();
    }

    private void openThrough(AgentOutbox.Opener opener) {
        outbox = AgentOutbox.start(data, CONFIG, link::send, time, chance.split(), opener, opened -> {});
    }

    /** On a disk that is never waited for: two hours have 7,200 seconds, each of which it would be forced in. */
    private Outbox open(Path directory) throws IOException {
        return open(directory, CONFIG.keeping(), Outbox.Threads.none());
    }

    private Outbox open(Path directory, OutboxPolicy policy, Outbox.Threads threads) throws IOException {
        return Outbox.open(new UnforcedDisk(SystemDisk.of(directory)), policy, time, chance.split(), threads);
    }

    /** Ends the process in order, and begins another. */
    private void restart() {
        outbox.stop();
        link.stop();
        time.advance(Duration.ofMillis(100));
        outbox.close();
        start();
        time.advance(Duration.ofMillis(100));
    }

    private void append(int records) {
        for (int i = 0; i < records; i++) {
            append("record " + appended.size());
        }
    }

    private void appendLarge(int records, int bytes) {
        IntStream.range(0, records).forEach(n -> append(n + "x".repeat(bytes)));
    }

    private void append(String text) {
        appended.add(text);
        NewRecord record = NewRecord.of("events", "text/plain", text.getBytes(StandardCharsets.UTF_8));
        assertThat(outbox.append(List.of(record))).isCompleted();
    }

    private List<DeadLetter> dead() throws Exception {
        return outbox.outbox().orElseThrow().dead(0, 1_000);
    }

    private static String text(DeadLetter letter) {
        return new String(letter.record().payload(), StandardCharsets.UTF_8);
    }

    private final class Ears implements LinkListener {

        @Override
        public void attached(URI server) {
            if (link.serverTakes(Capabilities.OUTBOX)) {
                outbox.linkUp();
            }
        }

        @Override
        public void lost(Failure failure) {
            outbox.linkDown();
        }

        @Override
        public void received(CustomMessage message) {
            outbox.received(message);
        }
    }
}
