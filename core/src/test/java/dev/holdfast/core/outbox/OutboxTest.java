// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.disk.SystemDisk;
import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.Audit;
import dev.holdfast.core.record.Chain;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutboxTest {

    private static final OutboxPolicy SMALL = OutboxPolicy.DEFAULT.withSegment(64 << 10);

    private final FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
    private final VirtualTime time = new VirtualTime();
    private Outbox outbox;

    @BeforeEach
    void open() throws IOException {
        outbox = open(SMALL);
    }

    @AfterEach
    void close() throws IOException {
        outbox.close();
    }

    private Outbox open(OutboxPolicy policy) throws IOException {
        return Outbox.open(disk, policy, time, new SplittableRandom(1), Runnable::run);
    }

    private void reopen(OutboxPolicy policy) throws IOException {
        outbox.close();
        outbox = open(policy);
    }

    @Test
    void recordsOfALaneAreNumberedAndReadInOrder() throws Exception {
        assertThat(outbox.append(record("a", "one"))).isEqualTo(1);
        assertThat(outbox.append(record("b", "other"))).isEqualTo(1);
        assertThat(outbox.append(record("a", "two"))).isEqualTo(2);

        assertThat(texts("a")).containsExactly("1 one", "2 two");
        assertThat(texts("b")).containsExactly("1 other");
        assertThat(texts("c")).isEmpty();
    }

    @Test
    void everythingOfARecordComesBackAfterARestart() throws Exception {
        time.advance(Duration.ofMillis(1234));
        NewRecord record = new NewRecord("a", "text/plain", Map.of("source", "host", "x", "y"), "ü".getBytes(UTF_8));
        outbox.append(record);
        reopen(SMALL);

        Stored stored = (Stored) outbox.read("a", 1, 1, 1).getFirst();
        assertThat(stored.contentType()).isEqualTo("text/plain");
        assertThat(stored.headers()).isEqualTo(record.headers());
        assertThat(stored.payload()).isEqualTo(record.payload());
        assertThat(stored.time()).isEqualTo(time.instant());
        assertThat(stored.replayOf()).isEqualTo(OptionalLong.empty());
        assertThat(stored.hash())
                .isEqualTo(Chain.next(Chain.START, 1, time.instant(), "text/plain", ByteBuffer.wrap(record.payload())));
    }

    @Test
    void sequencesEpochsAndTheIdGoOnAfterARestart() throws Exception {
        outbox.append(record("a", "one"));
        LaneState before = outbox.lanes().getFirst();
        reopen(SMALL);

        assertThat(outbox.append(record("a", "two"))).isEqualTo(2);
        assertThat(outbox.lanes().getFirst().epoch()).isEqualTo(before.epoch()).isNotZero();
    }

    @Test
    void whatIsAcknowledgedIsNotReadAgain() throws Exception {
        for (int n = 1; n <= 10; n++) {
            outbox.append(record("a", "text " + n));
        }
        acknowledge("a", 7);
        assertThat(texts("a")).containsExactly("8 text 8", "9 text 9", "10 text 10");
        reopen(SMALL);

        assertThat(texts("a")).containsExactly("8 text 8", "9 text 9", "10 text 10");
        assertThat(outbox.lanes().getFirst().acknowledged().sequence()).isEqualTo(7);
        assertThat(outbox.lanes().getFirst().acknowledged().hash()).isEqualTo(7);
        assertThat(outbox.lanes().getFirst().waiting()).isEqualTo(3);
    }

    @Test
    void nobodyAcknowledgesWhatWasNeverAppendedOrHasBeenAlready() throws Exception {
        outbox.append(record("a", "one"));
        acknowledge("a", 1);
        acknowledge("a", 2);
        acknowledge("a", 0);
        assertThat(outbox.lanes().getFirst().acknowledged().sequence()).isEqualTo(1);
    }

    @Test
    void manySegmentsAreReadAcrossTheirBoundsAndGoWhenTheyAreDone() throws Exception {
        append("a", 6_000);
        assertThat(segments()).isGreaterThan(5);
        assertThat(sequences("a")).isEqualTo(upTo(1, 6_000));
        reopen(SMALL);
        assertThat(sequences("a")).isEqualTo(upTo(1, 6_000));

        acknowledge("a", 5_900);
        outbox.append(record("a", "the last"));
        assertThat(segments()).isLessThan(4);
        assertThat(sequences("a")).isEqualTo(upTo(5_901, 6_001));
        reopen(SMALL);
        assertThat(sequences("a")).isEqualTo(upTo(5_901, 6_001));
    }

    @Test
    void aSlowLanePinsNoSpace() throws Exception {
        OutboxPolicy tight = SMALL.withQuota(512 << 10, WhenFull.REJECT);
        reopen(tight);
        for (int round = 1; round <= 60; round++) {
            outbox.append(record("slow", "slow " + round));
            append("quick", 100);
            acknowledge("quick", round * 100L);
        }
        assertThat(segments()).isLessThanOrEqualTo(8);
        assertThat(sequences("slow")).isEqualTo(upTo(1, 60));
        reopen(tight);
        assertThat(texts("slow")).hasSize(60).startsWith("1 slow 1").endsWith("60 slow 60");
        assertThat(sequences("quick")).isEmpty();
    }

    @Test
    void aDeadLetterPinsNoSpaceAndIsKeptUntilItIsPurged() throws Exception {
        OutboxPolicy tight = SMALL.withQuota(512 << 10, WhenFull.REJECT);
        reopen(tight);
        outbox.append(record("a", "poison"));
        get(outbox.bury("a", attempts(1)));
        for (int round = 0; round < 60; round++) {
            append("a", 100);
            acknowledge("a", round * 100L + 101);
        }
        reopen(tight);

        DeadLetter letter = outbox.dead(0, 10).getFirst();
        assertThat(letter.lane()).isEqualTo("a");
        assertThat(letter.attempts()).isEqualTo(attempts(1));
        assertThat(new String(letter.record().payload(), UTF_8)).isEqualTo("poison");
        assertThat(letter.record().sequence()).isEqualTo(1);
        get(outbox.purge(letter.id()));
        assertThat(outbox.dead(0, 10)).isEmpty();
    }

    @Test
    void aBuriedRecordIsAGapThatSaysWhy() throws Exception {
        append("a", 3);
        get(outbox.bury("a", attempts(2)));
        reopen(SMALL);

        List<Item> items = outbox.read("a", 1, 10, 1 << 20);
        assertThat(items).hasSize(3);
        Gap gap = (Gap) items.get(1);
        assertThat(gap.why()).isEqualTo(Why.DEAD);
        assertThat(gap.first()).isEqualTo(2);
        assertThat(gap.last()).isEqualTo(2);
        assertThat(gap.hash()).isNotZero();
        assertThat(gap.audit())
                .isEqualTo(
                        "{\"bytes\":4,\"content_type\":\"text/plain\",\"attempts\":3,\"first\":\"1970-01-01T00:00:10Z\","
                                + "\"last\":\"1970-01-01T00:00:20Z\",\"reasons\":{\"bad\":1,\"worse\":2}}");
    }

    @Test
    void aReplayedDeadLetterStandsAtTheEndOfItsLaneAndSaysWhatItWas() throws Exception {
        append("a", 3);
        get(outbox.bury("a", attempts(2)));
        long id = outbox.dead(0, 1).getFirst().id();

        assertThat(outbox.replay(id)).contains(4L);

        assertThat(outbox.dead(0, 1)).isEmpty();
        assertThat(outbox.replay(id)).isEmpty();
        Stored again = (Stored) outbox.read("a", 4, 1, 1).getFirst();
        assertThat(again.replayOf()).hasValue(2);
        assertThat(new String(again.payload(), UTF_8)).isEqualTo("text");
    }

    @Test
    void recordsThatAreBuriedAtTheSameTimeAreDeadLettersEachAndOnce() throws Exception {
        append("a", 5);
        List<CompletableFuture<Boolean>> buried = new ArrayList<>();
        for (long sequence = 1; sequence <= 5; sequence++) {
            buried.add(outbox.bury("a", attempts(sequence)));
            buried.add(outbox.bury("a", attempts(sequence)));
        }
        for (CompletableFuture<Boolean> each : buried) {
            get(each);
        }
        List<DeadLetter> letters = outbox.dead(0, 100);
        assertThat(letters.stream().map(letter -> letter.record().sequence()).toList())
                .isEqualTo(upTo(1, 5));
    }

    @Test
    void attemptsAreKnownAfterARestartAndForgottenWithAnAcknowledgement() throws Exception {
        append("a", 2);
        get(outbox.attempted("a", attempts(2)));
        reopen(SMALL);

        acknowledge("a", 1);
        assertThat(outbox.lanes().getFirst().attempts()).isEqualTo(attempts(2));
        assertThat(outbox.lanes().getFirst().nextAttempt()).contains(Instant.ofEpochSecond(24));
        acknowledge("a", 2);
        assertThat(outbox.lanes().getFirst().attempts()).isNull();
        assertThat(outbox.lanes().getFirst().nextAttempt()).isEmpty();
    }

    private static Attempts attempts(long sequence) {
        Map<String, Integer> reasons = new LinkedHashMap<>();
        reasons.put("bad", 1);
        reasons.put("worse", 2);
        Instant first = Instant.ofEpochSecond(10);
        return new Attempts(sequence, 3, 2, first, Instant.ofEpochSecond(20), reasons, Duration.ofSeconds(4));
    }

    @Test
    void aNewEpochLasts() throws Exception {
        append("a", 2);
        acknowledge("a", 1);
        get(outbox.startEpoch("a", 1, 42));
        reopen(SMALL);
        assertThat(outbox.lanes().getFirst().epoch()).isEqualTo(42);
        assertThat(outbox.lanes().getFirst().epochAfter()).isEqualTo(1);
    }

    @Test
    void aFullOutboxRefusesWhatIsNewAndKeepsWhatIsThere() throws Exception {
        reopen(SMALL.withQuota(256 << 10, WhenFull.REJECT));
        int taken = 0;
        while (true) {
            try {
                outbox.append(record("a", "x".repeat(1_000)));
                taken++;
            } catch (OutboxFullException e) {
                assertThat(e).hasMessageMatching("outbox full: [0-9]+ bytes on disk \\(expected: at most 262144; .*");
                break;
            }
        }
        assertThat(taken).isBetween(100, 200);
        assertThat(sequences("a")).isEqualTo(upTo(1, taken));
        acknowledge("a", taken);
        assertThat(outbox.append(record("a", "again"))).isEqualTo(taken + 1);
    }

    @Test
    void aFullOutboxThatBlocksTakesTheRestInOrderOnceThereIsRoom() throws Exception {
        reopen(SMALL.withQuota(256 << 10, WhenFull.BLOCK));
        List<CompletableFuture<List<Long>>> appended = new ArrayList<>();
        for (int n = 0; n < 400; n++) {
            appended.add(outbox.appendAsync(List.of(record("a", "x".repeat(1_000)))));
        }
        // Acknowledgements come behind all of those.
        acknowledge("a", 1);
        assertThat(appended.get(50)).isDone();
        assertThat(appended.getLast()).isNotDone();
        long acked = 1;
        while (!appended.getLast().isDone()) {
            List<Long> sequences = sequences("a");
            acked = sequences.isEmpty() ? acked : sequences.getLast();
            acknowledge("a", acked);
        }
        for (int n = 0; n < 400; n++) {
            assertThat(get(appended.get(n))).containsExactly(n + 1L);
        }
    }

    @Test
    void aFullOutboxThatDropsTheOldestSaysWhichTheyWere() throws Exception {
        OutboxPolicy dropping = SMALL.withQuota(256 << 10, WhenFull.DROP_OLDEST);
        reopen(dropping);
        for (int n = 0; n < 400; n++) {
            outbox.append(record("a", "x".repeat(1_000)));
        }
        reopen(dropping);
        List<Item> items = outbox.read("a", 1, 1_000, 1 << 20);
        Gap gap = (Gap) items.getFirst();
        assertThat(gap.why()).isEqualTo(Why.DROPPED);
        assertThat(gap.first()).isEqualTo(1);
        assertThat(Audit.Sum.of(gap.audit()).orElseThrow().count()).isEqualTo(gap.last());
        assertThat(items.getLast().last()).isEqualTo(400);
        long expected = 1;
        for (Item item : items) {
            assertThat(item.first()).isEqualTo(expected);
            expected = item.last() + 1;
        }
        assertThat(segments()).isLessThanOrEqualTo(4);
    }

    @Test
    void whatIsDroppedForRoomTakesWhatIsOlderInItsLaneAlong() throws Exception {
        reopen(SMALL.withQuota(8 * (64 << 10), WhenFull.DROP_OLDEST));
        String text = "x".repeat(1_000);
        for (int n = 0; n < 3; n++) {
            outbox.append(record("slow", text));
        }
        for (int n = 0; n < 55; n++) {
            outbox.append(record("fast", text));
        }
        acknowledge("fast", 55);
        for (int n = 0; n < 60; n++) {
            outbox.append(record("slow", text));
        }
        // The first three are moved behind the others, which are dropped then.
        List<Item> slow = List.of();
        for (int n = 0; n < 600 && !(first("slow") instanceof Gap); n++) {
            outbox.append(record("fast", text));
            slow = outbox.read("slow", 1, 100, 1 << 20);
        }
        assertThat(slow.getFirst()).isInstanceOfSatisfying(Gap.class, gap -> {
            assertThat(gap.why()).isEqualTo(Why.DROPPED);
            assertThat(gap.first()).isEqualTo(1);
            assertThat(gap.last()).isGreaterThan(3);
            assertThat(Audit.Sum.of(gap.audit()).orElseThrow().count()).isEqualTo(gap.last());
        });
        assertThat(slow.getLast().last()).isEqualTo(63);
    }

    @Test
    void whereTheOldestSegmentIsFullOfDeadLettersTheNextOneIsDropped() throws Exception {
        reopen(SMALL.withQuota(8 * (64 << 10), WhenFull.DROP_OLDEST));
        String text = "x".repeat(1_000);
        for (int n = 1; n <= 100; n++) {
            outbox.append(record("bad", text));
            get(outbox.bury("bad", attempts(n)));
        }
        for (int n = 0; n < 600; n++) {
            outbox.append(record("fast", text));
        }
        assertThat(outbox.dead(1, 1_000)).hasSize(100);
        assertThat(first("fast")).isInstanceOf(Gap.class);
    }

    private Item first(String lane) throws IOException {
        return outbox.read(lane, 1, 1, 1 << 20).getFirst();
    }

    @Test
    void severalRecordsAreAppendedTogether() throws Exception {
        assertThat(get(outbox.appendAsync(List.of(record("a", "1"), record("b", "2"), record("a", "3")))))
                .containsExactly(1L, 1L, 2L);
        List<NewRecord> tooMany = List.of(record("a", "x".repeat(20_000)), record("a", "x".repeat(20_000)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> outbox.appendAsync(tooMany))
                .withMessageContaining("half a segment");
    }

    @Test
    void largePayloadsAreCompressedIfThatHelps() throws Exception {
        reopen(SMALL.withCompression(1_000));
        String long1 = "x".repeat(30_000);
        outbox.append(record("a", long1));
        outbox.append(record("a", "short"));
        reopen(SMALL);
        assertThat(texts("a")).containsExactly("1 " + long1, "2 short");
    }

    @Test
    void aReadEndsAtItsLimits() throws Exception {
        append("a", 10);
        assertThat(outbox.read("a", 3, 4, 1 << 20)).hasSize(4).first().isInstanceOf(Stored.class);
        assertThat(outbox.read("a", 3, 100, 1)).hasSize(1);
        assertThat(outbox.read("a", 11, 100, 1)).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> outbox.read("a", 0, 1, 1));
    }

    @Test
    void aDirectoryOfTheFileSystemHoldsOne(@TempDir Path directory) throws Exception {
        for (long expected = 1; expected <= 2; expected++) {
            try (Outbox real = Outbox.open(SystemDisk.of(directory), SMALL, time, new SplittableRandom(1))) {
                assertThat(real.append(record("a", "text"))).isEqualTo(expected);
                assertThat(real.read("a", 1, 10, 1_000)).hasSize((int) expected);
            }
        }
    }

    @Test
    void aClosedOutboxTakesNothing() throws Exception {
        outbox.close();
        assertThatIOException()
                .isThrownBy(() -> outbox.append(record("a", "x")))
                .withMessage("the outbox is closed");
    }

    @Test
    void aRecordOutOfItsRangeIsRefused() {
        assertThatThrownBy(() -> record("A lane", "x")).hasMessageStartingWith("lane: A lane (expected: ");
        assertThatThrownBy(() -> NewRecord.of("a", "x", new byte[NewRecord.MOST_PAYLOAD + 1]))
                .hasMessage("payload: 1048577 bytes (expected: at most 1048576)");
    }

    private static NewRecord record(String lane, String text) {
        return NewRecord.of(lane, "text/plain", text.getBytes(UTF_8));
    }

    private void append(String lane, int count) throws Exception {
        List<CompletableFuture<List<Long>>> futures = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            futures.add(outbox.appendAsync(List.of(NewRecord.of(lane, "text/plain", "text".getBytes(UTF_8)))));
        }
        for (CompletableFuture<List<Long>> future : futures) {
            get(future);
        }
    }

    private void acknowledge(String lane, long sequence) throws Exception {
        get(outbox.acknowledge(lane, sequence, sequence));
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(10, TimeUnit.SECONDS);
    }

    private int segments() {
        return (int) disk.names().stream().filter(name -> name.endsWith(".log")).count();
    }

    private List<Long> sequences(String lane) throws IOException {
        List<Long> sequences = new ArrayList<>();
        long next = 1;
        for (List<Item> items = outbox.read(lane, next, 300, 1 << 20);
                !items.isEmpty();
                items = outbox.read(lane, next, 300, 1 << 20)) {
            for (Item item : items) {
                assertThat(item).isInstanceOf(Stored.class);
                sequences.add(item.first());
            }
            next = items.getLast().last() + 1;
        }
        return sequences;
    }

    private List<String> texts(String lane) throws IOException {
        return outbox.read(lane, 1, 1_000, 1 << 20).stream()
                .map(item -> item.first() + " " + new String(((Stored) item).payload(), UTF_8))
                .toList();
    }

    private static List<Long> upTo(long first, long last) {
        List<Long> all = new ArrayList<>();
        for (long n = first; n <= last; n++) {
            all.add(n);
        }
        return all;
    }
}
