// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.delivery.ModelLane.Item;
import dev.holdfast.core.record.Point;
import dev.holdfast.core.time.Time;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
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

/**
 * An agent's outbox, its delivery machine, and the link between them and a server, in virtual time. Checks at each step
 * what must hold at each: windows, sizes, backoff, floors, and that nothing is acknowledged that the server never had.
 */
final class ModelAgent {

    /** What happened; written out only where a test fails, since there is much of it. */
    record Said(Duration at, String who, Object what) {
        @Override
        public String toString() {
            return "\n" + at + " " + who + " " + what;
        }
    }

    final VirtualTime time;
    final SplittableRandom chance;
    final DeliveryPolicy policy;
    final ModelServer server;
    final List<Object> story;

    /** Tells it from others in the story. */
    String name = "agent";

    Map<String, ModelLane> lanes = new LinkedHashMap<>();
    DeliveryMachine machine;

    /** Everything it was told, over all its restarts. */
    final List<Action> actions = new ArrayList<>();

    final Set<Long> toldLost = new HashSet<>();
    final Set<Long> toldUncertain = new HashSet<>();

    /** When a batch of each lane was answered last. */
    private final Map<String, Duration> takenAt = new HashMap<>();

    /** How long a message takes, either way. */
    Supplier<Duration> latency = () -> Duration.ofMillis(1);

    /** Whether an answer of the server gets lost on a link that lives on. */
    Supplier<Boolean> losesAnswer = () -> false;

    private int life;
    private int link;
    private boolean up;
    private long lastArrival;
    private Time.@Nullable Scheduled alarm;
    private final Map<String, Map<Long, List<Item>>> inFlight = new HashMap<>();
    private Map<String, Long> laneNotBefore = new HashMap<>();
    private final Map<String, Long> markNotBefore = new HashMap<>();
    private long allNotBefore;

    ModelAgent(
            VirtualTime time, SplittableRandom chance, DeliveryPolicy policy, ModelServer server, List<Object> story) {
        this.time = time;
        this.chance = chance;
        this.policy = policy;
        this.server = server;
        this.story = story;
        this.machine = new DeliveryMachine(policy, chance.split(), Moment.of(time));
    }

    ModelLane lane(String name) {
        return Objects.requireNonNull(lanes.get(name));
    }

    void addLane(ModelLane lane) {
        lanes.put(lane.name, lane);
        did(machine.add(lane.state(), now()));
    }

    void append(String lane, long id, int bytes) {
        lane(lane).append(id, bytes);
        did(machine.waiting(lane, lane(lane).last(), now()));
    }

    boolean isUp() {
        return up;
    }

    void linkUp() {
        link++;
        up = true;
        lastArrival = time.nanoTime();
        inFlight.clear();
        did(machine.linkUp(now()));
    }

    void linkDown() {
        link++;
        up = false;
        inFlight.clear();
        did(machine.linkDown(now()));
    }

    /** Ends the process, without a word, and starts it anew from what is on its disk. */
    void restart() {
        life++;
        link++;
        up = false;
        inFlight.clear();
        // A floor for all, and that of a mark, live in memory; what a record waits for is kept.
        allNotBefore = 0;
        markNotBefore.clear();
        laneNotBefore.keySet().removeIf(lane -> lane(lane).attempts == null);
        machine = new DeliveryMachine(policy, chance.split(), now());
        for (ModelLane lane : lanes.values()) {
            did(machine.add(lane.state(), now()));
        }
    }

    Map<String, ModelLane> snapshot() {
        Map<String, ModelLane> copy = new LinkedHashMap<>();
        lanes.forEach((name, lane) -> copy.put(name, lane.copy()));
        return copy;
    }

    /** The disk is as it was when the snapshot was taken. */
    void restore(Map<String, ModelLane> snapshot) {
        lanes = new LinkedHashMap<>();
        snapshot.forEach((name, lane) -> lanes.put(name, lane.copy()));
        laneNotBefore = new HashMap<>();
        restart();
    }

    void did(List<Action> todo) {
        int mine = life;
        for (Action action : todo) {
            actions.add(action);
            story.add(new Said(time.elapsed(), name, action));
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
        int mine = life;
        if (at.isPresent()) {
            alarm = time.schedule(Duration.ofNanos(at.getAsLong() - time.nanoTime()), () -> {
                if (mine == life) {
                    did(machine.tick(now()));
                }
            });
        }
    }

    private void carryOut(Action action) {
        switch (action) {
            case Action.Look look -> {
                List<Point> points = look.sequences().stream()
                        .map(lane(look.lane())::pointUpTo)
                        .toList();
                later(() -> did(machine.found(look.lane(), look.ask(), points, now())));
            }
            case Action.Resume resume -> {
                assertThat(resume.points()).as(this::told).hasSizeLessThanOrEqualTo(32);
                send(() -> answer(server.resume(resume)));
            }
            case Action.Read read -> read(read);
            case Action.Send send -> transmit(send);
            case Action.Acknowledge done -> acknowledge(lane(done.lane()), done.upTo());
            case Action.Attempted failed -> lane(failed.lane()).attempts = failed.attempts();
            case Action.Bury bury -> {
                ModelLane lane = lane(bury.lane());
                long sequence = bury.attempts().sequence();
                lane.dead.add(sequence);
                lane.deadLetters.put(sequence, bury.attempts());
                server.givenUp.add(lane.at(sequence).id());
                lane.attempts = null;
                later(() -> did(machine.buried(bury.lane(), sequence, now())));
            }
            case Action.StartEpoch start -> {
                ModelLane lane = lane(start.lane());
                lane.epoch = chance.nextLong();
                lane.epochAfter = start.after();
                later(() -> did(machine.epochStarted(start.lane(), lane.epoch, now())));
            }
            case Action.Waits waits -> {}
            case Action.Tell tell -> {
                if (tell.news() != Action.News.SERVER_AHEAD) {
                    Set<Long> told = tell.news() == Action.News.SERVER_LOST ? toldLost : toldUncertain;
                    for (long sequence = tell.first(); sequence <= tell.last(); sequence++) {
                        told.add(lane(tell.lane()).at(sequence).id());
                    }
                }
            }
        }
    }

    private void acknowledge(ModelLane lane, Point upTo) {
        for (long sequence = lane.acknowledged.sequence() + 1; sequence <= upTo.sequence(); sequence++) {
            long id = lane.at(sequence).id();
            assertThat(server.everTaken.contains(id) || server.givenUp.contains(id) || sequence <= lane.droppedUpTo)
                    .as(() -> "acknowledged and never stored: " + id + told())
                    .isTrue();
        }
        lane.acknowledged = upTo;
        if (lane.attempts != null && lane.attempts.sequence() <= upTo.sequence()) {
            lane.attempts = null;
        }
    }

    private void read(Action.Read read) {
        List<Item> items = lane(read.lane()).read(read.from(), read.upTo(), read.items(), read.bytes());
        later(() -> {
            List<Action> todo = machine.read(read.lane(), read.ask(), ModelLane.outline(read.from(), items), now());
            if (todo.stream().anyMatch(action -> action instanceof Action.Send)) {
                inFlight.computeIfAbsent(read.lane(), lane -> new LinkedHashMap<>())
                        .put(read.ask(), items);
            }
            did(todo);
        });
    }

    private void transmit(Action.Send send) {
        Map<Long, List<Item>> flying = Objects.requireNonNull(inFlight.get(send.lane()));
        List<Item> items = Objects.requireNonNull(flying.get(send.ask()));
        assertThat(up).as(this::told).isTrue();
        assertThat(flying)
                .as(this::told)
                .hasSizeLessThanOrEqualTo(policy.flight().window());
        assertThat(items)
                .as(this::told)
                .isNotEmpty()
                .hasSizeLessThanOrEqualTo(policy.flight().batchItems());
        long bytes = items.stream().mapToLong(Item::bytes).sum();
        assertThat(items.size() == 1 || bytes <= policy.flight().batchBytes())
                .as(this::told)
                .isTrue();
        List<Long> all = inFlight.values().stream()
                .flatMap(lane -> lane.values().stream())
                .map(each -> each.stream().mapToLong(Item::bytes).sum())
                .toList();
        assertThat(all.size() == 1
                        || all.stream().mapToLong(each -> each).sum()
                                <= policy.flight().maxBytes())
                .as(this::told)
                .isTrue();
        assertThat(time.nanoTime())
                .as(() -> "sent too early" + told())
                .isGreaterThanOrEqualTo(Math.max(
                        Math.max(allNotBefore, markNotBefore.getOrDefault(send.lane(), 0L)),
                        laneNotBefore.getOrDefault(send.lane(), 0L)));
        // Where no answer comes in time, what was sent after it is let go of too: the server is asked anew.
        awaitAnswer(link, send.lane(), send.ask(), policy.answerTimeout());
        send(() -> answer(server.batch(send, items)));
    }

    private void awaitAnswer(int mine, String lane, long ask, Duration left) {
        Map<Long, List<Item>> flying = inFlight.getOrDefault(lane, new HashMap<>());
        time.schedule(left, () -> {
            // The time begins anew with each answer to what was sent before.
            Duration since = time.elapsed().minus(takenAt.getOrDefault(lane, Duration.ZERO));
            if (mine != link || !flying.containsKey(ask)) {
                return;
            }
            if (takenAt.containsKey(lane) && since.compareTo(policy.answerTimeout()) < 0) {
                awaitAnswer(mine, lane, ask, policy.answerTimeout().minus(since));
            } else {
                flying.clear();
            }
        });
    }

    /** Messages arrive in the order they are sent, or not at all. */
    private void send(Runnable arrival) {
        int mine = link;
        lastArrival = Math.max(lastArrival, time.nanoTime() + latency.get().toNanos());
        time.schedule(Duration.ofNanos(lastArrival - time.nanoTime()), () -> {
            if (mine == link) {
                arrival.run();
            }
        });
    }

    private void answer(Object answer) {
        if (losesAnswer.get()) {
            return;
        }
        send(() -> {
            story.add(new Said(time.elapsed(), name, answer));
            if (answer instanceof Mark mark) {
                answered(mark);
                did(machine.marked(mark, now()));
            } else if (answer instanceof Refusal refusal) {
                refused(refusal);
                did(machine.refused(refusal, now()));
            }
        });
    }

    private void answered(Mark mark) {
        Map<Long, List<Item>> flying = inFlight.getOrDefault(mark.lane(), new HashMap<>());
        List<Item> items = flying.remove(mark.ask());
        // Answers come in order: those before it are lost. What follows a batch that was not taken is not taken either.
        if (items != null) {
            boolean taken = mark.sequence() == items.getLast().last()
                    && mark.hash() == items.getLast().hash();
            flying.keySet().removeIf(ask -> !taken || ask < mark.ask());
            takenAt.put(mark.lane(), time.elapsed());
        }
        markNotBefore.merge(mark.lane(), time.nanoTime() + mark.retryAfter().toNanos(), Math::max);
    }

    /** What has to be waited for after a refusal, said without the machine. */
    private void refused(Refusal refusal) {
        Map<Long, List<Item>> flying = inFlight.getOrDefault(refusal.lane(), Map.of());
        List<Item> items = flying.getOrDefault(refusal.ask(), List.of());
        if (items.isEmpty()) {
            return;
        }
        // What was sent after it cannot be taken either, and answers to what was sent before it are lost.
        flying.clear();
        long floor = refusal.retryAfter().toNanos();
        long least = refusal.why().isPermanent() ? 0 : 750_000_000;
        // A gap has no attempts to be written down, and what waits for it is forgotten with the process.
        boolean kept = items.stream().anyMatch(item -> item.id() != 0);
        (kept ? laneNotBefore : markNotBefore)
                .merge(refusal.lane(), time.nanoTime() + Math.max(floor, least), Math::max);
        if (!refusal.why().isPermanent()) {
            allNotBefore = Math.max(allNotBefore, time.nanoTime() + floor);
        }
    }

    /** What the disk does on a thread of its own. */
    private void later(Runnable task) {
        int mine = life;
        time.execute(() -> {
            if (mine == life) {
                task.run();
            }
        });
    }

    private Moment now() {
        return Moment.of(time);
    }

    boolean isDrained() {
        return lanes.values().stream().allMatch(lane -> lane.acknowledged.sequence() == lane.last());
    }

    <A extends Action> List<A> all(Class<A> kind) {
        return actions.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private String told() {
        return story.isEmpty() ? "" : " ... " + story.subList(Math.max(0, story.size() - 20), story.size());
    }
}
