// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import dev.holdfast.core.delivery.Action;
import dev.holdfast.core.delivery.DeliveryMachine;
import dev.holdfast.core.delivery.DeliveryPolicy;
import dev.holdfast.core.delivery.Mark;
import dev.holdfast.core.delivery.Moment;
import dev.holdfast.core.delivery.Refusal;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.time.Time;
import dev.holdfast.core.time.VirtualTime;
import dev.holdfast.opamp.WireException;
import dev.holdfast.opamp.outbox.Item;
import dev.holdfast.opamp.outbox.OutboxId;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxWire;
import dev.holdfast.opamp.outbox.StreamId;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An outbox in memory that the real machine empties over the real wire into a real intake, in virtual time. */
final class OutboxAgent {

    /** What is larger goes in parts. */
    private static final int LARGE = 50_000;

    private final VirtualTime time;
    private final SplittableRandom chance;
    private final DeliveryPolicy policy;
    private final OutboxId id;
    private final int number;

    Map<String, OutboxDisk> lanes = new LinkedHashMap<>();

    /** Records that it was told of as lost, or perhaps lost, by the server. */
    final Set<Long> told = new HashSet<>();

    /** Records that it gave up on, over all its restarts. */
    final Set<Long> givenUp = new HashSet<>();

    /** How long a message takes, either way. */
    Supplier<Duration> latency = () -> Duration.ofMillis(1);

    /** Whether an answer of the server gets lost on a link that lives on. */
    Supplier<Boolean> losesAnswer = () -> false;

    private DeliveryMachine machine;
    private final Map<Long, List<Item>> read = new HashMap<>();
    private @Nullable Inlet inlet;
    private int life;
    private int link;
    private long lastArrival;
    private Time.@Nullable Scheduled alarm;

    OutboxAgent(VirtualTime time, SplittableRandom chance, DeliveryPolicy policy, OutboxId id, int number) {
        this.time = time;
        this.chance = chance;
        this.policy = policy;
        this.id = id;
        this.number = number;
        this.machine = new DeliveryMachine(policy, chance.split(), Moment.of(time));
    }

    void addLane(OutboxDisk lane) {
        lanes.put(lane.lane, lane);
        did(machine.add(lane.state(), Moment.of(time)));
    }

    void append(String lane, long record, int bytes, String encoding) {
        lane(lane).append(record, bytes, time.instant(), encoding);
        did(machine.waiting(lane, lane(lane).last(), Moment.of(time)));
    }

    /** Gives up all that waits up to a sequence, as a quota does. */
    void drop(OutboxDisk lane, long upTo) {
        lane.drop(upTo);
        for (long sequence = 1; sequence <= lane.droppedUpTo; sequence++) {
            givenUp.add(OutboxDisk.number(lane.at(sequence)));
        }
    }

    boolean isUp() {
        return inlet != null;
    }

    void linkUp(Intake intake) {
        link++;
        lastArrival = time.nanoTime();
        inlet = intake.inlet();
        did(machine.linkUp(Moment.of(time)));
    }

    void linkDown() {
        link++;
        if (inlet != null) {
            inlet.close();
        }
        inlet = null;
        did(machine.linkDown(Moment.of(time)));
    }

    Map<String, OutboxDisk> snapshot() {
        Map<String, OutboxDisk> copy = new LinkedHashMap<>();
        lanes.forEach((name, lane) -> copy.put(name, lane.copy()));
        return copy;
    }

    /** Ends the process without a word, and starts it anew from a disk. */
    void restart(Map<String, OutboxDisk> disk) {
        life++;
        link++;
        inlet = null;
        read.clear();
        lanes = new LinkedHashMap<>();
        machine = new DeliveryMachine(policy, chance.split(), Moment.of(time));
        disk.values().forEach(lane -> addLane(lane.copy()));
    }

    boolean isDrained() {
        return lanes.values().stream().allMatch(lane -> lane.acknowledged.sequence() == lane.last());
    }

    private OutboxDisk lane(String name) {
        return Objects.requireNonNull(lanes.get(name));
    }

    private void did(List<Action> todo) {
        int mine = life;
        for (Action action : todo) {
            if (mine == life) {
                carryOut(action);
            }
        }
        if (mine == life) {
            setAlarm();
        }
    }

    private void setAlarm() {
        if (alarm != null) {
            alarm.cancel();
        }
        OptionalLong at = machine.wakeAt();
        if (at.isPresent()) {
            alarm = time.schedule(
                    Duration.ofNanos(at.getAsLong() - time.nanoTime()), mine(() -> did(machine.tick(Moment.of(time)))));
        }
    }

    /** Only in this life. */
    private Runnable mine(Runnable task) {
        int mine = life;
        return () -> {
            if (mine == life) {
                task.run();
            }
        };
    }

    private void later(Runnable task) {
        time.execute(mine(task));
    }

    private void carryOut(Action action) {
        switch (action) {
            case Action.Look look -> {
                List<Point> points = look.sequences().stream()
                        .map(lane(look.lane())::pointUpTo)
                        .toList();
                later(() -> did(machine.found(look.lane(), look.ask(), points, Moment.of(time))));
            }
            case Action.Resume resume ->
                send(new OutboxMessage.Resume(
                        stream(resume.lane(), resume.epoch()),
                        resume.ask(),
                        resume.acknowledged(),
                        resume.last(),
                        resume.points()));
            case Action.Read wanted -> {
                List<Item> items =
                        lane(wanted.lane()).read(wanted.from(), wanted.upTo(), wanted.items(), wanted.bytes());
                read.put(wanted.ask(), items);
                later(() -> did(machine.read(
                        wanted.lane(), wanted.ask(), OutboxDisk.outline(wanted.from(), items), Moment.of(time))));
            }
            case Action.Send send -> send(send, Objects.requireNonNull(read.remove(send.ask())));
            case Action.Acknowledge done -> acknowledge(lane(done.lane()), done.upTo());
            case Action.Attempted failed -> lane(failed.lane()).attempts = failed.attempts();
            case Action.Bury bury -> {
                long sequence = bury.attempts().sequence();
                lane(bury.lane()).dead.add(sequence);
                givenUp.add(OutboxDisk.number(lane(bury.lane()).at(sequence)));
                lane(bury.lane()).attempts = null;
                later(() -> did(machine.buried(bury.lane(), sequence, Moment.of(time))));
            }
            case Action.StartEpoch start -> {
                OutboxDisk lane = lane(start.lane());
                lane.epoch = chance.nextLong();
                lane.epochAfter = start.after();
                later(() -> did(machine.epochStarted(start.lane(), lane.epoch, Moment.of(time))));
            }
            case Action.Waits waits -> {}
            case Action.Tell tell -> tell(tell);
        }
    }

    private void tell(Action.Tell tell) {
        if (tell.news() != Action.News.SERVER_AHEAD) {
            for (long sequence = tell.first(); sequence <= tell.last(); sequence++) {
                told.add(OutboxDisk.number(lane(tell.lane()).at(sequence)));
            }
        }
    }

    private void acknowledge(OutboxDisk lane, Point upTo) {
        lane.acknowledged = upTo;
        if (lane.attempts != null && lane.attempts.sequence() <= upTo.sequence()) {
            lane.attempts = null;
        }
    }

    private StreamId stream(String lane, long epoch) {
        return new StreamId(id, lane, epoch);
    }

    private void send(Action.Send send, List<Item> items) {
        StreamId stream = stream(send.lane(), send.epoch());
        List<Item> bare = items;
        if (items.getFirst() instanceof Item.Data record && record.payload().remaining() > LARGE) {
            OutboxMessage.Part.of(stream, record.first(), record.payload(), Long.MAX_VALUE)
                    .forEach(this::send);
            bare = List.of(record.withPayloadInParts());
        }
        send(new OutboxMessage.Batch(stream, send.ask(), send.opens(), send.follows(), bare));
    }

    private void send(OutboxMessage message) {
        arrive(() -> {
            var unused = Objects.requireNonNull(inlet)
                    .received(Lanes.agent(number), wired(message))
                    .thenAccept(answer -> answer.ifPresent(this::answer));
        });
    }

    private static OutboxMessage wired(OutboxMessage message) {
        try {
            return OutboxWire.read(OutboxWire.write(message)).orElseThrow();
        } catch (WireException e) {
            throw new AssertionError(e);
        }
    }

    private void answer(OutboxMessage answer) {
        if (!losesAnswer.get()) {
            arrive(() -> hear(wired(answer)));
        }
    }

    /** Messages arrive in the order they are sent, or not at all. */
    private void arrive(Runnable arrival) {
        int mine = link;
        lastArrival = Math.max(lastArrival, time.nanoTime() + latency.get().toNanos());
        time.schedule(Duration.ofNanos(lastArrival - time.nanoTime()), () -> {
            if (mine == link) {
                arrival.run();
            }
        });
    }

    private void hear(OutboxMessage answer) {
        String lane = answer.stream().lane();
        long epoch = answer.stream().epoch();
        switch (answer) {
            case OutboxMessage.Mark mark ->
                did(machine.marked(
                        new Mark(
                                lane,
                                epoch,
                                mark.ask(),
                                mark.known(),
                                mark.at().sequence(),
                                mark.at().hash(),
                                mark.matched(),
                                mark.retryAfter()),
                        Moment.of(time)));
            case OutboxMessage.Refused refused ->
                did(machine.refused(
                        new Refusal(
                                lane,
                                epoch,
                                refused.ask(),
                                refused.first(),
                                refused.last(),
                                Refusal.Why.valueOf(refused.why().name()),
                                refused.detail(),
                                refused.retryAfter()),
                        Moment.of(time)));
            case OutboxMessage.Resume resume -> throw new AssertionError(resume);
            case OutboxMessage.Batch batch -> throw new AssertionError(batch);
            case OutboxMessage.Part part -> throw new AssertionError(part);
        }
    }
}
