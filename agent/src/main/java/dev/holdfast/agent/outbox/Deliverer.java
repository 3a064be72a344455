// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.outbox;

import dev.holdfast.core.delivery.Action;
import dev.holdfast.core.delivery.Batch;
import dev.holdfast.core.delivery.DeliveryMachine;
import dev.holdfast.core.delivery.DeliveryPolicy;
import dev.holdfast.core.delivery.Moment;
import dev.holdfast.core.outbox.Outbox;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.CustomMessage;
import dev.holdfast.opamp.WireException;
import dev.holdfast.opamp.outbox.OutboxMessage;
import dev.holdfast.opamp.outbox.OutboxWire;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Empties an outbox over a link: carries out what a {@link DeliveryMachine} decides.
 *
 * <p>Everything happens in tasks of the {@link Time} it was given, reading the disk too: so that must be shared with
 * nothing else that anybody waits for. All methods may be called from any thread.
 */
final class Deliverer implements Outbox.Listener {

    private final Outbox outbox;
    private final DeliveryMachine machine;
    private final DeliveryPolicy policy;
    private final Envelopes envelopes;
    private final Consumer<CustomMessage> uplink;
    private final Time time;
    private final RandomGenerator chance;
    private final Runnable ended;
    private final DeliveryLog log;
    private final CompletableFuture<Void> stopped = new CompletableFuture<>();

    // From here on touched by tasks of the time alone.
    private final Set<String> lanes = new HashSet<>();
    private final Map<Long, Read> read = new HashMap<>();
    private Time.@Nullable Scheduled alarm;
    private boolean isStopping;

    /** What was read to be sent, and how large a message may be. */
    private record Read(List<Item> items, long most) {}

    /**
     * One that has begun.
     *
     * @param uplink sends a message if there is a link, in order; what cannot be sent is gone
     * @param ended run, in a task of {@code time}, if the outbox ends by a defect
     */
    Deliverer(
            Outbox outbox,
            DeliveryPolicy policy,
            Consumer<CustomMessage> uplink,
            Time time,
            RandomGenerator chance,
            Runnable ended) {
        this.outbox = outbox;
        this.policy = policy;
        this.envelopes = new Envelopes(outbox.id());
        this.uplink = uplink;
        this.time = time;
        this.chance = chance;
        this.ended = ended;
        this.log = new DeliveryLog(time);
        this.machine = new DeliveryMachine(policy, chance, now());
        time.execute(() -> outbox.lanes().forEach(this::add));
    }

    @Override
    public void durable(String lane, long last) {
        time.execute(() -> {
            if (lanes.contains(lane)) {
                carryOut(machine.waiting(lane, last, now()));
            } else {
                outbox.lanes().stream()
                        .filter(state -> state.lane().equals(lane))
                        .forEach(this::add);
            }
        });
    }

    @Override
    public void ended() {
        time.execute(ended);
    }

    private void add(LaneState state) {
        if (lanes.add(state.lane())) {
            carryOut(machine.add(state, now()));
        }
    }

    /** A server that takes the outbox is attached. */
    void linkUp() {
        time.execute(() -> carryOut(machine.linkUp(now())));
    }

    /** It is gone. */
    void linkDown() {
        time.execute(() -> carryOut(machine.linkDown(now())));
    }

    /** A message of the server, of whatever capability. */
    void received(CustomMessage message) {
        time.execute(() -> {
            try {
                OutboxWire.read(message).ifPresent(this::received);
            } catch (WireException e) {
                log.malformed(e);
            }
        });
    }

    private void received(OutboxMessage message) {
        switch (message) {
            case OutboxMessage.Mark mark -> {
                if (envelopes.isOurs(mark.stream())) {
                    carryOut(machine.marked(Envelopes.mark(mark), now()));
                }
            }
            case OutboxMessage.Refused refused -> {
                if (envelopes.isOurs(refused.stream())) {
                    carryOut(machine.refused(Envelopes.refusal(refused), now()));
                }
            }
            // These are the agent's own to say.
            case OutboxMessage.Resume resume -> {}
            case OutboxMessage.Batch batch -> {}
            case OutboxMessage.Part part -> {}
        }
    }

    /**
     * Begins nothing any more.
     *
     * @param most how long to wait for answers to what is in flight
     * @return complete once they have come, or the time is over
     */
    CompletionStage<Void> stop(Duration most) {
        time.execute(() -> {
            isStopping = true;
            carryOut(machine.stop(now()));
            time.schedule(most, () -> stopped.complete(null));
        });
        return stopped;
    }

    /** Has nothing more to do with the outbox, which ended. To be called in a task of the time. */
    void abandon() {
        isStopping = true;
        carryOut(machine.linkDown(now()));
        carryOut(machine.stop(now()));
    }

    /** Carries out what the machine wants, and what it wants when it hears of that. */
    private void carryOut(List<Action> actions) {
        Deque<Action> todo = new ArrayDeque<>(actions);
        try {
            while (!todo.isEmpty()) {
                todo.addAll(carryOut(todo.remove()));
            }
        } finally {
            // Whatever is wrong with one lane, the others' time comes.
            setAlarm();
        }
        if (isStopping && machine.inFlight() == 0) {
            stopped.complete(null);
        }
    }

    private List<Action> carryOut(Action action) {
        switch (action) {
            case Action.Look look -> {
                return look(look, 1);
            }
            case Action.Read wanted -> {
                return read(wanted, 1);
            }
            case Action.Resume resume -> uplink.accept(envelopes.resume(resume));
            case Action.Send send -> send(send);
            case Action.Acknowledge done -> {
                var unused = outbox.acknowledge(
                                done.lane(), done.upTo().sequence(), done.upTo().hash())
                        .exceptionally(thrown -> log.unkept(done.lane(), "an acknowledgement", thrown));
            }
            case Action.Attempted failed -> {
                var unused = outbox.attempted(failed.lane(), failed.attempts())
                        .exceptionally(thrown -> log.unkept(failed.lane(), "a failed attempt", thrown));
            }
            case Action.Bury bury -> {
                log.gaveUp(bury.lane(), bury.attempts());
                String lane = bury.lane();
                keep(
                        lane,
                        "a dead letter",
                        () -> outbox.bury(lane, bury.attempts()),
                        () -> machine.buried(lane, bury.attempts().sequence(), now()),
                        1);
            }
            case Action.StartEpoch start -> {
                long epoch = chance.nextLong();
                keep(
                        start.lane(),
                        "a new epoch",
                        () -> outbox.startEpoch(start.lane(), start.after(), epoch),
                        () -> machine.epochStarted(start.lane(), epoch, now()),
                        1);
            }
            case Action.Waits waits -> log.waits(waits);
            case Action.Tell tell -> log.tell(tell);
        }
        return List.of();
    }

    private List<Action> look(Action.Look look, int attempt) {
        try {
            return machine.found(look.lane(), look.ask(), outbox.points(look.lane(), look.sequences()), now());
        } catch (IOException e) {
            log.unread(look.lane(), e);
            again(attempt, () -> carryOut(look(look, attempt + 1)));
            return List.of();
        }
    }

    private List<Action> read(Action.Read wanted, int attempt) {
        List<Item> items;
        try {
            items = outbox.read(wanted.lane(), wanted.from(), wanted.upTo(), wanted.items(), wanted.bytes());
        } catch (IOException e) {
            log.unread(wanted.lane(), e);
            again(attempt, () -> carryOut(read(wanted, attempt + 1)));
            return List.of();
        }
        List<Item> fitting = envelopes.fitting(items);
        Batch outline = Envelopes.outline(wanted.from(), fitting);
        List<Action> next = machine.read(wanted.lane(), wanted.ask(), outline, now());
        if (next.stream().anyMatch(action -> action instanceof Action.Send send && send.ask() == wanted.ask())) {
            read.put(wanted.ask(), new Read(fitting, wanted.bytes()));
        }
        return next;
    }

    private void send(Action.Send send) {
        Read what = read.remove(send.ask());
        if (what == null) {
            throw new IllegalStateException("ask: " + send.ask() + " (expected: one that was read)");
        }
        envelopes.batch(send, what.items(), what.most()).forEach(uplink);
    }

    /** Writes something that the machine waits for, however often it takes. */
    private void keep(
            String lane,
            String what,
            Supplier<CompletableFuture<Boolean>> write,
            Supplier<List<Action>> then,
            int attempt) {
        var unused = write.get()
                .whenComplete((done, thrown) -> time.execute(() -> {
                    if (thrown == null) {
                        carryOut(then.get());
                    } else if (!isStopping) {
                        log.unkept(lane, what, thrown);
                        again(attempt, () -> keep(lane, what, write, then, attempt + 1));
                    }
                }));
    }

    private void again(int attempt, Runnable work) {
        if (!isStopping) {
            time.schedule(pause(attempt), work);
        }
    }

    private Duration pause(int attempt) {
        return policy.backoff().delay(attempt, Duration.ZERO, Duration.ZERO, chance);
    }

    private void setAlarm() {
        if (alarm != null) {
            alarm.cancel();
            alarm = null;
        }
        OptionalLong wakeAt = machine.wakeAt();
        if (wakeAt.isPresent()) {
            Duration delay = Duration.ofNanos(wakeAt.getAsLong() - time.nanoTime());
            alarm = time.schedule(delay, () -> carryOut(machine.tick(now())));
        }
    }

    private Moment now() {
        return Moment.of(time);
    }
}
