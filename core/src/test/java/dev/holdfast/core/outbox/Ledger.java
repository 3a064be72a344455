// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What an outbox was told to keep, to be compared with what it gives back. */
final class Ledger {

    /** Everything that was ever appended, by lane and sequence. */
    final Map<String, NavigableMap<Long, String>> appended = new TreeMap<>();

    final Map<String, Long> acked = new TreeMap<>();

    /** What was buried, by lane and sequence. */
    final Map<String, NavigableMap<Long, String>> buried = new TreeMap<>();

    /** What was given up for want of room. */
    final Map<String, TreeSet<Long>> dropped = new TreeMap<>();

    /** What came of looking. */
    record Found(long good, SortedMap<String, List<Gap>> damaged) {
        long lost() {
            return damaged.values().stream()
                    .flatMap(List::stream)
                    .mapToLong(gap -> gap.last() - gap.first() + 1)
                    .sum();
        }
    }

    void append(Outbox outbox, String lane, int count, int size) throws Exception {
        List<NewRecord> records = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            String text = lane + " " + (of(appended, lane).size() + n + 1) + " " + "x".repeat(size);
            texts.add(text);
            records.add(NewRecord.of(lane, "text/plain", text.getBytes(UTF_8)));
        }
        List<Long> sequences = get(outbox.appendAsync(records));
        for (int n = 0; n < count; n++) {
            of(appended, lane).put(sequences.get(n), texts.get(n));
        }
    }

    void acknowledge(Outbox outbox, String lane, long sequence) throws Exception {
        get(outbox.acknowledge(
                lane, sequence, outbox.read(lane, sequence, 1, 0).getFirst().hash()));
        acked.put(lane, sequence);
        // Acknowledgements are forced with the next record that is.
        append(outbox, lane, 1, 10);
    }

    void bury(Outbox outbox, String lane, long sequence) throws Exception {
        get(outbox.bury(lane, Attempts.none(sequence, Instant.EPOCH).plus("no", true, Instant.EPOCH)));
        of(buried, lane).put(sequence, Objects.requireNonNull(of(appended, lane).get(sequence)));
    }

    static <T> NavigableMap<Long, T> of(Map<String, NavigableMap<Long, T>> lanes, String lane) {
        return lanes.computeIfAbsent(lane, name -> new TreeMap<>());
    }

    static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(10, TimeUnit.SECONDS);
    }

    /** Everything that waits is there, in order, once, and is what was appended; or is named as damaged. */
    Found compare(Outbox outbox, String story) throws IOException {
        NavigableMap<String, List<Gap>> damaged = new TreeMap<>();
        long good = 0;
        for (String lane : appended.keySet()) {
            NavigableMap<Long, String> there = of(appended, lane);
            long expected = acked(outbox, lane) + 1;
            assertThat(expected).as(story).isLessThanOrEqualTo(acked.getOrDefault(lane, 0L) + 1);
            for (Item item : read(outbox, lane)) {
                assertThat(item.first()).as(story).isEqualTo(expected);
                expected = item.last() + 1;
                if (item instanceof Stored record) {
                    good++;
                    assertThat(new String(record.payload(), UTF_8)).as(story).isEqualTo(there.get(record.sequence()));
                } else {
                    gap(lane, (Gap) item, damaged, story);
                }
            }
        }
        for (DeadLetter letter : outbox.dead(0, 10_000)) {
            assertThat(new String(letter.record().payload(), UTF_8))
                    .as(story)
                    .isEqualTo(of(buried, letter.lane()).get(letter.record().sequence()));
        }
        return new Found(good, damaged);
    }

    private void gap(String lane, Gap gap, Map<String, List<Gap>> damaged, String story) {
        if (gap.why() == Why.DAMAGED) {
            damaged.computeIfAbsent(lane, name -> new ArrayList<>()).add(gap);
        } else if (gap.why() == Why.DEAD) {
            assertThat(of(buried, lane)).as(story).containsKey(gap.first());
        } else {
            for (long sequence = gap.first(); sequence <= gap.last(); sequence++) {
                assertThat(dropped.getOrDefault(lane, new TreeSet<>()))
                        .as(story)
                        .contains(sequence);
            }
        }
    }

    /** How many wait. */
    long waiting() {
        long waiting = 0;
        for (Map.Entry<String, NavigableMap<Long, String>> lane : appended.entrySet()) {
            long from = acked.getOrDefault(lane.getKey(), 0L);
            waiting += lane.getValue().tailMap(from, false).keySet().stream()
                    .filter(sequence -> !of(buried, lane.getKey()).containsKey(sequence))
                    .filter(sequence -> !dropped.getOrDefault(lane.getKey(), new TreeSet<>())
                            .contains(sequence))
                    .count();
        }
        return waiting;
    }

    static long acked(Outbox outbox, String lane) {
        return state(outbox, lane).stream()
                .mapToLong(state -> state.acknowledged().sequence())
                .sum();
    }

    static List<LaneState> state(Outbox outbox, String lane) {
        return outbox.lanes().stream()
                .filter(state -> state.lane().equals(lane))
                .toList();
    }

    static List<Item> read(Outbox outbox, String lane) throws IOException {
        List<Item> all = new ArrayList<>();
        List<Item> items = outbox.read(lane, 1, 50, 40_000);
        while (!items.isEmpty()) {
            all.addAll(items);
            items = outbox.read(lane, items.getLast().last() + 1, 50, 40_000);
        }
        return all;
    }
}
