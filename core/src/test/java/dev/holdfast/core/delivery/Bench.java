// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A machine on a bench: its disk is at hand at once, and what it sends to the server waits for a test to answer it.
 * Chance is such that a jitter of ± 25 % takes nothing away and adds nothing.
 */
final class Bench {

    static final String LANE = "events";
    static final long EPOCH = 7;

    final VirtualTime time = new VirtualTime();
    final DeliveryPolicy policy;
    DeliveryMachine machine;
    final List<ModelLane> lanes = new ArrayList<>();
    final List<Action> actions = new ArrayList<>();

    /** Whether a test says itself when a dead letter is on disk. */
    boolean buriesLater;

    /** What the server was asked and has not answered. */
    final List<Action> open = new ArrayList<>();

    Bench(DeliveryPolicy policy) {
        this.policy = policy;
        this.machine = new DeliveryMachine(policy, new Middle(), Moment.of(time));
    }

    /** Half of everything, always. */
    private static final class Middle implements RandomGenerator {
        @Override
        public long nextLong() {
            return Long.MIN_VALUE;
        }
    }

    /** With one lane, records 1 to {@code records} in it, attached, and told that the server knows nothing. */
    static Bench flowing(DeliveryPolicy policy, int records) {
        Bench bench = new Bench(policy);
        bench.lane(LANE, records);
        bench.up();
        bench.unknown(LANE);
        return bench;
    }

    ModelLane lane(String name, int records) {
        ModelLane lane = new ModelLane(name, EPOCH);
        for (int id = 1; id <= records; id++) {
            lane.append(id, 100);
        }
        lanes.add(lane);
        did(machine.add(lane.state(), now()));
        return lane;
    }

    ModelLane lane(String name) {
        return lanes.stream().filter(lane -> lane.name.equals(name)).findFirst().orElseThrow();
    }

    ModelLane lane() {
        return lane(LANE);
    }

    void append(int records) {
        for (int i = 0; i < records; i++) {
            lane().append(lane().last() + 1, 100);
        }
        did(machine.waiting(LANE, lane().last(), now()));
    }

    void up() {
        open.clear();
        did(machine.linkUp(now()));
    }

    void down() {
        open.clear();
        did(machine.linkDown(now()));
    }

    void restart() {
        open.clear();
        machine = new DeliveryMachine(policy, new Middle(), now());
        lanes.forEach(lane -> did(machine.add(lane.state(), now())));
    }

    /** Goes on, and wakes the machine whenever it asks for it. */
    void advance(Duration by) {
        long end = time.nanoTime() + by.toNanos();
        while (machine.wakeAt().isPresent() && machine.wakeAt().getAsLong() <= end) {
            time.advance(Duration.ofNanos(Math.max(0, machine.wakeAt().getAsLong() - time.nanoTime())));
            did(machine.tick(now()));
        }
        time.advance(Duration.ofNanos(end - time.nanoTime()));
    }

    /** Goes on until something is sent. */
    void untilSent() {
        while (open.isEmpty()) {
            advance(Duration.ofNanos(machine.wakeAt().orElseThrow() - time.nanoTime()));
        }
    }

    Moment now() {
        return Moment.of(time);
    }

    void did(List<Action> todo) {
        for (Action action : todo) {
            actions.add(action);
            switch (action) {
                case Action.Look look ->
                    did(machine.found(
                            look.lane(),
                            look.ask(),
                            look.sequences().stream()
                                    .map(lane(look.lane())::pointUpTo)
                                    .toList(),
                            now()));
                case Action.Read read ->
                    did(machine.read(
                            read.lane(),
                            read.ask(),
                            ModelLane.outline(
                                    read.from(),
                                    lane(read.lane()).read(read.from(), read.upTo(), read.items(), read.bytes())),
                            now()));
                case Action.Resume resume -> open.add(resume);
                case Action.Send send -> open.add(send);
                case Action.Acknowledge done -> lane(done.lane()).acknowledged = done.upTo();
                case Action.Attempted failed -> lane(failed.lane()).attempts = failed.attempts();
                case Action.Bury bury -> {
                    lane(bury.lane()).dead.add(bury.attempts().sequence());
                    lane(bury.lane()).attempts = null;
                    if (!buriesLater) {
                        did(machine.buried(bury.lane(), bury.attempts().sequence(), now()));
                    }
                }
                case Action.StartEpoch start -> {
                    lane(start.lane()).epoch++;
                    lane(start.lane()).epochAfter = start.after();
                    did(machine.epochStarted(start.lane(), lane(start.lane()).epoch, now()));
                }
                case Action.Waits waits -> {}
                case Action.Tell tell -> {}
            }
        }
    }

    /** The next question of a lane, taken from those that are open. */
    private <A extends Action> A take(Class<A> kind) {
        assertThat(open).as("open questions").isNotEmpty();
        assertThat(open.getFirst()).isInstanceOf(kind);
        return kind.cast(open.removeFirst());
    }

    /** The server does not know the lane. */
    void unknown(String lane) {
        Action.Resume resume = open.stream()
                .filter(action ->
                        action instanceof Action.Resume asked && asked.lane().equals(lane))
                .map(Action.Resume.class::cast)
                .findFirst()
                .orElseThrow();
        open.remove(resume);
        did(machine.marked(new Mark(lane, resume.epoch(), resume.ask(), false, 0, 0, 0, Duration.ZERO), now()));
    }

    /** The server has up to {@code sequence}, with {@code hash} there, and finds {@code matched}. */
    Action.Resume resumed(long sequence, long hash, long matched) {
        Action.Resume resume = take(Action.Resume.class);
        did(machine.marked(
                new Mark(resume.lane(), resume.epoch(), resume.ask(), true, sequence, hash, matched, Duration.ZERO),
                now()));
        return resume;
    }

    /** What the last sent batch covers. */
    Batch batch(Action.Send send) {
        Action.Read read = actions.reversed().stream()
                .filter(action -> action instanceof Action.Read asked && asked.ask() == send.ask())
                .map(Action.Read.class::cast)
                .findFirst()
                .orElseThrow();
        return ModelLane.outline(
                read.from(), lane(read.lane()).read(read.from(), read.upTo(), read.items(), read.bytes()));
    }

    /** Takes the oldest open batch. */
    Batch taken() {
        return taken(Duration.ZERO);
    }

    Batch taken(Duration retryAfter) {
        Action.Send send = take(Action.Send.class);
        Batch batch = batch(send);
        did(machine.marked(
                new Mark(send.lane(), send.epoch(), send.ask(), true, batch.last(), batch.hash(), 0, retryAfter),
                now()));
        return batch;
    }

    /** Refuses the oldest open batch. */
    Batch refused(Refusal.Why why, Duration retryAfter) {
        Action.Send send = take(Action.Send.class);
        Batch batch = batch(send);
        return refused(send, batch, batch.first(), batch.last(), why, retryAfter);
    }

    Batch refused(Refusal.Why why) {
        return refused(why, Duration.ZERO);
    }

    /** Refuses the oldest open batch, and says which part is to blame. */
    Batch refusedFor(long first, long last) {
        Action.Send send = take(Action.Send.class);
        return refused(send, batch(send), first, last, Refusal.Why.BAD_RECORD, Duration.ZERO);
    }

    private Batch refused(Action.Send send, Batch batch, long first, long last, Refusal.Why why, Duration retryAfter) {
        did(machine.refused(
                new Refusal(send.lane(), send.epoch(), send.ask(), first, last, why, "no", retryAfter), now()));
        return batch;
    }

    <A extends Action> List<A> all(Class<A> kind) {
        return actions.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
}
