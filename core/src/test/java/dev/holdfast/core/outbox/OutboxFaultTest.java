// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.disk.FaultyDisk;
import dev.holdfast.core.outbox.OutboxPolicy.WhenFull;
import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.Item.Gap;
import dev.holdfast.core.record.Item.Stored;
import dev.holdfast.core.record.Item.Why;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.time.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The outbox beside a map, on a disk that fails, tears writes and loses power. Every random choice comes from one seed;
 * {@code -Dholdfast.seed=N} plays another, and with {@code -Dholdfast.runs=1} nothing but it.
 */
class OutboxFaultTest {

    private static final long SEED = Long.getLong("holdfast.seed", 20261122);
    private static final int RUNS = Integer.getInteger("holdfast.runs", 40);
    private static final int STEPS = 150;
    private static final List<FaultyDisk.Done> DONE = List.of(FaultyDisk.Done.values());
    private static final List<String> LANES = List.of("a", "b", "c");
    private static final OutboxPolicy POLICY = OutboxPolicy.DEFAULT
            .withSegment(64 << 10)
            .withQuota(1 << 20, WhenFull.REJECT)
            .withMaxAge(Duration.ofHours(1));

    @Test
    void whatWasAcknowledgedIsThereOnceAndInOrderWhateverTheDiskDoes() throws Exception {
        for (long seed = SEED; seed < SEED + RUNS; seed++) {
            new Run(seed).play();
        }
    }

    private static final class LaneModel {
        /** What was appended and is neither acknowledged nor buried. */
        final TreeMap<Long, String> records = new TreeMap<>();

        final TreeMap<Long, String> buried = new TreeMap<>();

        /** When it was appended. */
        final Map<Long, Instant> times = new HashMap<>();

        /** What was seen to be too old. */
        final Set<Long> expired = new HashSet<>();

        /** What nobody was told to be there: a disk that could not force it once may yet forget it. */
        final Set<Long> unsure = new HashSet<>();

        long last;
        long acked;

        /** What a power loss cannot take back. */
        long ackedForSure;

        /** What was asked for and failed, and may have been written all the same. */
        long ackedMaybe;

        final Set<Long> buriedMaybe = new HashSet<>();
    }

    private static final class Run {
        final long seed;
        final SplittableRandom chance;
        final VirtualTime time = new VirtualTime();
        final Map<String, LaneModel> lanes = new HashMap<>();
        final TreeMap<Long, String> dead = new TreeMap<>();
        final Set<Long> purgedMaybe = new HashSet<>();
        final List<String> did = new ArrayList<>();
        FaultyDisk disk;
        Outbox outbox;
        boolean isFaulty;

        Run(long seed) throws IOException {
            this.seed = seed;
            this.chance = new SplittableRandom(seed);
            this.disk = new FaultyDisk(chance.split());
            LANES.forEach(lane -> lanes.put(lane, new LaneModel()));
            this.outbox = open();
        }

        Outbox open() throws IOException {
            return Outbox.open(disk, POLICY, time, chance.split(), Runnable::run);
        }

        void play() throws Exception {
            for (int step = 0; step < STEPS; step++) {
                String lane = LANES.get(chance.nextInt(LANES.size()));
                step(lane, model(lane));
            }
            heal();
            restart(false);
            compare();
            outbox.close();
        }

        void step(String lane, LaneModel model) throws Exception {
            switch (chance.nextInt(30)) {
                case 0 -> restart(false);
                case 1, 2 -> restart(true);
                case 3 -> {
                    disk.fail(
                            disk.operations().size() + chance.nextInt(6),
                            DONE.get(chance.nextInt(DONE.size())),
                            chance.nextBoolean(),
                            FaultyDisk.FULL);
                    isFaulty = true;
                    did.add("the disk begins to fail");
                }
                case 4, 5 -> heal();
                case 6, 7, 8, 9 -> acknowledge(lane, model);
                case 10, 11 -> bury(lane, model);
                case 12 -> purgeOrReplay();
                case 13 -> {
                    time.shiftWallClock(Duration.ofMinutes(chance.nextInt(30)));
                    did.add("it is " + time.instant());
                }
                default -> append(lane, model);
            }
        }

        LaneModel model(String lane) {
            return Objects.requireNonNull(lanes.get(lane));
        }

        void heal() {
            disk.heal();
            isFaulty = false;
        }

        void append(String lane, LaneModel model) throws Exception {
            List<NewRecord> records = new ArrayList<>();
            List<String> texts = new ArrayList<>();
            for (int count = 1 + chance.nextInt(3); count > 0; count--) {
                String text = did.size() + "-" + count + " " + "x".repeat(chance.nextInt(6_000));
                texts.add(text);
                records.add(NewRecord.of(lane, "text/plain", text.getBytes(UTF_8)));
            }
            List<Long> sequences = get(outbox.appendAsync(records));
            did.add("append " + lane + " " + sequences);
            if (sequences != null) {
                for (int n = 0; n < texts.size(); n++) {
                    assertThat(sequences.get(n)).as(story()).isEqualTo(model.last + n + 1);
                    model.records.put(sequences.get(n), texts.get(n));
                    model.times.put(sequences.get(n), time.instant());
                }
                model.last += texts.size();
                everythingIsOnTheDisk();
            }
        }

        void acknowledge(String lane, LaneModel model) throws Exception {
            if (model.last > model.acked) {
                long sequence = chance.nextLong(model.acked + 1, model.last + 1);
                Boolean done = get(outbox.acknowledge(lane, sequence, sequence));
                did.add("acknowledge " + lane + " " + sequence + " " + done);
                if (done != null) {
                    model.acked = sequence;
                } else {
                    model.ackedMaybe = Math.max(model.ackedMaybe, sequence);
                }
            }
        }

        void bury(String lane, LaneModel model) throws Exception {
            if (model.records.higherKey(model.acked) == null) {
                return;
            }
            long sequence = model.records.higherKey(model.acked);
            Attempts attempts = Attempts.none(sequence, Instant.EPOCH).plus("no", true, Instant.EPOCH);
            long id = nextDead();
            Boolean done = get(outbox.bury(lane, attempts));
            did.add("bury " + lane + " " + sequence + " " + done);
            if (done != null) {
                String text = Objects.requireNonNull(model.records.remove(sequence));
                model.buried.put(sequence, text);
                List<DeadLetter> letters = outbox.dead(id, 10);
                assertThat(letters).as(story()).hasSize(1);
                dead.put(letters.getFirst().id(), text);
                everythingIsOnTheDisk();
            } else {
                model.buriedMaybe.add(sequence);
            }
        }

        long nextDead() {
            return dead.isEmpty() ? 0 : dead.lastKey() + 1;
        }

        void purgeOrReplay() throws Exception {
            if (dead.isEmpty()) {
                return;
            }
            long id = List.copyOf(dead.keySet()).get(chance.nextInt(dead.size()));
            if (isFaulty || chance.nextBoolean()) {
                Boolean done = get(outbox.purge(id));
                did.add("purge " + id + " " + done);
                if (done != null) {
                    dead.remove(id);
                    everythingIsOnTheDisk();
                } else {
                    purgedMaybe.add(id);
                }
            } else {
                DeadLetter letter = outbox.dead(id, 1).getFirst();
                long sequence = outbox.replay(id).orElseThrow();
                LaneModel model = model(letter.lane());
                assertThat(sequence).as(story()).isEqualTo(++model.last);
                model.records.put(sequence, Objects.requireNonNull(dead.remove(id)));
                model.times.put(sequence, time.instant());
                did.add("replay " + id + " as " + sequence);
                everythingIsOnTheDisk();
            }
        }

        /** Whatever was written before something that lasts lasts as well. */
        void everythingIsOnTheDisk() {
            lanes.values().forEach(model -> model.ackedForSure = model.acked);
        }

        void restart(boolean isPowerLoss) throws Exception {
            heal();
            boolean isKill = !isPowerLoss && chance.nextBoolean();
            // A disk that failed may have lost by then what it let be read.
            did.add(isPowerLoss ? "power loss" : isKill ? "kill" : "restart");
            FaultyDisk found = isPowerLoss ? disk.powerLoss(chance.split()) : disk;
            if (isKill) {
                found = disk.powerLoss(FaultyDisk.Kept.EVERYTHING, FaultyDisk.Kept.EVERYTHING, chance.split());
            }
            outbox.close();
            disk = found;
            outbox = open();
            // The first write looks for what is too old; no other does, since no time passes but by the date.
            assertThat(get(outbox.acknowledge("nobody", 1, 1))).isTrue();
            for (String lane : LANES) {
                LaneModel model = model(lane);
                long acked = acked(lane);
                assertThat(acked)
                        .as(story())
                        .isBetween(
                                isPowerLoss || isKill ? model.ackedForSure : model.acked,
                                Math.max(model.acked, model.ackedMaybe));
                model.acked = acked;
                model.ackedMaybe = 0;
                forgetWhatNobodyWasToldOf(lane, model);
            }
            adoptWhatNobodyWasToldOf();
            compare();
        }

        long acked(String lane) {
            return outbox.lanes().stream()
                    .filter(figures -> figures.lane().equals(lane))
                    .mapToLong(state -> state.acknowledged().sequence())
                    .sum();
        }

        /** What was found after an append that failed was never on the disk, and may be gone with the power. */
        void forgetWhatNobodyWasToldOf(String lane, LaneModel model) {
            long last = outbox.lanes().stream()
                    .filter(figures -> figures.lane().equals(lane))
                    .mapToLong(LaneState::last)
                    .sum();
            while (model.last > last && model.unsure.contains(model.last)) {
                model.records.remove(model.last--);
            }
        }

        /** An append that failed may be there all the same: nobody knew, and now it is known. */
        void adoptWhatNobodyWasToldOf() throws IOException {
            for (String lane : LANES) {
                LaneModel model = model(lane);
                for (Item item : read(lane, model.last + 1)) {
                    if (item instanceof Stored record) {
                        model.records.put(record.sequence(), new String(record.payload(), UTF_8));
                        model.times.put(record.sequence(), record.time());
                    }
                    for (long sequence = item.first(); sequence <= item.last(); sequence++) {
                        model.unsure.add(sequence);
                    }
                    model.last = item.last();
                }
            }
            List<DeadLetter> letters = outbox.dead(0, 10_000);
            for (DeadLetter letter : letters) {
                LaneModel model = model(letter.lane());
                long sequence = letter.record().sequence();
                if (model.buriedMaybe.remove(sequence) && model.records.containsKey(sequence)) {
                    String text = Objects.requireNonNull(model.records.remove(sequence));
                    model.buried.put(sequence, text);
                    dead.put(letter.id(), text);
                }
            }
            lanes.values().forEach(model -> model.buriedMaybe.clear());
            List<Long> there = letters.stream().map(DeadLetter::id).toList();
            purgedMaybe.stream().filter(id -> !there.contains(id)).forEach(dead::remove);
            purgedMaybe.clear();
        }

        List<Item> read(String lane, long from) throws IOException {
            List<Item> all = new ArrayList<>();
            long next = from;
            for (List<Item> items = outbox.read(lane, next, 50, 40_000);
                    !items.isEmpty();
                    items = outbox.read(lane, next, 50, 40_000)) {
                all.addAll(items);
                next = items.getLast().last() + 1;
            }
            return all;
        }

        void compare() throws Exception {
            for (String lane : LANES) {
                LaneModel model = model(lane);
                long expected = model.acked + 1;
                List<Item> items = read(lane, 1);
                comparePoints(lane, items);
                for (Item item : items) {
                    assertThat(item.first()).as(story()).isEqualTo(expected);
                    expected = item.last() + 1;
                    if (item instanceof Stored record) {
                        assertThat(new String(record.payload(), UTF_8))
                                .as(story())
                                .isEqualTo(model.records.get(record.sequence()));
                        assertThat(model.expired).as(story()).doesNotContain(item.first());
                    } else if (((Gap) item).why() == Why.DEAD) {
                        assertThat(model.buried).as(story()).containsKey(item.first());
                    } else if (((Gap) item).why() == Why.EXPIRED) {
                        expired(model, (Gap) item);
                    } else {
                        assertThat(((Gap) item).why()).as(story()).isEqualTo(Why.DAMAGED);
                        for (long sequence = item.first(); sequence <= item.last(); sequence++) {
                            assertThat(model.unsure).as(story()).contains(sequence);
                        }
                    }
                }
                assertThat(expected).as(story()).isEqualTo(model.last + 1);
            }
            TreeMap<Long, String> letters = new TreeMap<>();
            for (DeadLetter letter : outbox.dead(0, 10_000)) {
                letters.put(letter.id(), new String(letter.record().payload(), UTF_8));
            }
            assertThat(letters).as(story()).isEqualTo(dead);
        }

        void expired(LaneModel model, Gap gap) {
            for (long sequence = gap.first(); sequence <= gap.last(); sequence++) {
                Instant at = model.times.get(sequence);
                if (model.unsure.contains(sequence) && at == null) {
                    continue;
                }
                assertThat(at).as(story()).isBefore(time.instant().minus(POLICY.maxAge()));
                model.records.remove(sequence);
                model.expired.add(sequence);
            }
        }

        void comparePoints(String lane, List<Item> items) throws IOException {
            TreeMap<Long, Point> known = new TreeMap<>();
            long last = 0;
            for (LaneState state : outbox.lanes()) {
                if (state.lane().equals(lane)) {
                    known.put(state.acknowledged().sequence(), state.acknowledged());
                    last = state.last();
                }
            }
            for (Item item : items) {
                if (item.hash() != 0) {
                    known.put(item.last(), new Point(item.last(), item.hash()));
                }
            }
            if (!known.isEmpty()) {
                long sequence = chance.nextLong(known.firstKey(), Math.max(last, known.firstKey()) + 2);
                assertThat(outbox.points(lane, List.of(sequence)))
                        .as(() -> "point at " + sequence + story())
                        .containsExactly(known.floorEntry(sequence).getValue());
            }
        }

        /** What it came to, or null if the disk did not take it. */
        <T> @Nullable T get(CompletableFuture<T> future) throws Exception {
            try {
                return future.get(10, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                assertThat(e.getCause()).as(story()).isInstanceOf(IOException.class);
                if (!(e.getCause() instanceof OutboxFullException)) {
                    assertThat(isFaulty).as(story() + ": " + e.getCause()).isTrue();
                }
                return null;
            }
        }

        String story() {
            return "-Dholdfast.seed=" + seed + " -Dholdfast.runs=1: "
                    + String.join(", ", did.subList(Math.max(0, did.size() - 40), did.size()));
        }
    }
}
