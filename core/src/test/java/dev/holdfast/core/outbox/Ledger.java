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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What an outbox was told to keep, to be compared with what it gives back. What fails may have been done all the same.
 */
final class Ledger {

    /** Everything that was appended and told to be kept, by lane and sequence. */
    final NavigableMap<String, NavigableMap<Long, String>> appended = new TreeMap<>();

    /** What was appended in vain. */
    final Set<String> maybeAppended = new HashSet<>();

    /** Up to where a lane was told to be acknowledged, and up to where that is on the disk for sure. */
    final Map<String, Long> acked = new TreeMap<>();

    final Map<String, Long> ackedForSure = new TreeMap<>();

    /** What was buried, by lane and sequence; the text of what may not have been. */
    final Map<String, NavigableMap<Long, String>> buried = new TreeMap<>();

    final Set<String> maybeBuried = new HashSet<>();

    /** Whether the oldest may go for want of room. */
    boolean mayDrop;

    private final Map<String, Integer> texts = new TreeMap<>();

    /** What gives it back. */
    interface Source {
        List<Item> read(String lane, long from) throws IOException;

        long acked(String lane);

        List<DeadLetter> dead() throws IOException;

        static Source of(Outbox outbox) {
            return new Source() {
                @Override
                public List<Item> read(String lane, long from) throws IOException {
                    return outbox.read(lane, from, 50, 40_000);
                }

                @Override
                public long acked(String lane) {
                    return outbox.lanes().stream()
                            .filter(state -> state.lane().equals(lane))
                            .map(LaneState::acknowledged)
                            .mapToLong(point -> point.sequence())
                            .sum();
                }

                @Override
                public List<DeadLetter> dead() throws IOException {
                    return outbox.dead(0, 10_000);
                }
            };
        }
    }

    /** What came of looking: how much was there as it should be, and what is named as damaged. */
    record Found(long good, Map<String, List<Gap>> damaged, int dead) {
        long lost() {
            return damaged.values().stream()
                    .flatMap(List::stream)
                    .mapToLong(gap -> gap.last() - gap.first() + 1)
                    .sum();
        }
    }

    void append(Outbox outbox, String lane, int count, int size) throws Exception {
        List<NewRecord> records = new ArrayList<>();
        List<String> group = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            String text = lane + " " + texts.merge(lane, 1, Integer::sum) + " " + "x".repeat(size);
            group.add(text);
            records.add(NewRecord.of(lane, "text/plain", text.getBytes(UTF_8)));
        }
        List<Long> sequences = get(outbox.appendAsync(records));
        if (sequences == null) {
            maybeAppended.addAll(group);
        } else {
            for (int n = 0; n < count; n++) {
                of(appended, lane).put(sequences.get(n), group.get(n));
            }
            ackedForSure.putAll(acked);
        }
    }

    void acknowledge(Outbox outbox, String lane, long sequence) throws Exception {
        List<Item> items = outbox.read(lane, sequence, 1, 0);
        if (!items.isEmpty() && items.getFirst().first() == sequence) {
            acked.put(lane, sequence);
            get(outbox.acknowledge(lane, sequence, items.getFirst().hash()));
        }
    }

    void bury(Outbox outbox, String lane, long sequence) throws Exception {
        String text = of(appended, lane).get(sequence);
        if (text != null) {
            Attempts attempts = Attempts.none(sequence, Instant.EPOCH).plus("no", true, Instant.EPOCH);
            if (get(outbox.bury(lane, attempts)) == null) {
                maybeBuried.add(text);
            } else {
                of(buried, lane).put(sequence, text);
            }
        }
    }

    static NavigableMap<Long, String> of(Map<String, NavigableMap<Long, String>> lanes, String lane) {
        return lanes.computeIfAbsent(lane, name -> new TreeMap<>());
    }

    /** What it came to, or null if the disk did not take it. */
    static <T> @Nullable T get(CompletableFuture<T> future) throws Exception {
        try {
            return future.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            assertThat(e.getCause()).isInstanceOf(IOException.class);
            return null;
        }
    }

    /**
     * Everything that waits is there, in order, once, and is what was appended; or is named as damaged.
     *
     * @param story what happened, for whoever reads that it is not so
     */
    Found compare(Source source, String story) throws IOException {
        Map<String, List<Gap>> damaged = new TreeMap<>();
        Set<String> seen = new HashSet<>();
        long good = 0;
        for (String lane : appended.keySet()) {
            NavigableMap<Long, String> there = of(appended, lane);
            long expected = source.acked(lane) + 1;
            assertThat(expected).as(story).isLessThanOrEqualTo(acked.getOrDefault(lane, 0L) + 1);
            for (Item item : readAll(source, lane)) {
                assertThat(item.first()).as(story).isEqualTo(expected);
                expected = item.last() + 1;
                if (item instanceof Stored record) {
                    good++;
                    stored(record, there, seen, story);
                } else {
                    gap(lane, (Gap) item, damaged, story);
                }
            }
            assertThat(there.isEmpty() ? 0 : there.lastKey()).as(story).isLessThan(expected);
        }
        return new Found(good, damaged, dead(source, seen, story));
    }

    private void stored(Stored record, NavigableMap<Long, String> there, Set<String> seen, String story) {
        String text = new String(record.payload(), UTF_8);
        String promised = there.get(record.sequence());
        if (promised == null) {
            assertThat(maybeAppended).as(story).contains(text);
        } else {
            assertThat(text).as(story).isEqualTo(promised);
        }
        assertThat(seen.add(text)).as(story + ": twice, " + text.trim()).isTrue();
    }

    private int dead(Source source, Set<String> seen, String story) throws IOException {
        List<DeadLetter> letters = source.dead();
        for (DeadLetter letter : letters) {
            String text = new String(letter.record().payload(), UTF_8);
            if (!maybeBuried.contains(text)) {
                assertThat(text)
                        .as(story)
                        .isEqualTo(of(buried, letter.lane()).get(letter.record().sequence()));
            }
            assertThat(seen.add(text))
                    .as(story + ": waiting and dead, " + text.trim())
                    .isTrue();
        }
        return letters.size();
    }

    private void gap(String lane, Gap gap, Map<String, List<Gap>> damaged, String story) {
        switch (gap.why()) {
            case DAMAGED ->
                damaged.computeIfAbsent(lane, name -> new ArrayList<>()).add(gap);
            case DEAD -> {
                String text = of(appended, lane).get(gap.first());
                assertThat(of(buried, lane).containsKey(gap.first()) || text == null || maybeBuried.contains(text))
                        .as(story)
                        .isTrue();
            }
            default -> {
                assertThat(gap.why()).as(story).isEqualTo(Why.DROPPED);
                assertThat(mayDrop).as(story).isTrue();
            }
        }
    }

    /** Nothing is damaged that was told to be kept. */
    void requirePromises(Found found, String story) {
        found.damaged.forEach((lane, gaps) ->
                gaps.forEach(gap -> assertThat(of(appended, lane).subMap(gap.first(), true, gap.last(), true))
                        .as(story + ": " + gap)
                        .isEmpty()));
        assertThat(found.dead)
                .as(story)
                .isGreaterThanOrEqualTo(
                        buried.values().stream().mapToInt(Map::size).sum());
    }

    /** How many wait, if nothing failed and nothing was dropped. */
    long waiting() {
        long waiting = 0;
        for (Map.Entry<String, NavigableMap<Long, String>> lane : appended.entrySet()) {
            long from = acked.getOrDefault(lane.getKey(), 0L);
            waiting += lane.getValue().tailMap(from, false).keySet().stream()
                    .filter(sequence -> !of(buried, lane.getKey()).containsKey(sequence))
                    .count();
        }
        return waiting;
    }

    Ledger copy() {
        Ledger copy = new Ledger();
        appended.forEach((lane, records) -> copy.appended.put(lane, new TreeMap<>(records)));
        buried.forEach((lane, records) -> copy.buried.put(lane, new TreeMap<>(records)));
        copy.acked.putAll(acked);
        copy.texts.putAll(texts);
        return copy;
    }

    private static List<Item> readAll(Source source, String lane) throws IOException {
        List<Item> all = new ArrayList<>();
        List<Item> items = source.read(lane, 1);
        while (!items.isEmpty()) {
            all.addAll(items);
            items = source.read(lane, items.getLast().last() + 1);
        }
        return all;
    }
}
