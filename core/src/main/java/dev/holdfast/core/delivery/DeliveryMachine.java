// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.Point;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How an outbox is emptied, as a state machine: it takes what happened and what time it is, and says what to do.
 *
 * <p>On each link every lane first asks the server how far it has the lane, and finds out up to where both sides have
 * the very same records; from there it sends batches, one after the other, each of which says what it follows. Where
 * the two sides have parted, since a disk was restored or copied, the lane goes on in a new epoch.
 *
 * <p>A link whose server does not take the outbox is no link: it is not told of here.
 *
 * <p>{@link #wakeAt} says when to call {@link #tick}. Not safe for use by several threads; it neither waits nor reads a
 * clock.
 */
public final class DeliveryMachine {

    private final Outlet outlet;
    private final Map<String, LaneMachine> lanes = new LinkedHashMap<>();

    /** The same lanes; who was served last comes last. */
    private final List<LaneMachine> turns = new ArrayList<>();

    /**
     * One without lanes or a link.
     *
     * @param chance where jitter is drawn from
     */
    public DeliveryMachine(DeliveryPolicy policy, RandomGenerator chance, Moment now) {
        this.outlet = new Outlet(policy, chance, now);
    }

    /**
     * There is a lane: a new one, or one found on disk.
     *
     * @throws IllegalArgumentException if there is one of that name already
     */
    public List<Action> add(LaneState state, Moment now) {
        outlet.moveTo(now);
        if (lanes.containsKey(state.lane())) {
            throw new IllegalArgumentException("lane: " + state.lane() + " (expected: one that was not added before)");
        }
        LaneMachine lane = new LaneMachine(outlet, state);
        lanes.put(state.lane(), lane);
        turns.add(lane);
        if (outlet.isLinked() && !outlet.isStopping()) {
            lane.linkUp();
        }
        return done();
    }

    /** A server that takes the outbox is attached. */
    public List<Action> linkUp(Moment now) {
        outlet.moveTo(now);
        if (outlet.isLinked()) {
            lanes.values().forEach(LaneMachine::linkDown);
        }
        outlet.link(true);
        if (!outlet.isStopping()) {
            lanes.values().forEach(LaneMachine::linkUp);
        }
        return done();
    }

    /** It is gone. */
    public List<Action> linkDown(Moment now) {
        outlet.moveTo(now);
        if (outlet.isLinked()) {
            outlet.link(false);
            lanes.values().forEach(LaneMachine::linkDown);
        }
        return done();
    }

    /**
     * Records were appended, and are safely on disk: what is sent before may be gone after a power loss, and look like
     * a copied disk then.
     *
     * @param last the newest one
     */
    public List<Action> waiting(String lane, long last, Moment now) {
        outlet.moveTo(now);
        lane(lane).waiting(last);
        return done();
    }

    /** What {@link Action.Look} asked for. */
    public List<Action> found(String lane, long ask, List<Point> points, Moment now) {
        outlet.moveTo(now);
        lane(lane).found(ask, points);
        return done();
    }

    /**
     * What {@link Action.Read} asked for.
     *
     * @throws IllegalArgumentException if it does not begin where it was to
     */
    public List<Action> read(String lane, long ask, Batch batch, Moment now) {
        outlet.moveTo(now);
        LaneMachine reader = lane(lane);
        reader.read(ask, batch);
        if (reader.isPostponed()) {
            turns.remove(reader);
            turns.addFirst(reader);
        }
        return done();
    }

    /** What {@link Action.Bury} asked for is on disk. */
    public List<Action> buried(String lane, long sequence, Moment now) {
        outlet.moveTo(now);
        lane(lane).buried(sequence);
        return done();
    }

    /** What {@link Action.StartEpoch} asked for is on disk. */
    public List<Action> epochStarted(String lane, long epoch, Moment now) {
        outlet.moveTo(now);
        lane(lane).epochStarted(epoch);
        return done();
    }

    /** The server said how far it has a lane. */
    public List<Action> marked(Mark mark, Moment now) {
        outlet.moveTo(now);
        LaneMachine lane = lanes.get(mark.lane());
        if (lane != null) {
            lane.marked(mark);
        }
        return done();
    }

    /** The server refused a batch. */
    public List<Action> refused(Refusal refusal, Moment now) {
        outlet.moveTo(now);
        LaneMachine lane = lanes.get(refusal.lane());
        if (lane != null) {
            lane.refused(refusal);
        }
        return done();
    }

    /** The server wants no batch of any lane for so long. */
    public List<Action> hold(Duration retryAfter, Moment now) {
        outlet.moveTo(now);
        outlet.hold(retryAfter);
        return done();
    }

    /** Does what is due. Early calls do no harm. */
    public List<Action> tick(Moment now) {
        outlet.moveTo(now);
        if (!outlet.isStopping()) {
            lanes.values().forEach(LaneMachine::tick);
        }
        return done();
    }

    /**
     * Begins nothing any more. Answers to what is in flight still count; without them the server says after the next
     * start what it has.
     */
    public List<Action> stop(Moment now) {
        outlet.moveTo(now);
        outlet.stop();
        lanes.values().forEach(LaneMachine::stop);
        return done();
    }

    /** How many batches are not answered. */
    public int inFlight() {
        return lanes.values().stream().mapToInt(LaneMachine::inFlight).sum();
    }

    /** When {@link #tick} is to be called next, in monotonic nanoseconds; empty if it need not be. */
    public OptionalLong wakeAt() {
        long soonest = outlet.isStopping()
                ? Phase.NEVER
                : lanes.values().stream().mapToLong(LaneMachine::wakeAt).min().orElse(Phase.NEVER);
        return soonest == Phase.NEVER ? OptionalLong.empty() : OptionalLong.of(outlet.outside(soonest));
    }

    private List<Action> done() {
        serve();
        return outlet.taken();
    }

    /** Lets the lanes read in turn. Where there is no room for the first that is due, nobody passes it. */
    private void serve() {
        if (outlet.isStopping()) {
            return;
        }
        List<LaneMachine> served = new ArrayList<>();
        for (LaneMachine lane : turns) {
            if (lane.isDue()) {
                if (!outlet.hasRoomFor(lane.need())) {
                    break;
                }
                lane.startReading();
                served.add(lane);
            }
        }
        turns.removeAll(served);
        turns.addAll(served);
    }

    private LaneMachine lane(String name) {
        @Nullable LaneMachine lane = lanes.get(name);
        if (lane == null) {
            throw new IllegalArgumentException("lane: " + name + " (expected: one that was added)");
        }
        return lane;
    }
}
