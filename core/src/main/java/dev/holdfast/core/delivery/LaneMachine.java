// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import dev.holdfast.core.record.Attempts;
import dev.holdfast.core.record.LaneState;
import dev.holdfast.core.record.Point;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One lane of a {@link DeliveryMachine}; confined to it. */
final class LaneMachine {

    private final Outlet outlet;
    private final String name;
    private final Setbacks setbacks;

    /** The one state; replaced whole. */
    private Phase phase = new Phase.Away();

    private long epoch;
    private long epochAfter;
    private Point acknowledged;
    private long last;
    private boolean opens;
    private boolean toldUncertain;

    /** The record that is being made a dead letter, or 0. */
    private long burying;

    /** The newest record that was. */
    private long buriedUpTo;

    /** From when on being without a link counts as an attempt, where it does. */
    private long missedFrom;

    /** What the next batch takes, as far as it is known to be more than usual. */
    private long need;

    LaneMachine(Outlet outlet, LaneState state) {
        this.outlet = outlet;
        this.name = state.lane();
        this.epoch = state.epoch();
        this.epochAfter = state.epochAfter();
        this.acknowledged = state.acknowledged();
        this.last = state.last();
        this.setbacks = new Setbacks(outlet, name, state.attempts());
        this.missedFrom = setbacks.afterGrace();
    }

    /** How many batches are not answered. */
    int inFlight() {
        return phase instanceof Phase.Flowing flowing ? flowing.sent().size() : 0;
    }

    void linkUp() {
        if (!(phase instanceof Phase.Renewing)) {
            carryOut(Search.begin(acknowledged, last));
        }
    }

    void linkDown() {
        if (phase instanceof Phase.Renewing) {
            return;
        }
        List<Phase.Sent> lost = dropFlight();
        setbacks.cutShort(lost);
        phase = new Phase.Away();
        missedFrom = setbacks.afterGrace();
        if (outlet.policy.attempts().countUnreachable() && !lost.isEmpty()) {
            bury(setbacks.unanswered(
                    lost.getFirst().batch().firstRecord(), "the link was lost before the server answered"));
        }
    }

    void waiting(long newest) {
        last = Math.max(last, newest);
    }

    void found(long ask, List<Point> points) {
        if (phase instanceof Phase.Looking looking && looking.ask() == ask) {
            carryOut(looking.search().found(points));
        }
    }

    void marked(Mark mark) {
        if (mark.epoch() != epoch) {
            return;
        }
        // Whatever it answers: how much the server can take holds for what comes next.
        setbacks.floor(mark.retryAfter());
        if (phase instanceof Phase.Resuming resuming && resuming.ask() == mark.ask()) {
            resumed(resuming.search(), mark);
        } else if (phase instanceof Phase.Flowing flowing && flowing.at(mark.ask()) >= 0) {
            answered(flowing, flowing.at(mark.ask()), mark);
        }
    }

    private void resumed(Search search, Mark mark) {
        if (mark.known()) {
            // Whatever the stream has follows the point that it began after, whether or not the server can tell.
            boolean certain = acknowledged.sequence() == epochAfter || acknowledged.hash() == 0;
            carryOut(search.answered(certain ? mark.matchedAtLeast(acknowledged.sequence()) : mark));
            return;
        }
        boolean lost = acknowledged.sequence() > epochAfter;
        if (epochAfter > 0 && mark.matched() < acknowledged.sequence() && (lost || !toldUncertain)) {
            // It has nothing that shows how far it has what was sent in the epochs before.
            toldUncertain = true;
            tell(Action.News.UNCERTAIN, 1, epochAfter);
        }
        if (lost) {
            // In a new epoch, so that this is not told again each time that a lane with nothing to send resumes.
            tell(Action.News.SERVER_LOST, epochAfter + 1, acknowledged.sequence());
            renew();
        } else {
            opens = true;
            phase = Phase.Flowing.idle();
        }
    }

    private void carryOut(Search.Step step) {
        switch (step) {
            case Search.Step.Look look -> {
                long ask = outlet.nextAsk();
                phase = new Phase.Looking(ask, look.search());
                outlet.add(new Action.Look(name, ask, look.sequences()));
            }
            case Search.Step.Ask question -> ask(question.search());
            case Search.Step.Agreed agreed -> {
                acknowledge(agreed.at());
                opens = false;
                phase = Phase.Flowing.idle();
            }
            case Search.Step.Parted parted -> {
                acknowledge(parted.after());
                long ahead = parted.mark().sequence();
                tell(Action.News.SERVER_AHEAD, acknowledged.sequence() + 1, ahead);
                renew();
            }
            case Search.Step.Behind behind -> {
                long end = acknowledged.sequence();
                long mark = Math.clamp(behind.mark().sequence(), epochAfter, end);
                if (!behind.same()) {
                    tell(Action.News.UNCERTAIN, epochAfter + 1, mark);
                }
                tell(Action.News.SERVER_LOST, mark + 1, end);
                renew();
            }
            case Search.Step.Nonsense nonsense -> astray();
        }
    }

    private void tell(Action.News news, long first, long last) {
        if (first <= last) {
            outlet.add(new Action.Tell(name, news, first, last));
        }
    }

    private void ask(Search search) {
        long ask = outlet.nextAsk();
        List<Point> points = new ArrayList<>(search.points().reversed());
        if (search.common().sequence() > acknowledged.sequence()) {
            points.add(search.common());
        }
        phase = new Phase.Resuming(ask, deadline(), search);
        outlet.add(new Action.Resume(name, ask, epoch, acknowledged, last, List.copyOf(points)));
    }

    private void renew() {
        toldUncertain = false;
        phase = new Phase.Renewing();
        outlet.add(new Action.StartEpoch(name, acknowledged.sequence()));
    }

    void epochStarted(long drawn) {
        if (phase instanceof Phase.Renewing) {
            epoch = drawn;
            epochAfter = acknowledged.sequence();
            opens = true;
            phase = outlet.isLinked() ? Phase.Flowing.idle() : new Phase.Away();
        }
    }

    private void acknowledge(Point upTo) {
        if (upTo.sequence() > acknowledged.sequence()) {
            acknowledged = upTo;
            // A server may have more than the newest record that was told of as safely on disk.
            last = Math.max(last, upTo.sequence());
            setbacks.passed(upTo.sequence());
            outlet.add(new Action.Acknowledge(name, upTo));
        }
    }

    private void answered(Phase.Flowing flowing, int at, Mark mark) {
        Batch batch = flowing.sent().get(at).batch();
        if (!mark.known() || mark.sequence() != batch.last() || !batch.end().hasHash(mark.hash())) {
            astray();
            return;
        }
        flowing.sent()
                .subList(0, at + 1)
                .forEach(sent -> outlet.giveBack(sent.batch().bytes()));
        phase = flowing.after(at, deadline());
        opens = false;
        acknowledge(batch.end());
        setbacks.taken(batch);
    }

    /** The server's floor is for the lane where its records are to blame, and else for all lanes. */
    void refused(Refusal refusal) {
        if (refusal.epoch() != epoch) {
            return;
        }
        if (refusal.why().isPermanent()) {
            setbacks.floor(refusal.retryAfter());
        } else {
            outlet.hold(refusal.retryAfter());
        }
        if (phase instanceof Phase.Resuming resuming && resuming.ask() == refusal.ask()) {
            phase = new Phase.Pausing();
            setbacks.unanswered(0, "resume refused, " + refusal.why() + ": " + refusal.detail());
        }
        if (phase instanceof Phase.Flowing flowing && flowing.at(refusal.ask()) >= 0) {
            // What was sent after it is not taken either; answers to what was sent before it are lost.
            Batch batch = flowing.sent().get(flowing.at(refusal.ask())).batch();
            dropFlight();
            bury(setbacks.refused(batch, refusal));
        }
    }

    private void bury(@Nullable Attempts spent) {
        if (spent != null) {
            burying = spent.sequence();
            outlet.add(new Action.Bury(name, spent));
        }
    }

    void buried(long sequence) {
        if (burying == sequence) {
            burying = 0;
            buriedUpTo = sequence;
        }
    }

    /** Begins nothing more; what is in flight may still be answered. */
    void stop() {
        if (phase instanceof Phase.Flowing flowing && !flowing.sent().isEmpty()) {
            phase = new Phase.Flowing(null, flowing.sent());
        } else if (!(phase instanceof Phase.Renewing)) {
            dropFlight();
            phase = new Phase.Away();
        }
    }

    /** An answer did not fit: the lane comes to terms with the server anew. */
    private void astray() {
        dropFlight();
        phase = outlet.isStopping() ? new Phase.Away() : new Phase.Pausing();
        if (!outlet.isStopping() && setbacks.strayed("the server's answer does not fit what it was sent")) {
            carryOut(Search.begin(acknowledged, last));
        }
    }

    /** Nothing is in flight any more, whatever the server may still say of it. */
    private List<Phase.Sent> dropFlight() {
        if (!(phase instanceof Phase.Flowing flowing)) {
            return List.of();
        }
        flowing.sent().forEach(sent -> outlet.giveBack(sent.batch().bytes()));
        if (flowing.reading() != null) {
            outlet.giveBack(flowing.reading().reserved());
        }
        phase = Phase.Flowing.idle();
        return flowing.sent();
    }

    /** Whether it has something to read and send now, room for it aside. */
    boolean isDue() {
        return wants() && outlet.now() >= sendableAt();
    }

    private boolean wants() {
        return phase instanceof Phase.Flowing flowing
                && flowing.reading() == null
                && flowing.sent().size() < (opens ? 1 : setbacks.window())
                && burying == 0
                && flowing.end(acknowledged).sequence() < last;
    }

    private long sendableAt() {
        return Math.max(setbacks.notBefore(), outlet.heldUntil());
    }

    /** How much room its next batch needs. */
    long need() {
        return Math.max(need, setbacks.batchBytes());
    }

    /** Whether what it read was not sent, so that it comes before others. */
    boolean isPostponed() {
        return need > 0;
    }

    /** To be called if it {@link #isDue}. */
    void startReading() {
        if (phase instanceof Phase.Flowing flowing) {
            long ask = outlet.nextAsk();
            long from = flowing.end(acknowledged).sequence() + 1;
            phase = new Phase.Flowing(new Phase.Reading(ask, from, last, need()), flowing.sent());
            outlet.take(need());
            outlet.add(new Action.Read(
                    name, ask, from, setbacks.upTo(from), outlet.policy.flight().batchItems(), setbacks.batchBytes()));
        }
    }

    void read(long ask, Batch batch) {
        Phase.Reading reading = phase instanceof Phase.Flowing reader ? reader.reading() : null;
        if (reading == null || reading.ask() != ask || !(phase instanceof Phase.Flowing flowing)) {
            return;
        }
        if (batch.first() != reading.from()) {
            throw new IllegalArgumentException(
                    name + ": from " + batch.first() + " (expected: from " + reading.from() + ", as asked)");
        }
        phase = new Phase.Flowing(null, flowing.sent());
        outlet.giveBack(reading.reserved());
        if (batch.isEmpty()) {
            need = 0;
            // Nothing is there before something more is appended.
            last = last > reading.lastThen() ? last : reading.from() - 1;
            return;
        }
        need = batch.bytes();
        // Meanwhile another lane may have been refused with a floor for all, or taken the room.
        if (outlet.now() < sendableAt() || !outlet.hasRoomFor(batch.bytes())) {
            return;
        }
        need = 0;
        outlet.take(batch.bytes());
        outlet.add(new Action.Send(name, ask, epoch, opens, flowing.end(acknowledged)));
        phase = flowing.with(new Phase.Sent(ask, batch, deadline()));
    }

    private long deadline() {
        return outlet.now() + outlet.policy.answerTimeout().toNanos();
    }

    /** Does what is due. */
    void tick() {
        if (wakeAt() > outlet.now()) {
            return;
        }
        switch (phase) {
            case Phase.Away away -> bury(setbacks.unanswered(head(), "the server cannot be reached"));
            case Phase.Resuming resuming -> {
                phase = new Phase.Pausing();
                setbacks.unanswered(0, "the server did not answer a resume in time");
            }
            case Phase.Pausing pausing -> carryOut(Search.begin(acknowledged, last));
            case Phase.Flowing flowing -> {
                if (!flowing.sent().isEmpty() && flowing.sent().getFirst().deadline() <= outlet.now()) {
                    long record = flowing.sent().getFirst().batch().firstRecord();
                    setbacks.cutShort(dropFlight());
                    phase = new Phase.Pausing();
                    bury(setbacks.unanswered(record, "the server did not answer a batch in time"));
                }
            }
            case Phase.Looking looking -> {}
            case Phase.Renewing renewing -> {}
        }
    }

    /** The record that comes next, as far as that can be known without reading. */
    private long head() {
        return setbacks.failing() != 0 ? setbacks.failing() : Math.max(acknowledged.sequence(), buriedUpTo) + 1;
    }

    /** When {@link #tick}, or another look at whether it is due, makes a difference next. */
    long wakeAt() {
        return switch (phase) {
            case Phase.Away away ->
                outlet.policy.attempts().countUnreachable() && burying == 0 && head() <= last
                        ? Math.max(missedFrom, setbacks.notBefore())
                        : Phase.NEVER;
            case Phase.Resuming resuming -> resuming.deadline();
            case Phase.Pausing pausing -> sendableAt();
            case Phase.Flowing flowing -> {
                // What is due already waits for room, which an answer gives.
                boolean later = wants() && sendableAt() > outlet.now();
                yield later ? Math.min(flowing.deadline(), sendableAt()) : flowing.deadline();
            }
            case Phase.Looking looking -> Phase.NEVER;
            case Phase.Renewing renewing -> Phase.NEVER;
        };
    }
}
